"""The banner, as visitors meet it in a browser, and a third party that waits for their consent."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from tests.sites import Site

BANNER = "[data-consent-banner]"


STORED = "/glossary/"  # a page that the page store answers, and not Django


RECEIPT = "/consent/receipt/"


# What the tracker's two scripts do: leave a mark in the page, and report home.
SCRIPTS = {
    name: f"document.documentElement.dataset.{name} = 'ran';"
    f"fetch(new URL('/beacon/{name}', document.currentScript.src));"
    for name in ("analytics", "marketing")
}


@dataclass
class Tracker:
    """A third party on another host name of this machine. It remembers what was asked of it."""

    port: int
    asked: list[str]

    def url(self, name: str) -> str:
        """Return where a script is. Each has an origin of its own, as policies tell origins apart and not scripts."""
        host = {"analytics": "localhost", "marketing": "127.0.0.1"}[name]
        return f"http://{host}:{self.port}/{name}.js"

    def integrity(self, name: str) -> str:
        return "sha384-" + base64.b64encode(hashlib.sha384(SCRIPTS[name].encode()).digest()).decode()

    def forget(self) -> None:
        self.asked.clear()


def publish_services(site: Site, *services: dict[str, Any]) -> None:
    """Have an operator announce services, publish a notice that names them, and switch them on.

    Each is the fields of its form; ``category`` is a short name, *analytics* if there is none.
    """
    site.add_person("olga", "Site operators")
    site.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from cookie_consent.models import CookieGroup\n"
        "from consent.actions import save_service\n"
        "from consent.models import Service\n"
        "common = {'vendor': 'Example Ltd', 'purpose': 'Counts visits.', 'status': 'announced', "
        "'privacy_policy': 'https://example.org/privacy'}\n"
        f"for fields in {services!r}:\n"
        "    category = CookieGroup.objects.get(varname=fields.pop('category', 'analytics'))\n"
        "    service = Service(category=category, **common, **fields)\n"
        "    save_service(service=service, by=User.objects.get(username='olga'), at=timezone.now())\n"
    )
    site.manage("publish_notice", "--material", "--reason", "Services", "--as", "olga")
    switch_all_on(site)


def switch_all_on(site: Site) -> None:
    """Switch every service on, as an operator does once the notice names them; another approves start code."""
    site.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from consent.actions import save_service\n"
        "from consent.models import Service\n"
        "from tests.consent.builders import approve_by_another\n"
        "operator = User.objects.order_by('pk').first()\n"
        "for service in Service.objects.all():\n"
        "    service.status = 'on'\n"
        "    save_service(service=service, by=operator, at=timezone.now())\n"
        "    if service.start_code:\n"
        "        approve_by_another(service, timezone.now())\n"
    )


def ran(page: Page) -> set[str]:
    return set(page.evaluate("Object.keys(document.documentElement.dataset)")) & set(SCRIPTS)


def choose_on_banner(page: Page, button: str, *categories: str) -> None:
    if categories or button == "save":
        page.locator(f"{BANNER} summary").click()
    for category in categories:
        page.locator(f"{BANNER} [data-consent-category={category}] input").check()
    opened = ["template[data-consent-service]"] if button == "accept" else []
    opened += [f"template[data-consent-category={category}]" for category in categories]
    loads_anew = opened and page.locator(", ".join(opened)).count()
    with page.expect_navigation() if loads_anew else page.expect_response("**/consent/"):
        page.locator(f"{BANNER} [data-consent-{button}]").click()
    expect(page.locator(BANNER)).to_be_hidden()


def withdraw(page: Page) -> None:
    """Take consent back in the footer of a page, and see what became of it."""
    page.get_by_role("button", name="Withdraw my consent").click()
    page.wait_for_url("**/cookies/?withdrawn")
