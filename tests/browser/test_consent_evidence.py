"""The evidence pack, taken of a real site by a real browser, as an operator takes it."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.editing import faults_of_desk_page
from tests.browser.visiting import TIMEOUT, axe_violations, chromium_in, sign_in
from tests.sites import Site


@pytest.fixture(scope="module")
def site(new_site: Callable[..., Site], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that finds the browser of the other tests as Chromium: what it does is what takes the time here."""
    folder = chromium_in(tmp_path_factory.mktemp("programs")).parent
    return new_site(PATH=f"{folder}{os.pathsep}{os.environ['PATH']}", CONSENT_TRIAL="0")


@pytest.fixture(scope="module")
def pack(site: Site, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an operator takes at the desk, unpacked: without an address, of a site that is started for the purpose."""
    site.add_person("olga", "Site operators")
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(5 * TIMEOUT)  # twelve views, each judged by axe
    page = context.new_page()
    sign_in(page, site, "olga")
    page.goto(f"{site.url}/admin/consent/notice/evidence/")
    assert faults_of_desk_page(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Take the evidence").click()
    folder = tmp_path_factory.mktemp("evidence")
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(folder)
    context.close()
    return folder


@pytest.fixture(scope="module")
def manifest(pack: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((pack / "manifest.json").read_text())
    return content


def test_every_file_is_named_with_its_hash(pack: Path, manifest: dict[str, Any]) -> None:
    files = {str(path.relative_to(pack)) for path in pack.rglob("*") if path.is_file()}
    assert files == {*manifest["files"], "manifest.json"}
    for name, sha256 in manifest["files"].items():
        assert hashlib.sha256((pack / name).read_bytes()).hexdigest() == sha256, name


def test_both_surfaces_are_there_at_three_widths_in_light_and_dark(manifest: dict[str, Any]) -> None:
    views = {(view["language"], view["surface"], view["width"], view["scheme"]) for view in manifest["views"]}
    assert views == {
        ("en", surface, width, scheme)
        for surface in ("banner", "preferences")
        for width in (390, 768, 1280)
        for scheme in ("light", "dark")
    }
    drawn = {
        scheme: {tuple(view["buttons"][0]["background"]) for view in manifest["views"] if view["scheme"] == scheme}
        for scheme in ("light", "dark")
    }
    assert drawn["light"].isdisjoint(drawn["dark"])
    assert {"browser", "axe-core", "django", "python"} == manifest["versions"].keys()


def test_it_shows_that_refusing_is_as_easy_as_accepting(manifest: dict[str, Any]) -> None:
    for view in manifest["views"]:
        assert [button["label"] for button in view["buttons"]] == ["Reject all", "Accept all"]
        assert view["is_even"], view
        assert view["violations"] == []
        assert all(button["contrast"] >= 4.5 for button in view["buttons"])
        assert all(button["width"] >= 24 and button["height"] >= 24 for button in view["buttons"])


def test_it_names_the_notice_the_client_and_the_html(pack: Path, manifest: dict[str, Any]) -> None:
    [notice] = manifest["notices"]
    assert hashlib.sha256((pack / "en" / "notice.json").read_bytes()).hexdigest() == notice["sha256"]
    assert "data-consent-reject" in (pack / "en" / "banner.html").read_text()
    assert "<form" in (pack / "en" / "preferences.html").read_text()
    assert {path.suffix for path in (pack / "client").iterdir()} == {".js", ".css"}


def test_its_first_page_opens_from_the_folder_and_is_accessible(pack: Path, page: Page) -> None:
    page.goto((pack / "index.html").as_uri())
    assert page.get_by_role("heading", name="Evidence of the cookie notice").is_visible()
    assert page.locator("img").count() == 12
    assert axe_violations(page) == []


@pytest.mark.usefixtures("pack")  # of the notice before this one
def test_the_command_takes_it_of_a_running_site_and_where_nothing_is_asked_of_the_preferences_alone(
    site: Site, tmp_path: Path
) -> None:
    site.python(
        "from cookie_consent.models import Cookie\n"
        "from consent.models import NoticeText\n"
        "Cookie.objects.filter(cookiegroup__is_required=False).delete()\n"
        "text = NoticeText.objects.get()\n"
        "text.words['controller'] = 'A Hospital'\n"
        "text.save()"
    )
    published = ("--not-material", "--reason", "Nothing optional", "--as", "olga")
    taken = (f"--evidence={tmp_path / 'own'}", f"--base-url={site.url}", f"--browser={chromium_in(tmp_path)}")
    printed = site.manage("publish_notice", *published, *taken)
    assert "open index.html there" in printed
    manifest = json.loads((tmp_path / "own" / "manifest.json").read_text())
    assert manifest["site"] == site.url
    assert {view["surface"] for view in manifest["views"]} == {"preferences"}
    assert (tmp_path / "own" / "en" / "preferences-390-light.png").exists()
