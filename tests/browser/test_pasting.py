"""Pasting from word processors into a text of a term: what it becomes, and what the editor is told of it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.browser.editing import REPORT_REFUSALS, wait_for_editors
from tests.browser.visiting import axe_violations, sign_in
from tests.sites import Site

PASTE = """(area, html) => {
  area.focus()
  const all = document.createRange()
  all.selectNodeContents(area)
  getSelection().removeAllRanges()
  getSelection().addRange(all)
  document.dispatchEvent(new Event("selectionchange"))
  const data = new DataTransfer()
  data.setData("text/html", html)
  data.setData("text/plain", "plain")
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }))
}"""


def word_item(marker: str, text: str, *, level: int = 1) -> str:
    """A list item as Word copies it: a paragraph with its sign, and blanks up to the text."""
    return (
        f"<p class=MsoListParagraphCxSpMiddle style='text-indent:-18.0pt;mso-list:l0 level{level} lfo1'>"
        f"<![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>{marker}"
        "<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>"
        f"{text}<o:p></o:p></p>"
    )


def word_table(*rows: tuple[str, ...]) -> str:
    cells = ("".join(f"<td width=64 valign=top><p class=MsoNormal>{cell}</p></td>" for cell in row) for row in rows)
    return f"<table class=MsoTableGrid border=1>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


WORD_LISTS = (
    "<html xmlns:o='urn:schemas-microsoft-com:office:office'><head><style><!-- p {margin:0} --></style></head>"
    "<body><!--StartFragment--><p class=MsoNormal>Signs are:</p>"
    + word_item("·", "First")
    + word_item("o", "Inside", level=2)
    + word_item("·", "Second")
    + "<p class=MsoNormal>Steps are:</p>"
    + word_item("1.", "One")
    + word_item("2.", "Two")
    + "<!--EndFragment--></body></html>"
)
WORD_REST = (
    "<h1>Levels</h1>"
    + word_table(("Progesterone", "&lt; 3"), ("Oestradiol", ""), ("LH", "7"))
    + "<p class=MsoNormal>It rises<a href='#_ftn1' name='_ftnref1'><span class=MsoFootnoteReference>[1]</span></a>, see"
    " <a href='file:///C:/Users/me/levels.docx'>the file</a> and <a href='https://example.org/a'>the page</a>"
    "<a class=msocomanchor href='#_msocom_1'>[ME1]</a>.</p>"
    "<p class=MsoNormal align=center style='text-align:center'><span style='color:red'>High</span> <s>old</s></p>"
    "<p><img src='file:///C:/tmp/clip_image001.png'><img src='file:///C:/tmp/clip_image002.png'></p>"
    "<div style='mso-element:footnote-list'><div style='mso-element:footnote' id=ftn1><p class=MsoFootnoteText>"
    "<a href='#_ftnref1' name='_ftn1'><span class=MsoFootnoteReference>[1]</span></a> In most people.</p></div></div>"
    "<div style='mso-element:comment-list'><div style='mso-element:comment'><p>Really?</p></div></div>"
)
GOOGLE = (
    "<meta charset='utf-8'><b style='font-weight:normal;' id='docs-internal-guid-1'>"
    "<p dir='ltr'><span style='font-weight:700;color:#000000;background-color:transparent'>Bold</span>"
    "<span style='font-weight:400'> and 10</span><span style='font-size:0.6em;vertical-align:super'>3</span>"
    "</p><ul><li dir='ltr'><p>Outer</p></li>"
    "<ul><li dir='ltr'><p>Inner</p></li></ul></ul></b>"
)
LIBRE_OFFICE = (
    "<h2>Steps</h2><ol><li><p>One</p></li><li><p>Two</p></li></ol><p>It falls.<a class='sdfootnoteanc' "
    "href='#sdfootnote1sym'><sup>1</sup></a></p><table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>"
)


@pytest.fixture
def form(site: Site, page: Page) -> Page:
    site.add_person("edith", "Clinical editors")
    sign_in(page, site, "edith")
    page.add_init_script(REPORT_REFUSALS)
    page.goto(f"{site.url}/admin/glossary/term/add/")
    wait_for_editors(page)
    return page


def test_what_word_processors_copy_is_converted_and_the_rest_is_told(form: Page) -> None:
    refused: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.text.startswith("CSP") or "Content Security Policy" in message.text:
            refused.append(message.text)

    form.on("console", note)
    definition = form.get_by_role("textbox", name="Definition")
    report = form.locator(".field-definition [role=status]")

    def pasted(html: str) -> str:
        definition.evaluate(PASTE, html)
        found: str = definition.evaluate(
            "area => [...area.children].filter(each => each.textContent).map(each => each.outerHTML).join('')"
        )
        return re.sub(r' (?:rel|class|style)="[^"]*"|<br[^>]*>', "", found)

    assert pasted(WORD_LISTS) == (
        "<p>Signs are:</p><ul><li><p>First</p><ul><li><p>Inside</p></li></ul></li><li><p>Second</p></li></ul>"
        "<p>Steps are:</p><ol><li><p>One</p></li><li><p>Two</p></li></ol>"
    )
    expect(report).to_be_empty()

    assert pasted(WORD_REST) == (
        "<p><strong>Levels</strong></p><p>Progesterone — &lt; 3</p><p>Oestradiol —</p><p>LH — 7</p>"
        '<p>It rises (footnote 1), see the file and <a href="https://example.org/a">the page</a>.</p><p>High old</p>'
        "<p>(footnote 1) In most people.</p>"
    )
    expect(report.locator("li")).to_have_text(
        [
            "2 images were left out.",
            "1 comment was left out.",
            "1 table became lines: a line for each row, with dashes between the cells.",
            "1 heading became a bold paragraph.",
            "1 footnote became plain text, such as “(footnote 1)”. Add them as references, and cite those as [1].",
            "1 link to a place in the document, or to a file on a computer, became plain text.",
            "Colours were left out (1 place): say in words what they meant.",
            "Struck-out text became plain text (1 place): remove what should not be read.",
            "Alignment was left out (1 paragraph).",
        ]
    )
    assert pasted(GOOGLE) == (
        "<p><strong>Bold</strong> and 10<sup>3</sup></p><ul><li><p>Outer</p><ul><li><p>Inner</p></li></ul></li></ul>"
    )
    expect(report).to_be_empty()

    assert pasted(LIBRE_OFFICE) == (
        "<p><strong>Steps</strong></p><ol><li><p>One</p></li><li><p>Two</p></li></ol>"
        "<p>It falls. (footnote 1)</p><p>a — b</p>"
    )
    expect(report.locator("li")).to_have_count(3)
    assert not refused, refused
    # axe tries a style of its own on the page, which the policy refuses.
    assert axe_violations(form, part=".field-definition") == []
