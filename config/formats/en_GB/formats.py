"""Dates as readers in Britain write them out. Django abbreviates the month."""

DATE_FORMAT = "j F Y"
