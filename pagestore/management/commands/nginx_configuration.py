from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from pagestore.application import folder
from pagestore.nginx import configuration


class Command(BaseCommand):
    help = (
        "Prints a configuration with which nginx serves finished pages itself (PAGE_FILES) and passes other requests "
        "to the application."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--application", default="127.0.0.1:8000", metavar="HOST:PORT", help="Where the application listens."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.PAGE_FILES:
            self.stderr.write("PAGE_FILES is off, so nginx finds no pages and passes every request to the application.")
        self.stdout.write(configuration(application=options["application"], folder=folder()), ending="")
