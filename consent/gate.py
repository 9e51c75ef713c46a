"""What a visitor's consent opens: the origins that the Content-Security-Policy may name for her."""

from collections.abc import Mapping


class Gate:
    """The services that the live notice names, and what each category of consent opens."""

    def sources_for(self, cookies: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Return CSP directive → origins that these request cookies have opened; nothing without a valid choice."""
        return {}


def current_gate() -> Gate:
    """Return the gate as of the last committed change to notice or services."""
    return Gate()
