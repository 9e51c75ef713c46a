"""Templates as people read them."""

from tests.folders import ROOT

LONGEST = 160


def test_no_line_of_a_template_is_too_long_to_read() -> None:
    folders = [ROOT / "templates", *ROOT.glob("*/templates")]
    templates = [path for folder in folders for path in folder.rglob("*.html")]
    assert len(templates) > 100
    too_long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in templates
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST
    ]
    assert too_long == [], f"lines of more than {LONGEST} characters"
