"""Write the reference pages that are generated from the code."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.reference import reference


class Command(BaseCommand):
    help = "Write the generated pages of docs/reference/, or with --check only compare them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when a page is out of date.")

    def handle(self, *, check: bool, **options: object) -> None:
        folder = settings.BASE_DIR / "docs" / "reference"
        stale = {
            name: page
            for name, page in reference().items()
            if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != page
        }
        if check and stale:
            raise CommandError(f"docs/reference is out of date ({', '.join(stale)}): run `manage.py write_reference`.")
        folder.mkdir(parents=True, exist_ok=True)
        for name, page in stale.items():
            (folder / name).write_text(page, encoding="utf-8")
            self.stdout.write(f"wrote docs/reference/{name}")
