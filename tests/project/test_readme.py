"""The README: its program runs as pasted, its links lead somewhere, also on an index page."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import readme_hook
from sybil import Document
from sybil.example import Example
from sybil.parsers.markdown import CodeBlockParser

from ..support.patience import PATIENCE

README: Final = Path(__file__).parents[2] / "README.md"
TEXT: Final = README.read_text(encoding="utf-8")
PICTURE_BYTES: Final = 80 * 1024


def nothing(_: Example) -> None:
    """Do nothing with a block; the test runs it."""


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language, in order."""
    document = Document.parse(
        str(README), CodeBlockParser(language=language, evaluator=nothing), encoding="utf-8"
    )
    return [str(example.parsed) for example in document.examples()]


def test_the_program_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """The only program, pasted into a file, prints the output that follows it."""
    [program], [output] = blocks("python"), blocks("text")
    file = tmp_path / "program.py"
    file.write_text(program, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-P", "-W", "error", str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=PATIENCE,
    )

    assert (0, output) == (run.returncode, run.stdout), run.stderr
    assert TEXT.index(program) < TEXT.index(output)


@pytest.mark.parametrize(
    "document", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md"]
)
def test_links_lead_somewhere(document: str) -> None:
    """Linked files exist, and so do the headings that a link names."""
    file = README.parent / document
    links = re.findall(r"\]\(([^)]+)\)", file.read_text(encoding="utf-8"))
    ours = [link.partition("#") for link in links if "://" not in link]

    assert [] == [path for path, _, _ in ours if not (file.parent / path).exists()]
    assert [] == [
        heading
        for path, _, heading in ours
        if heading and heading not in headings((file.parent / path) if path else file)
    ]


def headings(file: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in found}


def test_the_picture_is_small_and_described() -> None:
    """The README shows the widget, in words as well, and no megabytes of it."""
    [(words, path)] = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", TEXT)

    assert "widget" in words
    assert (README.parent / path).stat().st_size <= PICTURE_BYTES


def test_two_commands_do_the_set_up() -> None:
    """The README has the commands that CI and the `package` session run."""
    commands = "".join(blocks("console"))

    assert "-m pip install '.[cli]' && .venv/bin/flexiti-async demo" in commands
    assert "-m pip install 'nox[uv]' && .venv/bin/nox" in commands


def test_an_index_page_has_no_relative_link() -> None:
    """
    In the distribution links are absolute, below the repository's address; without an address there
    are none. The program and the links to elsewhere stay.
    """
    text = "![A *picture*](docs/a.png) and [`code`](docs/b.md#c), [web](https://example.com/)\n"
    at = "https://forge.example/shop/lib/"

    assert (
        "![A *picture*](https://forge.example/shop/lib/raw/v1.2/docs/a.png) and "
        "[`code`](https://forge.example/shop/lib/blob/v1.2/docs/b.md#c), "
        "[web](https://example.com/)\n"
    ) == readme_hook.for_an_index(text, at, "1.2")
    assert "A *picture* and `code`, [web](https://example.com/)\n" == readme_hook.for_an_index(
        text, None, "1.2"
    )
    for address in (at, None):
        made = readme_hook.for_an_index(TEXT, address, "1.2")
        targets = re.findall(r"\]\(([^)]+)\)", made)
        assert {True} == {target.startswith("https://") for target in targets}
        assert blocks("python")[0] in made


def test_the_build_uses_the_hook() -> None:
    """It finds the hook by its name, and sets the whole field."""
    hook = readme_hook.get_metadata_hook()(str(README.parent), {})
    metadata: dict[str, object] = {"version": "1.2", "urls": {"Source": "https://forge.example/x"}}
    hook.update(metadata)

    assert {
        "content-type": "text/markdown",
        "text": readme_hook.for_an_index(TEXT, "https://forge.example/x", "1.2"),
    } == metadata["readme"]
    assert [] == hook.get_known_classifiers()
