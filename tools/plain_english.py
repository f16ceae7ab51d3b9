"""
Count the habits that CONTRIBUTING.md's "English" warns of, and list their places.

`python tools/plain_english.py` reads the docstrings, comments and texts of every Python file, and
every Markdown page, and prints a figure per 1,000 words for each habit. It exits with 1 if a figure
is above its limit. `--places` prints the lines too; arguments name files or folders to read.
"""
# ruff: noqa: T201 - what it prints is what it is for

import argparse
import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
SKIPPED: Final = ("typings/", "tools/plain_english.py", "CHANGELOG.md")


class Habit(NamedTuple):
    """
    A habit of writing, and its limit.

    Attributes:
        name: Short name of the habit.
        pattern: Finds it in a piece of prose.
        limit: Occurrences per 1,000 words that pass.
    """

    name: str
    pattern: re.Pattern[str]
    limit: float


HABITS: Final = (
    Habit("tell, told", re.compile(r"\b(?:tells?|telling|told)\b", re.IGNORECASE), 0.3),
    Habit(
        "a sentence that begins with who or what",
        re.compile(r"(?:\A|(?<=[.:;] )|(?<=\n\n))(?:Who|Whoever|What|Whatever)\b(?![^.?!]*\?)"),
        0.1,
    ),
    Habit(
        "is none, is no",
        re.compile(r"\b(?:is|are|was|were|be) (?:none|no)\b(?! longer| more)", re.IGNORECASE),
        0.5,
    ),
)


class Prose(NamedTuple):
    """
    A piece of text for people.

    Attributes:
        file: Its file, relative to the repository.
        line: Number of its first line.
        text: The text, with line breaks inside a paragraph turned into spaces.
    """

    file: str
    line: int
    text: str


def _joined(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _prose_of_python(file: str, source: str) -> Iterator[Prose]:
    """Yield docstrings, other literal texts of several words, and runs of comments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield Prose(file, node.lineno, _joined(node.value))
    run: list[str] = []
    begun = last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if run and token.start[0] != last + 1:
            yield Prose(file, begun, _joined("\n".join(run)))
            run = []
        if not run:
            begun = token.start[0]
        last = token.start[0]
        run.append(token.string.lstrip("# "))
    if run:
        yield Prose(file, begun, _joined("\n".join(run)))


def _prose_of_markdown(file: str, source: str) -> Iterator[Prose]:
    """Yield paragraphs outside of code blocks."""
    fenced = False
    for number, line in enumerate(source.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and line.strip():
            yield Prose(file, number, line.strip())


def prose(files: list[str]) -> Iterator[Prose]:
    """Yield the texts for people in these files."""
    for file in files:
        source = (ROOT / file).read_text("utf-8")
        if file.endswith(".py"):
            yield from _prose_of_python(file, source)
        else:
            yield from _prose_of_markdown(file, source)


def tracked(places: list[str]) -> list[str]:
    """List the files that git knows, below some places or everywhere."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *places]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [
        file
        for file in listed.splitlines()
        if file.endswith((".py", ".md"))
        and not file.startswith(SKIPPED)
        and (ROOT / file).is_file()
    ]


def main() -> int:
    """Print the figures, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    parser.add_argument("places", nargs="*", help="files or folders; by default everything")
    parser.add_argument("--places", dest="show", action="store_true", help="print each place")
    wanted = parser.parse_args()
    pieces = list(prose(tracked(wanted.places)))
    words = sum(len(piece.text.split()) for piece in pieces)
    failed = False
    for habit in HABITS:
        found = [(piece, match) for piece in pieces for match in habit.pattern.finditer(piece.text)]
        rate = 1000 * len(found) / max(words, 1)
        failed |= rate > habit.limit
        print(f"{habit.name}: {rate:.2f} per 1,000 words (at most {habit.limit:g})")
        if wanted.show:
            for piece, match in found:
                near = piece.text[max(match.start() - 40, 0) : match.end() + 60]
                print(f"  {piece.file}:{piece.line}: {' '.join(near.split())}")
    print(f"{words:,} words in {len({piece.file for piece in pieces})} files")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
