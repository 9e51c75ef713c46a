"""The page store: finished public pages, served ahead of Django until something they show changes."""


def expire() -> None:
    """Make every stored page stale. Called after the commit that changed what public pages show."""
