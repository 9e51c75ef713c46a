"""How the answers to a preset's questions fill the fields of a service, vendor by vendor.

``answers`` match the patterns of the questions. For ``tells_pages`` see Note [Pages that aren't told] in
:mod:`consent.services.presets`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


def _js(value: str) -> str:
    return json.dumps(value)


def _own(base: str, cloud: str, vendor: str) -> str:
    """Who gets the data: the vendor in its own cloud, or else the operators of the site, on their own server."""
    host = urlsplit(base).hostname or ""
    return vendor if host == cloud or host.endswith(f".{cloud}") else f"Ourselves, at {host}"


def matomo(answers: Mapping[str, str], tells_pages: bool) -> dict[str, Any]:
    base = answers["base"]
    told = "" if tells_pages else '_paq.push(["setCustomUrl", location.origin + "/"], ["setDocumentTitle", ""]);\n'
    return {
        "vendor": _own(base, "matomo.cloud", "InnoCraft Ltd (Matomo)"),
        "url": f"{base}/matomo.js",
        "start_code": (
            "window._paq = window._paq || [];\n"
            f"{told}"
            f'_paq.push(["setTrackerUrl", {_js(base + "/matomo.php")}], ["setSiteId", {_js(answers["site"])}]);\n'
            '_paq.push(["setSecureCookie", location.protocol === "https:"], ["trackPageView"]);\n'
        ),
    }


def plausible(answers: Mapping[str, str], tells_pages: bool) -> dict[str, Any]:
    base = answers["base"]
    filled = {
        "vendor": _own(base, "plausible.io", "Plausible Insights OÜ"),
        "url": f"{base}/js/script.js",
        "attributes": f"data-domain={answers['domain']}",
    }
    if not tells_pages:
        filled |= {
            "url": f"{base}/js/script.manual.js",
            "start_code": (
                "window.plausible = window.plausible || "
                "function () { (plausible.q = plausible.q || []).push(arguments); };\n"
                'plausible("pageview", { u: location.origin + "/" });\n'
            ),
        }
    return filled


def umami(answers: Mapping[str, str], tells_pages: bool) -> dict[str, Any]:
    base = answers["base"]
    # Without the second line, newer versions keep a number of the visitor in local storage.
    attributes = f"data-website-id={answers['website']}\ndata-identity-stitching=false"
    filled = {
        "vendor": _own(base, "umami.is", "Umami Software, Inc."),
        "url": f"{base}/script.js",
        "attributes": attributes,
        "connect_origins": "https://gateway.umami.is" if base == "https://cloud.umami.is" else "",
    }
    if not tells_pages:
        filled |= {
            "attributes": f"{attributes}\ndata-before-send=visitWithoutPage",
            "start_code": (
                "window.visitWithoutPage = (type, payload) => "
                '({ ...payload, url: location.origin + "/", title: "", referrer: "" });\n'
            ),
        }
    return filled


def google_analytics(answers: Mapping[str, str], tells_pages: bool) -> dict[str, Any]:
    measurement = answers["measurement"]
    told = (
        "{}"
        if tells_pages
        else '{ page_location: location.origin + "/", page_referrer: location.origin + "/", page_title: "Page" }'
    )
    return {
        "url": f"https://www.googletagmanager.com/gtag/js?id={measurement}",
        "start_code": (
            "window.dataLayer = window.dataLayer || [];\n"
            "window.gtag = window.gtag || function () { dataLayer.push(arguments); };\n"
            'gtag("js", new Date());\n'
            f'gtag("config", {_js(measurement)}, {told});\n'
        ),
    }


def tag_manager(answers: Mapping[str, str], tells_pages: bool) -> dict[str, Any]:
    return {
        "url": f"https://www.googletagmanager.com/gtm.js?id={answers['container']}",
        "start_code": (
            "window.dataLayer = window.dataLayer || [];\n"
            'dataLayer.push({ "gtm.start": Date.now(), event: "gtm.js" });\n'
        ),
    }


def clarity(answers: Mapping[str, str], tells_pages: bool) -> dict[str, Any]:
    return {
        "url": f"https://www.clarity.ms/tag/{answers['project']}",
        # What was opened is analytics; advertising is refused on the visitor's behalf.
        "start_code": (
            "window.clarity = window.clarity || function () { (clarity.q = clarity.q || []).push(arguments); };\n"
            'clarity("consentv2", { ad_Storage: "denied", analytics_Storage: "granted" });\n'
        ),
    }


def meta_pixel(answers: Mapping[str, str], tells_pages: bool) -> dict[str, Any]:
    return {
        "start_code": (
            "if (!window.fbq) {\n"
            "  const queue = function () {\n"
            "    if (queue.callMethod) queue.callMethod(...arguments);\n"
            "    else queue.queue.push(arguments);\n"
            "  };\n"
            '  Object.assign(queue, { push: queue, loaded: true, version: "2.0", queue: [] });\n'
            "  window.fbq = window._fbq = queue;\n"
            "}\n"
            f'fbq("init", {_js(answers["pixel"])});\n'
            'fbq("track", "PageView");\n'
        ),
    }
