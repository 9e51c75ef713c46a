"""The operators' desk: the registry and services as a working copy, notices as published, records as written."""

from consent.admin import events, ledger, notices, records, registry, services, statistics, texts

__all__ = ["events", "ledger", "notices", "records", "registry", "services", "statistics", "texts"]
