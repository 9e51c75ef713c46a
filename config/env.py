"""Read environment variables, each with its description.

Each variable is read once, in ``config.settings``, by a call that also says what it is for. The calls fill
:data:`VARIABLES`, from which ``docs/reference/settings.md`` is generated (``manage.py write_reference``).

Note [No library for settings]: environs keeps no descriptions from which a page could be generated; goodconf does, and
brings pydantic with it. ``DATABASE_URL``, whose grammar is the difficult part, is read by dj-database-url.
"""

import os
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable, as the reference shows it.

    ``default`` says in words what is used if the variable is unset, and ``required`` when it must be set.
    """

    name: str
    kind: str
    default: str
    description: str
    required: str = ""


VARIABLES: dict[str, Variable] = {}


def _read(variable: Variable) -> str | None:
    VARIABLES[variable.name] = variable
    value = os.environ.get(variable.name)
    return value.strip() if value is not None else None


def text(name: str, *, default: str, description: str, shown_default: str | None = None, required: str = "") -> str:
    """Return the variable's text, or ``default`` when it is unset or blank."""
    shown = shown_default if shown_default is not None else default
    return _read(Variable(name, "text", shown, description, required)) or default


def flag(name: str, *, default: bool, description: str, shown_default: str | None = None) -> bool:
    """Return the variable as a boolean.

    Raises ``ImproperlyConfigured`` for a word that is neither true nor false, so that a typing error in ``DEBUG``
    never counts as "on".
    """
    shown = shown_default if shown_default is not None else str(int(default))
    value = _read(Variable(name, "1 or 0", shown, description))
    if value is None:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither true nor false. Set it to 1 or 0.")


def number(
    name: str, *, default: int, least: int, most: int, description: str, shown_default: str | None = None
) -> int:
    """Return the variable as a whole number.

    Raises ``ImproperlyConfigured`` for anything but digits, and for a number outside of ``least`` to ``most``.
    """
    value = _read(Variable(name, f"a number from {least} to {most}", shown_default or str(default), description))
    if not value:
        return default
    if value.isascii() and value.isdigit() and least <= int(value[:9]) <= most:
        return int(value)
    raise ImproperlyConfigured(f"{name}={value!r} is not a number from {least} to {most}.")


def words(
    name: str, *, default: tuple[str, ...], description: str, shown_default: str | None = None, required: str = ""
) -> list[str]:
    """Return a comma-separated variable as a list without blanks."""
    shown = shown_default if shown_default is not None else ", ".join(default)
    value = _read(Variable(name, "list, separated by commas", shown, description, required))
    if value is None:
        return list(default)
    return [word for word in (part.strip() for part in value.split(",")) if word]


def refuse_to_start(problems: list[str]) -> None:
    """Raise ``ImproperlyConfigured`` naming every problem at once, or return when there is none."""
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise ImproperlyConfigured(
            f"The site cannot start in production with these settings:\n{lines}\nSet these variables in the "
            "environment (docs/reference/settings.md), or DEBUG=1 for development."
        )


def set_for_successor(name: str, value: str) -> None:
    """Set a variable for the program that replaces this process."""
    os.environ[name] = value
