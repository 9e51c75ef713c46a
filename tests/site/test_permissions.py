"""Each group holds exactly the permissions that the reference lists."""

import re

import pytest
from django.contrib.auth.models import Group

from tests.folders import ROOT

PAGE = ROOT / "docs" / "reference" / "permissions.md"


@pytest.mark.django_db
def test_groups_hold_exactly_what_the_reference_lists() -> None:
    documented = {
        heading: set(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE))
        for heading, section in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    }
    granted = {
        group.name: {
            f"{permission.content_type.app_label}.{permission.codename}"
            for permission in group.permissions.select_related("content_type")
        }
        for group in Group.objects.all()
    }
    assert granted == documented
