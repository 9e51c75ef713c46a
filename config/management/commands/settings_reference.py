"""Write ``docs/reference/settings.md`` from the descriptions in ``config/settings.py``."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.env import VARIABLES

REFERENCE = Path("docs/reference/settings.md")

INTRODUCTION = """\
# Settings

Everything that differs between places is an environment variable. This page is generated from `config/settings.py` by
`manage.py settings_reference`; a test fails when it is out of date.

In production (`DEBUG` off) the site refuses to start while a required variable is missing or still a default, and
names it.
"""


def settings_reference() -> str:
    """Return the page as Markdown."""
    parts = [INTRODUCTION]
    for variable in sorted(VARIABLES.values(), key=lambda variable: variable.name):
        facts = [f"- **Form:** {variable.kind}", f"- **Default:** {variable.default or 'none'}"]
        if variable.required:
            facts.append(f"- **Required:** {variable.required}")
        parts.append(f"## `{variable.name}`\n\n{variable.description}\n\n" + "\n".join(facts) + "\n")
    return "\n".join(parts)


class Command(BaseCommand):
    help = "Write the reference of environment variables, or with --check only compare it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when the page is out of date.")

    def handle(self, *, check: bool, **options: object) -> None:
        path = settings.BASE_DIR / REFERENCE
        wanted = settings_reference()
        if path.is_file() and path.read_text(encoding="utf-8") == wanted:
            return
        if check:
            raise CommandError(f"{REFERENCE} is out of date: run `manage.py settings_reference`.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted, encoding="utf-8")
        self.stdout.write(f"wrote {REFERENCE}")
