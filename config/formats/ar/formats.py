"""Dates in Arabic, without a comma before the year."""

DATE_FORMAT = "j F Y"
