"""Turn references to sections of the API's specification into links to their pages."""

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["anchors", "linked", "links", "sections"]

PAGES: Final = Path(__file__).parent.parent / "docs" / "specification"
_ANCHOR: Final = re.compile(r'<a id="section-([\d.]+)"></a>')
_ONE: Final = r"\d(?:\.\d+)?(?:,? row \d+)?"
_REFERENCE: Final = re.compile(
    rf"\bspec(?:ification,)?\s+sections?\s+{_ONE}(?:(?:,| to|,? and)\s+{_ONE})*"
)
"""One section or several: `spec section 6.3`, `spec sections 5.8 to 5.10`, `8, row 7`."""


@functools.cache
def anchors() -> Mapping[str, str]:
    """Return the page of each section: `6.3` is in `6-errors.md`, row 7 of section 8 is `8.7`."""
    return {
        number: page.name
        for page in sorted(PAGES.glob("*.md"))
        for number in _ANCHOR.findall(page.read_text(encoding="utf-8"))
    }


def sections(text: str) -> list[str]:
    """Return the numbers of the sections that a text refers to."""
    found = [each for reference in _REFERENCE.findall(text) for each in re.findall(_ONE, reference)]
    return [_number(each) for each in found]


def links(numbers: str) -> str:
    """Return numbers of sections as links, for a page in `docs/reference/`."""

    def link(found: re.Match[str]) -> str:
        number = _number(found[0])
        return f"[{found[0]}](../specification/{anchors()[number]}#section-{number})"

    return re.sub(_ONE, link, numbers)


def linked(text: str) -> str:
    """Return a text for a page in `docs/reference/`, its references to sections as links."""
    return _REFERENCE.sub(lambda reference: links(reference[0]), text)


def _number(reference: str) -> str:
    return re.sub(r",? row ", ".", reference)
