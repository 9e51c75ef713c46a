"""Compare the buttons that refuse and accept, as measured on the page."""

from __future__ import annotations

from dataclasses import dataclass

from consent.receipts.evidence import contrast

Colour = tuple[int, int, int]
#: Text in a button, WCAG 2.2 criterion 1.4.3 at level AA.
MIN_CONTRAST = 4.5
#: Rounding of a layout, in CSS pixels.
TOLERANCE = 1.0


@dataclass(frozen=True, slots=True)
class Button:
    """A button as it is drawn. Sizes in CSS pixels; ``background`` is what is seen behind its text."""

    tag: str
    visible: bool
    width: float
    height: float
    font_size: float
    font_weight: str
    colour: Colour
    background: Colour
    border: str
    opacity: float
    covered: bool = False

    @property
    def contrast(self) -> float:
        return contrast(list(self.colour), list(self.background))


@dataclass(frozen=True, slots=True)
class ButtonPair:
    """The two buttons in one place (``where``: the banner or the preferences) at one width and colour scheme."""

    where: str
    page: str
    width: int
    scheme: str
    reject: Button | None
    accept: Button | None


def inequalities(pair: ButtonPair) -> list[str]:
    """Return in words what makes rejecting harder to see or press than accepting; nothing when they are equal."""
    reject, accept = pair.reject, pair.accept
    if accept is None or not accept.visible:
        return []  # where accepting isn't offered, refusing needn't be
    if reject is None or not reject.visible:
        return ["there is no button that rejects"]
    found = []
    if reject.tag != accept.tag:
        found.append(f"rejecting is a <{reject.tag}>, accepting a <{accept.tag}>")
    if abs(reject.width - accept.width) > TOLERANCE or abs(reject.height - accept.height) > TOLERANCE:
        found.append(
            f"rejecting measures {reject.width:.0f} × {reject.height:.0f} px, "
            f"accepting {accept.width:.0f} × {accept.height:.0f} px"
        )
    if reject.font_size != accept.font_size or reject.font_weight != accept.font_weight:
        found.append(
            f"its text is {reject.font_size:g} px at weight {reject.font_weight}, "
            f"that of accepting {accept.font_size:g} px at weight {accept.font_weight}"
        )
    if (reject.colour, reject.background, reject.border) != (accept.colour, accept.background, accept.border):
        found.append(
            f"it is {_hex(reject.colour)} on {_hex(reject.background)}, "
            f"accepting {_hex(accept.colour)} on {_hex(accept.background)}"
            + (" with another border" if reject.border != accept.border else "")
        )
    if reject.opacity != accept.opacity:
        found.append(f"its opacity is {reject.opacity:g}, that of accepting {accept.opacity:g}")
    if reject.contrast < MIN_CONTRAST:
        found.append(f"its text has a contrast of {reject.contrast:.1f}:1 but needs at least {MIN_CONTRAST}:1")
    if reject.covered and not accept.covered:
        found.append("something covers it")
    return found


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{value:02x}" for value in colour)
