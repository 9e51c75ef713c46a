"""What holds for every public page: methods, cookies, errors, health."""

from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as site_urls
from server.storage import bundle_scripts, bundle_styles

PUBLIC = [
    "/",
    "/glossary/",
    "/glossary/feed/",
    "/glossary/letter/a/",
    "/glossary/tags/",
    "/search/",
    "/robots.txt",
    "/sitemap.xml",
]
HEALTH = ["/healthz", "/readyz"]


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken on purpose")


def posted(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.POST.get("a", ""))


urlpatterns = [path("forbidden/", forbidden), path("broken/", broken), path("posted/", posted), *site_urls]
__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", PUBLIC + HEALTH)
def test_pages_are_read_only_and_set_no_cookie(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert not response.cookies
    for method in ("post", "put", "delete", "options", "trace"):
        assert getattr(client, method)(address).status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize("address", [path for path in PUBLIC if path not in ("/robots.txt", "/sitemap.xml")])
def test_pages_are_private_to_each_browser_and_asked_for_again(client: Client, address: str) -> None:
    response = client.get(address)
    assert response["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response["Vary"]


@pytest.mark.django_db
def test_an_unknown_address_gets_the_sites_own_page(client: Client) -> None:
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is no page here" in response.content.decode()


@pytest.mark.django_db
@override_settings(ROOT_URLCONF="tests.site.test_pages")
def test_a_refusal_gets_the_sites_own_page(client: Client) -> None:
    response = client.get("/forbidden/")
    assert response.status_code == 403
    assert "You cannot open this page" in response.content.decode()


@override_settings(ROOT_URLCONF="tests.site.test_pages", DEBUG=False)
def test_a_broken_page_answers_without_database_or_context() -> None:
    response = Client(raise_request_exception=False).get("/broken/")
    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()


@pytest.mark.django_db
@override_settings(ROOT_URLCONF="tests.site.test_pages", DEBUG=False)
def test_a_form_in_an_encoding_that_is_not_utf8_is_a_bad_request() -> None:
    client = Client(raise_request_exception=False)
    response = client.post("/posted/", data=b"a=%E9", content_type="application/x-www-form-urlencoded; charset=latin-1")
    assert response.status_code == 400
    assert "This request can’t be read" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["", "/ar"])
def test_more_parameters_than_are_read_are_a_bad_request(client: Client, language: str) -> None:
    response = client.get(f"{language}/search/?" + "&" * settings.DATA_UPLOAD_MAX_NUMBER_FIELDS)
    assert response.status_code == 400


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_a_bad_request(client: Client) -> None:
    response = client.get("/", HTTP_HOST="elsewhere.example")
    assert response.status_code == 400


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_in_words() -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/admin/login/", {"username": "a", "password": "b"})
    assert response.status_code == 403
    assert "The form you sent had expired" in response.content.decode()


def test_the_process_is_healthy_without_a_database(client: Client) -> None:
    assert client.get("/healthz").json() == {"process": "ok"}


@pytest.mark.django_db
def test_the_site_is_ready_when_database_migrations_and_cache_are(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"database": "ok", "migrations": "ok", "cache": "ok"}


@pytest.mark.django_db
def test_the_site_is_not_ready_while_a_migration_is_missing(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'glossary' AND name = '0001_terms'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["migrations"] == "1 not applied: run manage.py migrate"


@override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}})
@pytest.mark.django_db
def test_the_site_is_not_ready_while_the_cache_forgets(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["cache"] == "does not return what was stored"


@pytest.mark.django_db
@pytest.mark.parametrize("address", HEALTH)
@pytest.mark.parametrize("host", ["10.0.0.7:8000", "[2001:db8::7]", "elsewhere.example", "not a host", ""])
def test_probes_are_answered_whatever_host_they_name(
    client: Client, address: str, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get(address, HTTP_HOST=host)
    assert response.status_code == 200
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert not caplog.records


def test_probes_are_answered_without_https() -> None:
    assert settings.SECURE_REDIRECT_EXEMPT == [r"^healthz$", r"^readyz$"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/consent/", "/consent/receipt/", "/admin/login/", "/nowhere/"])
def test_a_body_of_unknown_length_is_refused_and_not_read_as_empty(client: Client, address: str) -> None:
    response = client.generic("POST", address, "choice=accept_all", headers={"Transfer-Encoding": "chunked"})
    assert response.status_code == 411
    assert "Content-Length" in response.content.decode()
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.django_db
def test_a_choice_of_unknown_length_closes_what_was_open_since_it_may_be_a_refusal(client: Client) -> None:
    def post(address: str, *, sender: str) -> Any:
        headers = {"Transfer-Encoding": "chunked", "Sec-Fetch-Site": sender}
        response = client.generic("POST", address, "choice=reject_all", headers=headers)
        assert response.status_code == 411
        return response

    client.cookies["consent_choice"] = "analytics=x|notice=1.x"
    assert "consent_choice" not in post("/admin/login/", sender="same-origin").cookies
    assert "consent_choice" not in post("/consent/", sender="cross-site").cookies
    assert post("/consent/", sender="same-origin").cookies["consent_choice"].value == ""


@pytest.mark.django_db
def test_what_has_no_body_needs_no_length(client: Client) -> None:
    for method in ("GET", "HEAD"):
        assert client.generic(method, "/", headers={"Transfer-Encoding": "chunked"}).status_code == 200


def files(**contents: str) -> dict[str, tuple[Storage, str]]:
    storage = InMemoryStorage()
    for name, content in contents.items():
        storage.save(name, ContentFile(content.encode()))
    return {name: (storage, name) for name in contents}


ONE = {"css/one.css": "p { color: red; }\n", "one.js": "const one = 1;\n", "other/one.js": "const one = 2;\n"}
NESTED = {
    "css/nested.css": '@import url("one.css");',
    "nested.js": 'import "./one.js";',
    "exports.js": "const one = 1;\nexport { one };",
    "other/fetches.js": 'addEventListener("focusin", () => import("./one.js"));',
}


def test_the_stylesheet_carries_its_imports_in_their_layers() -> None:
    paths = files(**{"css/site.css": '@layer a, b;\n@import url("one.css") layer(a);\n'}, **ONE)
    assert bundle_styles("css/site.css", paths) == "@layer a, b;\n@layer a {\np { color: red; }\n}\n"


def test_the_script_carries_its_imports_in_blocks_of_their_own() -> None:
    paths = files(**{"site.js": 'import "./one.js";\nimport "./other/one.js";\n'}, **ONE)
    assert bundle_scripts("site.js", paths) == "{\nconst one = 1;\n}\n{\nconst one = 2;\n}\n"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("css/site.css", '@import url("two.css") layer(a);', "'two.css', which is not a file beside it"),
        ("css/site.css", '@import url("../one.css") layer(a);', "not a file beside it"),
        ("css/site.css", '@import "one.css";', "has an import that is not written"),
        ("css/site.css", '@import url("nested.css") layer(a);', "imports another file"),
        ("site.js", 'import "./two.js";', "'two.js', which does not exist"),
        ("site.js", 'import { one } from "./exports.js";', "has an import that is not written"),
        ("site.js", 'import "./nested.js";', "nested.js imports, exports or fetches from its own folder"),
        ("site.js", 'import "./exports.js";', "exports.js imports, exports or fetches from its own folder"),
        ("site.js", 'import "./other/fetches.js";', "other/fetches.js imports, exports or fetches from its own folder"),
    ],
)
def test_an_import_that_cannot_be_bundled_is_named(name: str, text: str, complaint: str) -> None:
    bundle = bundle_styles if name.endswith(".css") else bundle_scripts
    with pytest.raises(ImproperlyConfigured, match=complaint):
        bundle(name, files(**{name: text}, **ONE, **NESTED))
