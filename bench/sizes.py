"""How much a visitor's browser loads before it can ask for consent: ours as served, others as their packages have it.

``python -m bench.sizes`` prints the table and writes it into docs/benchmarks.md. Files are compressed one by one, as
servers do, and the same way for everybody: as WhiteNoise does ahead of time, Brotli at 11 and gzip at 9.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from whitenoise.compress import Compressor

from bench.report import write
from tests.packages import Package, PackageMissing

ROOT = Path(__file__).resolve().parents[1]
OURS = ("consent/consent.js", "consent/consent.css")
# What only some pages load besides.
EXTRAS = {
    "With a service of Google's, also": "consent/consent-mode.js",
    "On pages with an embed, also": "consent/embed.css",
    "Once a browser keeps anything, also": "consent/kept.js",
}
# What each one's own documentation has a page load, in the smallest build that shows a banner with its styles.
OTHERS = (
    (
        Package(
            "vanilla-cookieconsent",
            "3.1.0",
            "/McNRtm/3IXzb9dhqMIcbquoU45SzbN2VB+To4jxEPqMmp7uVniP6BhGLjU8MC7ZCDsNQVOp27fhQTM/ruIXAA==",
        ),
        ("dist/cookieconsent.umd.js", "dist/cookieconsent.css"),
    ),
    (
        Package(
            "klaro",
            "0.7.22",
            "NkaFxS4S8160/zH1UQzCSYIIsAtwIDHIkJ7xofCrgRqk14OSY+OJuwCjYyW+q5fmIeF4RvsuBH6brPe2BS9Z0A==",
        ),
        ("dist/klaro-no-css.js", "dist/klaro.min.css"),
    ),
    (
        Package(
            "tarteaucitronjs",
            "1.34.0",
            "PEzKEjOLC06zCWSZB1RuQkSlzbDYXSKohv0XD7BMjgfE/M+LhiWLTdNAj47VW9xcVsuQCSvLpR/gqkripHaU6g==",
        ),
        (
            "tarteaucitron.min.js",
            "css/tarteaucitron.min.css",
            "lang/tarteaucitron.en.min.js",
            "tarteaucitron.services.min.js",
        ),
    ),
)


def served() -> dict[str, bytes]:
    """Return our files as production serves them, before compression, by their names in the project."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = os.environ | {
            "DATA_DIR": folder,
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "CONSENT_SIGNING_KEY": secrets.token_urlsafe(48),
            "ALLOWED_HOSTS": "127.0.0.1",
            "SITE_URL": "http://127.0.0.1",
            "PYTHONWARNINGS": "ignore",
        }
        subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "-v", "0", "--noinput"],
            cwd=ROOT,
            env=environment,
            check=True,
        )
        static = Path(folder) / "static"
        wanted = (*OURS, *EXTRAS.values())
        manifest = json.loads((static / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
        return {name: (static / manifest[name]).read_bytes() for name in wanted if name in manifest}


def sizes(files: list[bytes]) -> tuple[int, int]:
    """Return how many bytes the files are together, by Brotli and by gzip."""
    brotli = sum(len(Compressor.compress_brotli(file)) for file in files)
    return brotli, sum(len(Compressor.compress_gzip(file)) for file in files)


def main() -> None:
    files = served()
    ours = sizes([files[name] for name in OURS])
    lines = [
        "| Client | Brotli, bytes | gzip, bytes | Beside ours |",
        "| --- | ---: | ---: | ---: |",
        f"| Ours: {names(OURS)} | {ours[0]:,} | {ours[1]:,} | 1 |",
    ]
    for when, name in EXTRAS.items():
        if name in files:
            brotli, gzip = sizes([files[name]])
            lines.append(f"| {when} {names((name,))} | {brotli:,} | {gzip:,} | |")
    missing = False
    for package, paths in OTHERS:
        try:
            brotli, gzip = sizes([package.read(path) for path in paths])
        except PackageMissing as reason:
            sys.stdout.write(f"Left out: {reason}.\n")
            missing = True
            continue
        lines.append(
            f"| {package.name} {package.version}: {names(paths)} | {brotli:,} | {gzip:,} | {brotli / ours[0]:.1f} |"
        )
    table = "".join(f"{line}\n" for line in lines)
    sys.stdout.write(table)
    if not missing:  # half a table takes no whole one's place
        write("Sizes", table)


def names(paths: tuple[str, ...]) -> str:
    return ", ".join(f"`{Path(path).name}`" for path in paths)


if __name__ == "__main__":
    main()
