"""The data of consent: notices as they were shown, choices as they were made, and the services that they open.

Categories and declared cookies are django-cookie-consent's ``CookieGroup`` and ``Cookie``: the operators' working copy.
Visitors are bound by the live :class:`Notice` only.
"""

from consent.models.bases import AppendOnly, name_of
from consent.models.notices import Edition, Notice
from consent.models.records import ConsentRecord
from consent.models.registry import CookieLifetime
from consent.models.services import Service, origin_of

__all__ = [
    "AppendOnly",
    "ConsentRecord",
    "CookieLifetime",
    "Edition",
    "Notice",
    "Service",
    "name_of",
    "origin_of",
]
