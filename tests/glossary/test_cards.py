"""The pictures that stand for pages where they are shared."""

import re
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from PIL import Image

from glossary.actions import retire_term, save_term
from glossary.models import Term
from glossary.public.share_images import Card, draw, is_drawable, keeping, kept
from tests.glossary.builders import document, publish, publish_unreviewed, text_of

pytestmark = pytest.mark.django_db

PAGE = "/glossary/luteal-phase/"


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.GLOSSARY_CARDS = tmp_path / "cards"


@pytest.fixture(autouse=True)
def _term(editor: User, at: datetime, settings: Any) -> None:
    publish(document("Luteal phase"), by=editor, at=at)


def meta(client: Client, path: str) -> dict[str, str]:
    page = text_of(client, path)
    return dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)"', page))


def card_path(client: Client, path: str, site: str) -> str:
    return meta(client, path)["og:image"].removeprefix(site)


def test_a_page_names_its_card(client: Client, settings: Any) -> None:
    found = meta(client, PAGE)
    assert re.fullmatch(rf"{settings.SITE_URL}/glossary/luteal-phase/card-[0-9a-f]{{20}}\.png", found["og:image"])
    assert (found["og:image:width"], found["og:image:height"], found["og:image:type"]) == ("1200", "630", "image/png")
    assert found["og:image:alt"] == "Luteal phase – Clinical Glossary"
    assert found["twitter:card"] == "summary_large_image"
    assert re.fullmatch(rf"{settings.SITE_URL}/card-[0-9a-f]{{20}}\.png", meta(client, "/")["og:image"])


@pytest.mark.parametrize("path", [PAGE, "/"])
def test_a_card_is_a_picture_that_caches_keep_for_ever(client: Client, settings: Any, path: str) -> None:
    address = card_path(client, path, settings.SITE_URL)
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")
    picture = Image.open(BytesIO(response.content))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    assert len(response.content) < 60_000
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies
    again = client.get(address, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", response["ETag"])
    head = client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert client.post(address).status_code == 405


def test_a_card_is_drawn_once(client: Client, settings: Any) -> None:
    address = card_path(client, PAGE, settings.SITE_URL)
    client.get(address)
    [file] = settings.GLOSSARY_CARDS.rglob("*.png")
    file.write_bytes(b"kept")
    assert client.get(address).content == b"kept"


def test_only_what_a_page_shows_is_drawn(client: Client, editor: User, at: datetime, settings: Any) -> None:
    for path in ("card-00000000000000000000.png", "glossary/luteal-phase/card-00000000000000000000.png"):
        response = client.get(f"/{path}")
        assert response.status_code == 302
        assert client.get(response["Location"]).status_code == 200
    save_term(document=document("Draft"), by=editor, at=at)
    for path in ("glossary/draft/card-00000000000000000000.png", "glossary/luteal-phase/card-x.png"):
        text_of(client, f"/{path}", 404)
    assert len(list(settings.GLOSSARY_CARDS.rglob("*"))) <= 4


def test_a_card_of_before_leads_to_that_of_now(client: Client, editor: User, at: datetime, settings: Any) -> None:
    before = card_path(client, PAGE, settings.SITE_URL)
    term = save_term(document=document("Secretory phase"), by=editor, at=at, term=Term.objects.get()).term
    publish_unreviewed(term=term, by=editor, at=at)
    now = card_path(client, "/glossary/secretory-phase/", settings.SITE_URL)
    assert now != before
    assert client.get(before)["Location"] == now
    retire_term(term=term, by=editor, at=at + timedelta(days=1))
    text_of(client, before, 404)
    text_of(client, now, 404)


@pytest.mark.parametrize(
    "title", ["β-estradiol", "Müllerian duct", "Менопауза", "Ångström", "“Brain fog”", "½ dose", "ệ"]
)
def test_letters_of_the_typeface_are_drawn(title: str) -> None:
    assert is_drawable(title)


@pytest.mark.parametrize("title", ["雌激素", "استروجين", "에스트로겐", "\U0010fffd", "a\u200b"])
def test_what_the_typeface_has_not_got_is_no_row_of_boxes(
    client: Client, editor: User, at: datetime, settings: Any, title: str
) -> None:
    assert not is_drawable(title)
    publish(document(title, slug="other"), by=editor, at=at)
    assert card_path(client, "/glossary/other/", settings.SITE_URL) == card_path(client, "/", settings.SITE_URL)


@pytest.mark.parametrize(
    "title", ["ID", "Selective oestrogen receptor modulator therapy after hysterectomy " * 3, "Dichlorodiphenyl" * 12]
)
def test_titles_of_any_length_stay_within_the_card(title: str) -> None:
    picture = Image.open(BytesIO(draw(brand="B", title=title[:200], text="word " * 60, site="example.org"))).convert(
        "L"
    )
    paper = picture.getpixel((1190, 10))
    for edge in (
        picture.crop((1130, 0, 1200, 630)),
        picture.crop((80, 0, 1200, 50)),
        picture.crop((80, 610, 1200, 630)),
    ):
        assert edge.getextrema() == (paper, paper)


def test_cards_take_no_more_than_their_room(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(keeping, "MOST_IN_FOLDER", 2)
    folder = settings.GLOSSARY_CARDS / Card("A", "").name[:2]
    folder.mkdir(parents=True)
    for number in range(5):
        (folder / f"{number}.png").write_bytes(b"")
    kept(Card("A", ""))
    assert len(list(folder.iterdir())) == 2
    assert (folder / f"{Card('A', '').name}.png").exists()


def test_a_folder_that_cannot_be_written_costs_no_picture(client: Client, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "cards").write_bytes(b"not a folder")
    assert client.get(card_path(client, PAGE, settings.SITE_URL)).content.startswith(b"\x89PNG")
