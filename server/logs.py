"""What the log says, and what it leaves out."""

from __future__ import annotations

import logging

from server.outages import is_outage, outage

# Django's loggers of what a client sent wrong, one for each kind: a foreign Host, too many fields, a broken upload.
REFUSALS = "django.security."
#: Django's logger of answers that are errors.
ANSWERS = "django.request"


def without_traceback(record: logging.LogRecord) -> bool:
    """Leave the traceback out where a request was refused for what its client sent. Faults of ours keep theirs."""
    if record.name.startswith(REFUSALS):
        record.exc_info = record.exc_text = None
    return True


def once_per_outage(record: logging.LogRecord) -> bool:
    """Let one line through for an outage of the database: see Note [While the database is away] in server.outages."""
    if getattr(record, "outage", False):
        return outage.begin()
    # What was answered with 503 was said by who found the reason.
    is_said = getattr(record, "status_code", None) == 503 or (record.exc_info and is_outage(record.exc_info[1]))
    return not (record.name == ANSWERS and is_said)
