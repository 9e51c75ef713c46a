"""Dates in British English with the month in full, which Django would abbreviate, and times by 24 hours."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j M Y, H:i"
TIME_FORMAT = "H:i"
