from typing import Any

from django.contrib import admin
from django.http import HttpRequest

# What the sections of the front page are called, and which app's models stand in which other app's section.
SECTIONS = {"auth": "People"}
MOVED = {"taggit": "glossary"}
# What is only read stands below what is worked with.
LOGS = {"Event"}


class AdminSite(admin.AdminSite):
    """The stock admin with the project's names, and sections as its people think of them."""

    site_header = "Clinical Glossary"
    site_title = "Clinical Glossary"
    index_title = "Editing desk"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        sections: dict[str, Any] = {}
        for app in super().get_app_list(request, app_label):
            label = app["app_label"]
            app["name"] = SECTIONS.get(label, app["name"])
            sections[label] = app
        for guest, host in MOVED.items():
            if guest in sections and host in sections:
                sections[host]["models"] += sections.pop(guest)["models"]
                sections[host]["models"].sort(key=lambda model: model["object_name"] in LOGS)
        return list(sections.values())
