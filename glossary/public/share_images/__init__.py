"""The share image of a page: PNG, 1200 × 630, named by a hash of what it shows.

A picture is drawn once, when somebody first asks for it, and kept in a folder. Its name is a hash of its words and of
how it is drawn, so that it can be kept for ever wherever it goes, and nobody can ask for a picture that no page has.
"""

from glossary.public.share_images.drawing import HEIGHT, WIDTH, draw, is_drawable
from glossary.public.share_images.keeping import Card, card_of, kept, site_card

__all__ = ["HEIGHT", "WIDTH", "Card", "card_of", "draw", "is_drawable", "kept", "site_card"]
