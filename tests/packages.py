"""Packages of npm that tests and benchmarks look at: what visitors and other sites use, each at a pinned version.

Nothing of them is kept in the project. npm fetches the archive (and keeps it in its own cache), its bytes must have the
pinned hash, and single files are read out of it; nothing is installed and no script of a package runs on this machine.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path


class PackageMissing(Exception):
    """The package can't be had on this machine. The message says why, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package at one version. ``sha512`` is what npm calls its integrity, in base64."""

    name: str
    version: str
    sha512: str

    def read(self, path: str) -> bytes:
        """Return a file of the package, by its path in it. Raises :class:`PackageMissing`."""
        with tarfile.open(fileobj=io.BytesIO(_archive(self))) as archive:
            file = archive.extractfile(f"package/{path}")
            assert file, f"{path} in {self.name} is no file"
            return file.read()


AUTOCONSENT = Package(
    "@duckduckgo/autoconsent",
    "16.23.0",
    "NTmDhASFf5pUsSwg2TyT9R75GYUcuYZXPyBnRcYgJgozg6RLeXXP9uH8ADxA364yQ2gJBMu83AN/D24Y4nkPKg==",
)
# The Nu HTML checker, which is what validator.nu and the W3C run.
NU = Package(
    "vnu-jar",
    "26.9.27",
    "TkQd5DFfOaWC9ebtvozTsrH2Vaod3jYg+vrOeREzIXxBexLz9+rS2DNtjn7+RPUiZhgli0SghgBX6RJRNea0KA==",
)


@functools.cache
def _archive(package: Package) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise PackageMissing(f"{package.name} is fetched with npm: install npm")
    with tempfile.TemporaryDirectory(prefix="npm-") as folder:
        try:
            subprocess.run(
                [npm, "pack", f"{package.name}@{package.version}", "--pack-destination", folder]
                + ["--ignore-scripts", "--prefer-offline", "--fetch-retries=1", "--fetch-timeout=20000"],
                cwd=folder,
                capture_output=True,
                timeout=90,
                check=True,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise PackageMissing(
                f"npm can't fetch {package.name} {package.version}: look at what `npm ping` says"
            ) from error
        (archive,) = Path(folder).glob("*.tgz")
        content = archive.read_bytes()
    found = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != package.sha512:
        raise ValueError(f"{package.name} {package.version} has the hash {found}, and not {package.sha512}")
    return content


if __name__ == "__main__":  # for `make test`, which says what it left out
    for needed in (AUTOCONSENT, NU):
        try:
            _archive(needed)
        except PackageMissing as missing:
            sys.stdout.write(f" tests with packages of npm ({missing});")
            break
    if shutil.which("java") is None:
        sys.stdout.write(" the HTML checker (install Java, for example: apt install default-jre-headless);")
