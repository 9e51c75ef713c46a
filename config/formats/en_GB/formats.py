"""Dates in British English with the month in full, which Django would abbreviate."""

DATE_FORMAT = "j F Y"
