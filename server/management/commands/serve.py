from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import env
from server.starting import THREADS, WORKER_MEMORY, WORKERS, AddressInUse, claim, command


class Command(BaseCommand):
    help = (
        "Serves the site in production, until it is stopped. A worker that dies or takes too much memory is replaced. "
        "Refuses to start where another server listens on the address already."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="The address to listen on; 127.0.0.1.")
        parser.add_argument("--port", type=int, default=8000, help="The port to listen on; 8000.")
        parser.add_argument("--workers", type=int, default=WORKERS, help=f"How many processes answer; {WORKERS}.")
        parser.add_argument(
            "--threads",
            type=int,
            default=THREADS,
            help=f"How many threads each of them has; {THREADS}. One is left for finished pages, half of the others "
            "may be with Django at a time, and half wait. Each keeps a connection to the database.",
        )
        parser.add_argument(
            "--worker-memory",
            type=int,
            default=WORKER_MEMORY,
            metavar="MIB",
            help=f"A worker that takes more memory than this is replaced; {WORKER_MEMORY} MiB.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        try:
            claim(host, port, folder=settings.DATA_DIR)
        except AddressInUse as error:
            raise CommandError(
                f"Another server listens on {host}:{port}, and two would share its requests. Stop that one first, or "
                "choose another port with --port."
            ) from error
        except OSError as error:
            raise CommandError(f"The site cannot be served on {host}:{port}: {error}.") from error
        numbers = {"workers": options["workers"], "threads": options["threads"]}
        program = command(host, port, **numbers, worker_memory=options["worker_memory"])
        # What each worker hands to Django follows from it: see server.admission.
        env.hand_on("SERVER_THREADS", str(options["threads"]))
        # Takes the place of this process, so that whatever supervises it supervises the server.
        os.execv(program[0], program)  # noqa: S606  (our own server)
