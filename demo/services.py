"""Demonstration services: one harmless service in each optional category, for development only.

Their script is this site's own, requested under the other name of this machine (``localhost`` or ``127.0.0.1``), so
that browsers treat it as a third party's. It shows that it runs, and stores one cookie. So the banner of a new
installation has something to ask about, and the effect of accepting, refusing and withdrawing can be seen.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.db import transaction

from consent.actions import publish_notice, save_service
from consent.actions.registry import Declaration
from consent.models import Notice, Service

SCRIPT = "/static/demo/service.js"
#: The other name under which a browser reaches this machine.
OTHER_NAME = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}
#: The category of each service, and what it is for.
SERVICES = {
    "analytics": "Demonstration analytics",
    "personalization": "Demonstration personalisation",
    "marketing": "Demonstration marketing",
}


def third_party_of(site_url: str) -> str:
    """Return the site's origin under the other name of this machine, or ``""`` for a site on another machine."""
    site = urlsplit(site_url)
    name = OTHER_NAME.get(site.hostname or "", "")
    return f"{site.scheme}://{name}:{site.port or 80}" if name and site.scheme == "http" else ""


@transaction.atomic
def ensure_services(*, site_url: str, by: User, at: datetime) -> bool:
    """Set up the demonstration services, name them in a notice, and switch them on. Return whether it did.

    Only if no notice was published and no service added before, and if the site runs on this machine.
    """
    origin = third_party_of(site_url)
    if not origin or Service.objects.exists() or Notice.objects.count() > 1:
        return False
    services = [_announce(varname, origin=origin, site_url=site_url, by=by, at=at) for varname in SERVICES]
    publish_notice(by=by, at=at, material=True, reason="Demonstration services, to see the banner at work")
    for service in services:
        service.status = Service.Status.ON
        save_service(service=service, by=by, at=at)
    return True


def misplaced_services(*, site_url: str) -> list[str]:
    """Return the names of demonstration services that cannot run: they were made for another address or port."""
    origin = third_party_of(site_url)
    if not origin:
        return []
    services = Service.objects.filter(url__endswith=SCRIPT, status=Service.Status.ON)
    return list(services.exclude(url=origin + SCRIPT).values_list("name", flat=True))


def _announce(varname: str, *, origin: str, site_url: str, by: User, at: datetime) -> Service:
    name, cookie = SERVICES[varname], f"demo_{varname}"
    service = Service(
        name=name,
        vendor="Example Ltd, which is this site itself",
        purpose="Shows how a service waits for your permission. It collects nothing and sends nothing.",
        privacy_policy=f"{site_url}/cookies/",
        category=CookieGroup.objects.get(varname=varname),
        kind=Service.Kind.SCRIPT,
        url=origin + SCRIPT,
        attributes=f"data-name={name}\ndata-cookie={cookie}",
        status=Service.Status.ANNOUNCED,
    )
    declared_cookie = Declaration(cookie, "Shows that a service can keep something once you allow it.", 1)
    return save_service(service=service, by=by, at=at, declarations=[declared_cookie])
