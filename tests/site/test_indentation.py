"""How the site's HTML is sent."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client

from glossary.actions import save_term
from tests.glossary.builders import document, publish_unreviewed

pytestmark = pytest.mark.django_db


def test_pages_are_sent_without_indentation_and_code_as_it_is_written(
    client: Client, editor: User, at: datetime
) -> None:
    publish_unreviewed(term=save_term(document=document("Menopause"), by=editor, at=at).term, by=editor, at=at)
    page = client.get("/glossary/menopause/").content.decode()
    [embed] = re.findall(r'<details class="embed">.*?</details>', page, re.DOTALL)
    assert '\n  referrerpolicy="no-referrer"\n' in embed
    assert not re.search(r"\n[ \t]{2}", page.replace(embed, ""))
