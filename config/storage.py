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

# Scripts and styles of public pages, which explain themselves at length, go without comments and blanks. By folder, as
# what stands further down is the desk's.
PUBLIC = ("", "consent", "glossary", "personal")
MINIFIERS = {".js": jsmin, ".css": cssmin}
# Stylesheets that only import others, each of which a browser would have to fetch after the first one.
BUNDLES = ("css/site.css", "css/browse.css")
_IMPORT = re.compile(r"""^@import url\(["']?([^"')]+)["']?\) layer\(([\w.-]+)\);$""", re.MULTILINE)


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Static files with hashed names and compressed copies, :data:`BUNDLES` with their imports in place."""

    support_js_module_import_aggregation = True

    def post_process(
        self, paths: dict[str, tuple[Storage, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool | Exception]]:
        bundled = InMemoryStorage()
        paths = dict(paths)
        for name in BUNDLES:
            if name in paths and not dry_run:
                # Minified too: what a page shows first waits for it.
                bundled.save(name, ContentFile(cssmin(bundle(name, paths)).encode()))
                paths[name] = (bundled, name)
        for name in paths:
            folder, extension = posixpath.dirname(name), posixpath.splitext(name)[1]
            if folder in PUBLIC and (minify := MINIFIERS.get(extension)) and not dry_run:
                bundled.save(name, ContentFile(minify(_read(paths, name)).encode()))
                paths[name] = (bundled, name)
        yield from super().post_process(paths, dry_run, **options)


def bundle(name: str, paths: dict[str, tuple[Storage, str]]) -> str:
    """Return the stylesheet ``name`` with the text of each ``@import url("…") layer(…);`` in place of the line.

    Imported files stand in the same folder, so that what they name by ``url()`` stays right. Raises
    ``ImproperlyConfigured`` for an import that is missing, lies elsewhere, or is written another way.
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

    text = _IMPORT.sub(imported, _read(paths, name))
    if "@import" in text:
        raise ImproperlyConfigured(f'{name} has an import that is not written @import url("file.css") layer(name);')
    return text


def _read(paths: dict[str, tuple[Storage, str]], name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        content: bytes = file.read()
    return content.decode()
