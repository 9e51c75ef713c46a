"""What a run was made on: enough to judge its figures by, and nothing that says whose machine it is."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from bench.beside import nginx, wagtail
from bench.beside.missing import Missing
from bench.data import Databases
from bench.load import generator

PACKAGES = ("Django", "granian", "psycopg", "brotli")


def described(databases: Databases) -> str:
    """Return machine and versions in two sentences."""
    try:
        beside = f"nginx {nginx.version()}"
    except Missing:
        beside = "no nginx"
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({_cpu()}), {_memory()} GB of memory, "
        f"{platform.system()}; other work at the beginning took {os.getloadavg()[0]:.1f} cores. "
        f"Python {platform.python_version()}, {versions}, {databases.kind} {databases.version()}, {beside}, "
        f"Wagtail {wagtail.VERSION}, load by {generator()}."
    )


def _cpu() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1].strip() if found else platform.machine()


def _memory() -> int:
    found = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    return round(int(found[1]) / 1024**2) if found else 0
