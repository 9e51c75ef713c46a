"""What this machine doesn't have."""


class Missing(Exception):
    """Something to stand beside the site can't be had here. The message names it; the measurement goes on without."""
