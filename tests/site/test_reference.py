"""Every setting, command and address is documented, by pages generated from the code."""

import pytest
from django.core.management import get_commands, load_command_class

from config.reference import reference
from tests.folders import PACKAGES, ROOT

FOLDER = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", sorted(reference()))
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == reference()[name], "run `manage.py write_reference`"


def test_every_command_and_address_says_what_it_does() -> None:
    for name, app in get_commands().items():
        if app in PACKAGES:
            assert load_command_class(app, name).help, name
    for line in reference()["urls.md"].splitlines()[6:]:
        assert not line.endswith("|  |"), line
