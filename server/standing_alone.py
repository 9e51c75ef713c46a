"""Render pages that need only their template: no database, and no file that may be missing."""

from __future__ import annotations

import contextlib

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import get_language

from config.languages import prefixes


def render_alone(template: str, request: HttpRequest) -> str:
    """Return a page in the site's style that can be rendered even if other parts of the site fail."""
    stylesheets: list[str] = []
    # A missing manifest entry may be the very error that is being reported.
    with contextlib.suppress(ValueError):
        stylesheets = [static("css/site.css"), static("css/browse.css")]
    home = f"/{language}/" if (language := get_language()) in prefixes() else "/"
    if request.path_info.startswith("/admin/"):
        home = "/admin/"
    return render_to_string(template, {"stylesheets": stylesheets, "home": home})
