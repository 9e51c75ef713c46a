"""The states of a visitor's choice that the audit tries, and what each of them allows.

Note [A service alone]
    Visitors may open one service and leave its category closed. They have then accepted what the notice says of that
    service, its recipients and what it stores, and nothing else of the category. Each service is a state of its own,
    reached through the page of preferences. In older notices, services have no short name by which they could be
    chosen. Such services are tried with their category only, and the report says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from siteaudit.declared import Declaration

Step = Literal["accept", "reject", "save", "open", "use", "withdraw", "expire"]


@dataclass(frozen=True, slots=True)
class State:
    """A state: how a visitor reaches it (``steps``), which optional categories it opens (``accepts``), and its name.

    ``service`` is the only one that it opens (``category.slug``), see Note [A service alone]. ``breach`` is the code
    of a finding when something runs that the state doesn't open.
    """

    name: str
    title: str
    steps: tuple[Step, ...] = ()
    accepts: frozenset[str] = frozenset()
    service: str = ""
    breach: str = "before-choice"
    gpc: bool = False
    javascript: bool = True

    def opens(self, category: str, service: str = "") -> bool:
        """Whether it opens a ``service`` (its slug) of an optional category; ``""`` is what belongs to no service."""
        return category in self.accepts or bool(service and self.service == f"{category}.{service}")

    @property
    def opens_nothing(self) -> bool:
        return not self.accepts and not self.service


def states_for(declaration: Declaration) -> list[State]:
    """Return every state that a visitor of this notice can be in; if it asks nothing, only those without a choice."""
    everything = frozenset(category.varname for category in declaration.optional)
    under_gpc = everything - declaration.opted_out
    before = [
        State("untouched", "Before any choice"),
        State("no-javascript", "Before any choice, without JavaScript", javascript=False),
        State("gpc", "Before any choice, with Global Privacy Control", gpc=True),
    ]
    if not declaration.optional:
        return before
    return [
        *before,
        State("rejected", "Everything rejected", ("reject",), breach="despite-refusal"),
        *(
            State(
                f"only-{category.varname}",
                f"Only “{category.name}” accepted"
                + (f" ({', '.join(service.name for service in category.services)})" if category.services else ""),
                ("save",),
                frozenset({category.varname}),
                breach="despite-refusal",
            )
            for category in declaration.optional
        ),
        *(
            State(
                f"service-{service.slug}",
                f"Only “{service.name}” accepted",
                ("open",),
                service=f"{category.varname}.{service.slug}",
                breach="despite-refusal",
            )
            for category in declaration.optional
            for service in category.services
            if service.slug
        ),
        State("accepted", "Everything accepted", ("accept",), everything, breach="despite-refusal"),
        *(
            # If Global Privacy Control refuses every category, the site asks nothing.
            [
                State(
                    "gpc-accepted",
                    "Everything accepted, with Global Privacy Control",
                    ("accept",),
                    under_gpc,
                    breach="despite-opt-out",
                    gpc=True,
                )
            ]
            if under_gpc
            else []
        ),
        State("withdrawn", "Accepted, then withdrawn", ("accept", "use", "withdraw"), breach="after-withdrawal"),
        State("expired", "Accepted, then expired", ("accept", "use", "expire"), breach="after-expiry"),
    ]
