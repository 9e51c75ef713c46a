"""The configuration of the log, and what the log leaves out."""

from __future__ import annotations

import logging

from server.outages import is_outage, outage

# Django's loggers of invalid requests, one for each kind: an unknown host, too many fields, a broken upload.
REFUSALS = "django.security."
#: Django's logger of error responses.
ANSWERS = "django.request"


def without_traceback(record: logging.LogRecord) -> bool:
    """Remove the traceback of a refused request. Errors of the site keep theirs."""
    if record.name.startswith(REFUSALS):
        record.exc_info = record.exc_text = None
    return True


def once_per_outage(record: logging.LogRecord) -> bool:
    """Let one line pass for each outage of the database: see Note [While the database is away] in server.outages."""
    if getattr(record, "outage", False):
        return outage.begin()
    # The code that answered 503 has already logged the reason.
    is_said = getattr(record, "status_code", None) == 503 or (record.exc_info and is_outage(record.exc_info[1]))
    return not (record.name == ANSWERS and is_said)


#: Django's LOGGING. Refusals are logged without a traceback, which says nothing, and which anybody can cause.
CONFIGURATION = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {
        "refusals": {"()": "django.utils.log.CallbackFilter", "callback": without_traceback},
        "outages": {"()": "django.utils.log.CallbackFilter", "callback": once_per_outage},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals", "outages"]},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}
