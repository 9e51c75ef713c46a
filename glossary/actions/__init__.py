"""Every change of the glossary's data, one function per verb that an editor would say.

All are keyword-only, atomic, and raise the exceptions named here, whose messages are fit to be shown.
"""

from glossary.actions.publishing import NotPublishable, NotPublished, publish_term, publish_terms, retire_term
from glossary.actions.saving import (
    DocumentsRefused,
    Saved,
    StaleRevision,
    check_documents,
    document_of,
    documents_of,
    rename_tag,
    save_term,
    save_terms,
)

__all__ = [
    "DocumentsRefused",
    "NotPublishable",
    "NotPublished",
    "Saved",
    "StaleRevision",
    "check_documents",
    "document_of",
    "documents_of",
    "publish_term",
    "publish_terms",
    "rename_tag",
    "retire_term",
    "save_term",
    "save_terms",
]
