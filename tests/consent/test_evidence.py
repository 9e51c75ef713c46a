"""Evidence of how the notice asks: what is needed for it, and how contrast is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from consent.models import Notice
from consent.receipts import evidence
from consent.receipts.evidence import Measured, View, contrast
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ([0, 0, 0], [255, 255, 255], 21),
        ([255, 255, 255], [255, 255, 255], 1),
        ([119, 119, 119], [255, 255, 255], 4.47),  # the grey that just fails WCAG AA
        ([118, 118, 118], [255, 255, 255], 4.54),  # and the one that just passes
    ],
)
def test_contrast_is_that_of_wcag(first: list[int], second: list[int], ratio: float) -> None:
    assert contrast(first, second) == contrast(second, first) == ratio


@pytest.mark.parametrize(
    ("change", "is_even"),
    [
        ({}, True),
        ({"width": 101.0}, True),  # the labels differ by a letter's width
        ({"width": 140.0}, False),
        ({"height": 50.0}, False),
        ({"font_weight": "400"}, False),
        ({"text": [90, 90, 90]}, False),
        ({"background": [240, 240, 240]}, False),
    ],
)
def test_buttons_are_even_in_everything_that_draws_the_eye(change: dict[str, Any], is_even: bool) -> None:
    facts: dict[str, Any] = {
        "label": "Reject all",
        "width": 100.0,
        "height": 44.0,
        "font_size": "16px",
        "font_weight": "600",
        "text": [0, 0, 0],
        "background": [255, 255, 255],
        "contrast": 21.0,
    }
    buttons = [Measured(**facts), Measured(**facts | change)]
    assert View("en", "banner", 390, "light", "x.png", buttons, []).is_even is is_even


def test_what_is_missing_is_said_with_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="apt install chromium"):
        call_command("publish_notice", evidence=str(tmp_path / "pack"))
    assert not (tmp_path / "pack").exists()


def test_the_desk_names_what_is_missing_and_the_command(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    client.force_login(person("olga", "Olga Nwosu", "Site operators"))
    url = "/admin/consent/notice/evidence/"
    assert f'href="{url}"' in client.get(f"/admin/consent/notice/{Notice.objects.get().pk}/change/").content.decode()
    for page in (client.get(url), client.post(url, {"take": "1"})):
        words = page.content.decode()
        assert "Evidence cannot be collected here." in words
        assert "apt install chromium" in words
        assert "publish_notice --evidence DIR" in words
        assert "Take the evidence" not in words


def test_evidence_is_never_written_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(CommandError, match="Name an empty folder"):
        call_command("publish_notice", evidence=str(tmp_path), browser="/bin/true")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_taking_evidence_alone_publishes_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(CommandError, match="No evidence was collected"):
        call_command("publish_notice", evidence=str(tmp_path), browser="/bin/true")
    assert Notice.objects.count() == 1
    assert evidence.surfaces_of(Notice.objects.get()) == [("banner", "/"), ("preferences", "/cookies/")]
