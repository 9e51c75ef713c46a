"""The operators' admin: registry and services as a working copy, notices as published, records as written."""

from consent.admin import (
    audits,
    checks,
    events,
    ledger,
    notices,
    records,
    registry,
    services,
    statistics,
    texts,
    violations,
)

__all__ = [
    "audits",
    "checks",
    "events",
    "ledger",
    "notices",
    "records",
    "registry",
    "services",
    "statistics",
    "texts",
    "violations",
]
