"""Search: one box for names, their other spellings, and the words of texts. In the database, on either of them.

``words`` cuts and folds text, ``indexing`` says what the index holds of a term, ``questions`` reads what was typed,
``candidates`` asks the index, ``ranking`` orders what it found, ``excerpts`` shows why it was found, and
``corrections`` guesses what was meant. ``finding`` puts them together.
"""

from glossary.search.candidates import entries_with_phrase, texts_with_traces_of
from glossary.search.finding import Facet, Hit, Results, Suggestion, search, suggest
from glossary.search.questions import MAX_QUERY

__all__ = [
    "MAX_QUERY",
    "Facet",
    "Hit",
    "Results",
    "Suggestion",
    "entries_with_phrase",
    "search",
    "suggest",
    "texts_with_traces_of",
]
