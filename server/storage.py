"""Static files as production serves them: one stylesheet, hashed names, compressed ahead of time."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Folders of scripts and styles of public pages, which are sent without comments and blanks. Their subfolders belong to
# the admin.
PUBLIC = ("", "consent", "glossary", "personal")
MINIFIERS = {".js": jsmin, ".css": cssmin}
# Files that only import others, which a browser would have to request one after the other.
STYLES = ("css/site.css", "css/browse.css")
SCRIPTS = ("site.js", "glossary/entry.js")
_STYLE = re.compile(r"""^@import url\(["']?([^"')]+)["']?\) layer\(([\w.-]+)\);$""", re.MULTILINE)
_SCRIPT = re.compile(r"""^import "\./([^"]+)";$""", re.MULTILINE)
_OWN_IMPORT = re.compile(r"^(import\b\s*[^(\s]|export\b)", re.MULTILINE)


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Static files with hashed names and compressed copies; :data:`STYLES` and :data:`SCRIPTS` with their imports."""

    support_js_module_import_aggregation = True

    def post_process(
        self, paths: dict[str, tuple[Storage, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool | Exception]]:
        if not dry_run:
            sources, minified = paths, InMemoryStorage()
            paths = dict(paths)
            for name in sources:
                folder, extension = posixpath.dirname(name), posixpath.splitext(name)[1]
                if name in STYLES:
                    text = bundle_styles(name, sources)
                elif name in SCRIPTS:
                    text = bundle_scripts(name, sources)
                elif folder in PUBLIC and extension in MINIFIERS:
                    text = _read(sources, name)
                else:
                    continue
                minify = MINIFIERS[extension]
                minified.save(name, ContentFile(minify(text).encode()))
                paths[name] = (minified, name)
        yield from super().post_process(paths, dry_run, **options)

    def compress_files(self, paths: set[str]) -> Iterator[tuple[str, str]]:
        """Compress the files that have a hash in their names: pages name no others, and each has one that hasn't."""
        yield from super().compress_files(paths & set(self.hashed_files.values()))


def bundle_styles(name: str, paths: dict[str, tuple[Storage, str]]) -> str:
    """Return the stylesheet ``name`` with the text of each ``@import url("…") layer(…);`` in place of the line.

    Imported files are in the same folder, so that their ``url()`` remain right. Raises ``ImproperlyConfigured`` for an
    import that is missing, in another folder, or written in another way.
    """

    def imported(match: re.Match[str]) -> str:
        file, layer = match.groups()
        path = posixpath.join(posixpath.dirname(name), file)
        if "/" in file or path not in paths:
            raise ImproperlyConfigured(f"{name} imports {file!r}, which is not a file beside it.")
        text = _read(paths, path)
        if "@import" in text:
            raise ImproperlyConfigured(f"{path} imports another file: import it in {name} instead.")
        return f"@layer {layer} {{\n{text.strip()}\n}}"

    text = _STYLE.sub(imported, _read(paths, name))
    if "@import" in text:
        raise ImproperlyConfigured(f'{name} has an import that is not written @import url("file.css") layer(name);')
    return text


def bundle_scripts(name: str, paths: dict[str, tuple[Storage, str]]) -> str:
    """Return the module ``name`` with the text of each ``import "./…";`` in place of the line.

    Each becomes a block, so that their names don't clash. Raises ``ImproperlyConfigured`` for an import that is missing
    or written in another way, and for an imported module that imports or exports, or that calls ``import()`` and is in
    another folder than the bundle, from which its addresses would be resolved.
    """

    def imported(match: re.Match[str]) -> str:
        file = match[1]
        path = posixpath.join(posixpath.dirname(name), file)
        if path not in paths:
            raise ImproperlyConfigured(f"{name} imports {file!r}, which does not exist.")
        text = _read(paths, path)
        if _OWN_IMPORT.search(text) or ("/" in file and "import(" in text):
            raise ImproperlyConfigured(
                f"{path} imports, exports or fetches from its own folder: {name} can't carry it."
            )
        return f"{{\n{text.strip()}\n}}"

    text = _SCRIPT.sub(imported, _read(paths, name))
    if _OWN_IMPORT.search(text):
        raise ImproperlyConfigured(f'{name} has an import that is not written import "./file.js";')
    return text


def _read(paths: dict[str, tuple[Storage, str]], name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        content: bytes = file.read()
    return content.decode()
