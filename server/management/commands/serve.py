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
        "Serves the site in production until it is stopped. A worker that dies or uses too much memory is replaced. "
        "Does not start if another server already listens on the address."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="The address to listen on; 127.0.0.1 by default.")
        parser.add_argument("--port", type=int, default=8000, help="The port to listen on; 8000 by default.")
        parser.add_argument(
            "--workers", type=int, default=WORKERS, help=f"Number of worker processes; {WORKERS} by default."
        )
        parser.add_argument(
            "--threads",
            type=int,
            default=THREADS,
            help=f"Number of threads of each worker; {THREADS} by default. A third of them can be in Django at a "
            "time, a third wait, and a third are reserved for finished pages. Each keeps a connection to the database.",
        )
        parser.add_argument(
            "--worker-memory",
            type=int,
            default=WORKER_MEMORY,
            metavar="MIB",
            help=f"A worker that uses more memory than this is replaced; {WORKER_MEMORY} MiB by default.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        try:
            claim(host, port, folder=settings.DATA_DIR)
        except AddressInUse as error:
            raise CommandError(
                f"Another server already listens on {host}:{port}. Stop it first, or choose another port with --port."
            ) from error
        except OSError as error:
            raise CommandError(f"The site cannot be served on {host}:{port}: {error}.") from error
        numbers = {"workers": options["workers"], "threads": options["threads"]}
        program = command(host, port, **numbers, worker_memory=options["worker_memory"])
        # The limit of requests in Django follows from it: see server.admission.
        env.set_for_successor("SERVER_THREADS", str(options["threads"]))
        # Replaces this process, so that a supervisor of this process supervises the server.
        os.execv(program[0], program)  # noqa: S606  (our own server)
