"""Dates in Arabic, where no comma stands before the year."""

DATE_FORMAT = "j F Y"
