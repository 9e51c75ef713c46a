"""A process that has loaded Django, and forks servers and management commands from it.

Starting Python and Django takes more than a second of CPU and a fork some milliseconds, which decides how long the
browser tests take: they start a hundred servers, and run several hundred commands. What is forked runs as it would by
itself, the production server with its two workers, or ``manage.py`` with its arguments, but that passwords are hashed
quickly.

A :class:`Launcher` is the side of the test; run as a program, this module is the process.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from server.starting import arguments
from tests.folders import ROOT


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    status: int
    output: str
    errors: str


class Launcher:
    """Starts servers and runs commands in one environment. Everything that it started ends with it."""

    def __init__(self, environment: dict[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.launcher", str(theirs.fileno())],
                cwd=ROOT,
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._socket = ours
        self._answers = ours.makefile("r", encoding="utf-8")

    def run(self, *arguments: str, stdin: str = "") -> Done:
        """Run ``manage.py`` with these arguments, and wait for its end."""
        return Done(**self._ask(command=arguments, stdin=stdin))

    def execute(self, code: str) -> Done:
        """Run Python with the names that ``manage.py shell`` gives it, and wait for its end."""
        return Done(**self._ask(code=code))

    def serve(self, host: str, port: int, *, log: Path) -> int:
        """Start the server, which writes to ``log``. Return its process id, which is that of its group too."""
        pid: int = self._ask(serve=arguments(host, port), log=str(log))
        return pid

    def is_running(self, pid: int) -> bool:
        running: bool = self._ask(is_running=pid)
        return running

    def end(self, pid: int, *, at_once: bool = False) -> None:
        """Stop a server and wait until it has ended; ``at_once`` as a power cut would, without a warning."""
        self._ask(end=pid, at_once=at_once)

    def close(self) -> None:
        self._answers.close()
        self._socket.close()
        self._process.wait(timeout=60)

    def _ask(self, **question: Any) -> Any:
        try:
            self._socket.sendall(json.dumps(question).encode() + b"\n")
            line = self._answers.readline()
        except BaseException:  # a test that took too long: its answer must not be taken for the next one's
            self._process.terminate()
            raise
        assert line, f"the launcher ended while it was asked for {question}"
        return json.loads(line)


class _Forked(BaseException):
    """Leaves the loop of the launcher in a process that was forked from it. ``run`` is what it is there for."""

    def __init__(self, program: str, arguments: list[str]) -> None:
        self.program, self.arguments = program, arguments


def _fork(program: str, arguments: list[str], *, stdin: int, stdout: int, stderr: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    for number, file in enumerate((stdin, stdout, stderr)):
        os.dup2(file, number)
    raise _Forked(program, arguments)


class _Loop:
    """Answers what the test's side asks, one question after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.servers: dict[int, int | None] = {}  # process id → its status, once it has ended

    def answer_all(self) -> None:
        with self.connection.makefile("r", encoding="utf-8") as questions:
            try:
                for line in questions:
                    self.connection.sendall(json.dumps(self.answer(json.loads(line))).encode() + b"\n")
            except _Forked:
                self.servers.clear()
                raise
            finally:
                for pid in self.servers:
                    self.end(pid, at_once=True)

    def answer(self, question: dict[str, Any]) -> Any:
        if "command" in question:
            return self.run("manage.py", question["command"], question["stdin"])
        if "code" in question:
            return self.run("python", [question["code"]])
        if "serve" in question:
            with Path(question["log"]).open("ab") as log, Path(os.devnull).open("rb") as nothing:
                pid = _fork(
                    "granian", question["serve"], stdin=nothing.fileno(), stdout=log.fileno(), stderr=log.fileno()
                )
            self.servers[pid] = None
            return pid
        if "end" in question:
            return self.end(question["end"], at_once=question["at_once"])
        return self.is_running(question["is_running"])

    def run(self, program: str, arguments: list[str], stdin: str = "") -> dict[str, Any]:
        with (
            tempfile.TemporaryFile("w+") as given,
            tempfile.TemporaryFile("w+") as out,
            tempfile.TemporaryFile("w+") as err,
        ):
            given.write(stdin)
            given.seek(0)
            pid = _fork(program, arguments, stdin=given.fileno(), stdout=out.fileno(), stderr=err.fileno())
            try:
                _, status = os.waitpid(pid, 0)
            except SystemExit:
                os.killpg(pid, signal.SIGKILL)
                raise
            out.seek(0)
            err.seek(0)
            return {"status": os.waitstatus_to_exitcode(status), "output": out.read(), "errors": err.read()}

    def is_running(self, pid: int) -> bool:
        if self.servers[pid] is None:
            ended, status = os.waitpid(pid, os.WNOHANG)
            self.servers[pid] = status if ended else None
        return self.servers[pid] is None

    def end(self, pid: int, *, at_once: bool) -> None:
        # Its workers are in its group, and go with it.
        with contextlib.suppress(ProcessLookupError):
            if at_once:
                os.killpg(pid, signal.SIGKILL)
            else:
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while self.is_running(pid):
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            time.sleep(0.01)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _run(program: str, arguments: list[str]) -> NoReturn:
    """Do what a forked process is there for, as its program does when it is started by itself."""
    sys.argv = [program, *arguments]
    if program == "python":
        _execute(arguments[0])
    elif program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__")
    sys.exit()


def _execute(code: str) -> NoReturn:
    """Run Python as ``manage.py shell`` does, and leave without taking apart what was loaded, which costs as much as
    most code does.
    """
    from django.core.management.commands.shell import Command
    from django.db import connections

    exec(code, Command().get_namespace(verbosity=0))  # noqa: S102  (what a test is written to do)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    connections.close_all()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    import granian.cli  # noqa: F401  (loaded for the processes that are forked)
    from django.conf import settings
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    django.setup()
    # Half a second for every person that is made and signs in is of no use here.
    PBKDF2PasswordHasher.iterations = 1_000
    import_module(settings.ROOT_URLCONF)
    # What is loaded is shared with the processes to come. Without this, each would copy all of it when it ends, to take
    # it apart, which costs twenty times of what most commands do.
    gc.freeze()
    # Told to stop, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        try:
            _Loop(connection).answer_all()
        except _Forked as forked:
            job = forked
        else:
            return
    _run(job.program, job.arguments)


if __name__ == "__main__":
    _main()
