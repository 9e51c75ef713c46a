from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Static files with hashed names, compressed ahead of time."""

    support_js_module_import_aggregation = True
