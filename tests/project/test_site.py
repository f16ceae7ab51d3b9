"""The pages of docs/ read well without a build: as Markdown, their links and references lead on."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from spec_links import anchors, linked, sections

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
FOLDERS: Final = ("docs", "examples", "flexiti_async", "stores", "tests", "tools")
_FENCED: Final = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`[^`\n]*`")
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_DIRECTIVE: Final = re.compile(r'^:::|^!!! |^=== "|\{ ?#|\{: ', re.MULTILINE)
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


def sources() -> Iterator[Path]:
    """Yield all files with text of ours."""
    yield from ROOT.glob("*.md")
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*.*"):
            if file.suffix in {".py", ".md", ".html", ".js"} and not file.name.endswith(".min.js"):
                yield file


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub and the site make it."""
    shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page: its headings, and those that it sets."""
    text = page.read_text(encoding="utf-8")
    prose = _FENCED.sub("", text)
    return {slug(heading) for heading in _HEADING.findall(prose)} | set(
        re.findall(r'<a id="([^"]+)"></a>', prose)
    )


def test_every_referenced_section_of_the_specification_has_an_anchor() -> None:
    """`spec section 6.3`, anywhere in the repository, is a section of docs/specification/."""
    missing = {
        f"{file.relative_to(ROOT)}: {number}"
        for file in sources()
        for number in sections(re.sub(r"\n *#? *", " ", file.read_text(encoding="utf-8")))
        if number not in anchors()
    }

    assert set() == missing
    assert 80 < len(anchors())


def test_examples_of_the_specification_are_json() -> None:
    """Every example of a body can be read."""
    found = [
        json.loads(block)
        for page in (DOCS / "specification").glob("*.md")
        for block in re.findall(
            r"^```json\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
    ]

    assert 6 < len(found)


def test_references_are_links_in_the_reference() -> None:
    """A page of the reference links to the sections that a docstring names."""
    assert (
        "spec sections [5.8](../specification/5-other-endpoints.md#section-5.8) to "
        "[5.10](../specification/5-other-endpoints.md#section-5.10)"
    ) == linked("spec sections 5.8 to 5.10")
    plain = {
        page.name
        for page in (DOCS / "reference").glob("*.md")
        if sections(_LINK.sub("]", page.read_text(encoding="utf-8")).replace("[", "§"))
    }
    assert set() == plain


def test_no_reference_leads_out_of_the_repository() -> None:
    """Nothing refers to the design notes, which are not in the repository."""
    words = "design " + "section"
    found = [str(file) for file in sources() if words in file.read_text(encoding="utf-8")]
    assert [] == found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_needs_no_build(page: Path) -> None:
    """No page has directives that only a build understands, and all of its links lead on."""
    prose = _FENCED.sub("", page.read_text(encoding="utf-8"))

    assert not re.search(
        r"^:::|--8<--|^!!! |^=== \"|\{ ?#|\{: ", _CODE.sub("", prose), re.MULTILINE
    )
    for link in _LINK.findall(_CODE.sub("", prose)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not fragment or fragment in anchors_of(target), link
