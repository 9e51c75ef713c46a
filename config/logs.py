"""What the log says, and what it leaves out."""

from __future__ import annotations

import logging

# Django's loggers of what a client sent wrong, one for each kind: a foreign Host, too many fields, a broken upload.
REFUSALS = "django.security."


def without_traceback(record: logging.LogRecord) -> bool:
    """Leave the traceback out where a request was refused for what its client sent. Faults of ours keep theirs."""
    if record.name.startswith(REFUSALS):
        record.exc_info = record.exc_text = None
    return True
