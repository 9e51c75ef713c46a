"""The operators' desk: the registry and services as a working copy, notices as published, records as written."""

from consent.admin import notices, records, registry, services

__all__ = ["notices", "records", "registry", "services"]
