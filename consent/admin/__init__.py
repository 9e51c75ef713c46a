"""The operators' desk: the registry and services as a working copy, notices as published, records as written."""

from consent.admin import audits, events, ledger, notices, records, registry, services, statistics, texts, violations

__all__ = [
    "audits",
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
