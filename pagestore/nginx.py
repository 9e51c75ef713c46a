"""The configuration under which nginx serves finished pages as the store does."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from consent.choice.gate import NOTHING
from pagestore.public_files import PREFIX
from server.caching import OWN, VARIES_BY
from server.security import public_headers

TEMPLATE = """\
# Made by `manage.py nginx_configuration`. Make it again for each release: the headers below belong to one.
# What this gives up, and why it is safe: docs/adr/0201.

# Visitors without a cookie have opened nothing. For others, Content-Security-Policy depends on their consent.
map "$request_method|$http_cookie|$args|$uri" $glossary_pages {{
    default          none;
    "~^(?:GET|HEAD)\\|\\|\\|(?!.*//).*(?<!\\.gz|\\.br)$"  {prefix};
}}

upstream glossary_application {{
    server {application};
    keepalive 16;
}}

server {{
{listen}
    server_name {host};
    merge_slashes off;
    server_tokens off;

    location / {{
        root {root};
        # A missing file has not been rendered since something on the page changed.
        try_files /$glossary_pages/pages${{uri}}index.html /$glossary_pages/files$uri @application;

        gzip_static on;
        gzip_http_version 1.0;
        # With nginx's brotli module (Debian: libnginx-mod-http-brotli-static), for a tenth less to send:
        # brotli_static on;

        types {{ text/html html; text/plain txt; application/xml xml; }}
        charset utf-8;
        charset_types text/plain application/xml;
        # The time of a file is a number that is made from its content, so that nginx's ETag is the store's.
        etag on;
        if_modified_since off;
        add_header Last-Modified "";
        max_ranges 0;
{headers}
    }}

    location @application {{
        proxy_pass http://glossary_application;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        # Overwrites what the client sent, because Django trusts this header.
        proxy_set_header X-Forwarded-Proto $scheme;
        # Only for the limit on consent records. It is not stored. With more proxies, set TRUSTED_PROXIES.
        proxy_set_header X-Forwarded-For $remote_addr;
    }}
}}
"""


ADMIN_TEMPLATE = """
# The admin, on a host of its own. It serves no files of public pages.
server {{
{listen}
    server_name {host};
    server_tokens off;

    location / {{
        proxy_pass http://glossary_application;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-For $remote_addr;
    }}
}}
"""


def configuration(*, application: str, folder: Path) -> str:
    """Return the configuration for SITE_URL, with pages under ``folder`` and Django at ``application`` (host:port)."""
    site = urlsplit(settings.SITE_URL)
    host = site.hostname or "localhost"
    if settings.SERVED_OVER_HTTPS:
        listen = f"""\
    listen 443 ssl http2;
    listen [::]:443 ssl http2;
    ssl_certificate /etc/letsencrypt/live/{host}/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/{host}/privkey.pem;"""
    else:
        listen = f"    listen {host}:{site.port or 80};"
    headers = "\n".join(f"        add_header {name} {_quoted(value)};" for name, value in _headers().items())
    public = TEMPLATE.format(
        prefix=PREFIX, application=application, listen=listen, host=host, root=folder / "public", headers=headers
    )
    if not settings.ADMIN_HOST:
        return public
    admin = settings.ADMIN_HOST.partition(":")[0]
    return public + ADMIN_TEMPLATE.format(listen=listen.replace(host, admin), host=admin)


def _headers() -> dict[str, str]:
    """Return the headers of every page for a visitor who has opened nothing."""
    headers = public_headers(NOTHING) | {
        "Cache-Control": OWN,
        "Vary": ", ".join(("Accept-Encoding", *VARIES_BY)),
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = (
            f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
            if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS
            else f"max-age={settings.SECURE_HSTS_SECONDS}"
        )
    return headers


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "\\'") + "'" if '"' in value else f'"{value}"'
