"""Output of commands: results on stdout, everything else on stderr, secrets on neither."""

import json
import os
import re
import sys
import textwrap
import traceback
from collections.abc import Iterator, Mapping
from shutil import get_terminal_size
from typing import Final, TextIO, TypeGuard
from urllib.parse import urlsplit

from attrs import evolve
from cyclopts import CycloptsError
from cyclopts.exceptions import UnknownOptionError, UnusedCliTokensError
from rich.console import Console
from rich.text import Text

from flexiti_async.errors import (
    ApiError,
    ConfigError,
    FlexitiError,
    TokenError,
    ValidationError,
)
from flexiti_async.protocol.redact import mask_text, printable
from flexiti_async.protocol.secret import Secret
from flexiti_async.store.interface import TokenStore

__all__ = [
    "FAILED",
    "WRONG",
    "CommandError",
    "is_scheme",
    "mask_store",
    "name_of_store",
    "print_facts",
    "print_json",
    "print_line",
    "print_note",
    "print_text",
    "report",
]

FAILED: Final = 1
"""Exit status of a command that failed."""
WRONG: Final = 2
"""Exit status for a wrong command line or configuration; nothing was sent."""

_LONGEST_LINE: Final = 2000
_CLASS_PATH: Final = re.compile(r"[\w.]+:[\w.]+")
_USERINFO: Final = re.compile(r"://.*@", re.DOTALL)


class CommandError(Exception):
    """
    A command failed; the text becomes its line on stderr.

    It never leaves the command line, so it is not in the tree of `flexiti_async.errors`.

    Attributes:
        status: Exit status.
    """

    def __init__(self, message: str, *, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


def print_line(text: str = "") -> None:
    """Write a line to stdout and flush it: a program may wait for it at the end of a pipe."""
    print(text, flush=True)  # noqa: T201 - printing is its job


def print_json(value: Mapping[str, object]) -> None:
    """Write one JSON object to stdout: a line for programs, several for people."""
    print_line(json.dumps(value, indent=2 if sys.stdout.isatty() else None, allow_nan=False))


def print_text(text: str, indent: int = 0, *, label: str = "", style: str = "") -> None:
    """
    Write prose to stdout, wrapped between words.

    Args:
        text: The text.
        indent: Number of blanks before its second line and later ones.
        label: Its first words, in a style.
        style: Their style.
    """
    if label:
        _print_wrapped(sys.stdout, label, style, text, indent)
    else:
        print_line("\n".join(_wrapped(text, _width_of(sys.stdout), indent)))


def print_facts(facts: Mapping[str, str]) -> None:
    """
    Write names and values to stdout, one below the other.

    A value that is too wide for its column is below its name, and one that is wider than the screen
    is written whole: an id that is cut cannot be copied.
    """
    console = Console(highlight=False, soft_wrap=True)
    names, width = max(len(name) for name in facts), _width_of(sys.stdout)
    for name, value in facts.items():
        beside = names + 4
        if width is not None and max(map(len, value.split()), default=0) > width - beside:
            console.print(Text(f"  {name}", style="bold"))
            indent, first = 4, "    "
        else:
            indent, first = beside, ""
            console.print(Text(f"  {name.ljust(names)}  ", style="bold"), end="")
        for line in value.split("\n"):
            wrapped = _wrapped(line, None if width is None else width - indent)
            for part in wrapped:
                console.print(Text(f"{first}{part}".rstrip()))
                first = " " * indent


def print_note(text: str) -> None:
    """Write a note to stderr."""
    _print_error_line("note", "cyan", text)


def report(error: Exception, *, debug: bool) -> int:
    """
    Print an error on stderr and return the exit status.

    Args:
        error: The exception.
        debug: Print its traceback, too.
    """
    if debug:
        for line in _traceback_of(error):
            _print_error_line("debug", "dim", line)
    lines = _lines_of(error)
    if not lines:
        hint = "" if debug else "; --debug shows where"
        lines = [f"unexpected {type(error).__name__}{hint}"]
    for line in lines:
        _print_error_line("error", "red", line)
    if isinstance(error, CommandError):
        return error.status
    return WRONG if isinstance(error, CycloptsError | ConfigError | ValidationError) else FAILED


def mask_store(url: str) -> str:
    """
    Return the URL of a store without user, password, query and fragment.

    Everything before the last @ is masked, because a password that was not encoded may contain a
    slash or an @ itself.
    """
    if _CLASS_PATH.fullmatch(url):
        return url
    scheme, separator, _ = url.partition("://")
    if not separator:
        return "****"
    try:
        parts = urlsplit(_USERINFO.sub("://****@", url))
    except ValueError:
        return f"{scheme}://****"
    return f"{scheme}://{printable(parts.netloc + parts.path)}"


def name_of_store(store: Secret | TokenStore) -> str:
    """Return the masked URL of a configured store, or the class of one that is an object."""
    return mask_store(store.reveal()) if isinstance(store, Secret) else type(store).__name__


def is_scheme(store: Secret | TokenStore, scheme: str) -> TypeGuard[Secret]:
    """Whether a configured store is a URL of a scheme."""
    return isinstance(store, Secret) and store.reveal().lower().startswith(f"{scheme}://")


def _print_error_line(kind: str, style: str, text: str) -> None:
    # Python has no stderr if the process was started with it closed.
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison]
        _print_wrapped(sys.stderr, f"{kind}:", style, f" {text}", len(kind) + 2)


def _print_wrapped(stream: TextIO, label: str, style: str, text: str, indent: int) -> None:
    console = Console(stderr=stream is sys.stderr, highlight=False, soft_wrap=True)
    first, *more = _wrapped(f"{label}{text}", _width_of(stream), indent)
    line = Text(first)
    line.stylize(style, 0, len(label))
    for part in (line, *map(Text, more)):
        console.print(part)


def _width_of(stream: TextIO | None) -> int | None:
    """Return the columns of a terminal, or those of COLUMNS; None for a pipe: it has no end."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    # Python has no stream that was closed before it started.
    return None if stream is None or not stream.isatty() else get_terminal_size().columns


def _wrapped(text: str, width: int | None, indent: int = 0) -> list[str]:
    """Wrap between words; a word that is wider than the screen stays whole."""
    if width is None:
        return [text]
    return textwrap.wrap(
        text,
        max(width, 2 * indent, 1),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _lines_of(error: Exception) -> list[str]:
    """Return a line for each problem; an empty list means that the error is a bug."""
    if isinstance(error, ValidationError) and error.field_errors:
        return [_printable(str(problem)) for problem in error.field_errors]
    text = _text_of(error)
    return [] if text is None else [text]


def _text_of(error: BaseException) -> str | None:
    """Return the text of an error, or None for a foreign one, which may quote its input."""
    if isinstance(error, CycloptsError):
        return _usage_text(error)
    if isinstance(error, FlexitiError):
        text = _printable(str(error))
        wait = error.retry_after if isinstance(error, ApiError | TokenError) else None
        return text if wait is None else f"{text}; try again in {wait:.3g} s"
    return _printable(str(error)) if isinstance(error, CommandError) else None


def _usage_text(error: CycloptsError) -> str:
    """
    Describe a usage error without quoting values, which may be personal data.

    A value that belongs to no option is often the second half of a name without quotes, and an
    unknown option may be a misspelt one with a card number.
    """
    if isinstance(error, UnusedCliTokensError):
        number = len(error.unused_tokens or ())
        return f"unexpected arguments: {number} (values with spaces need quotes)"
    if isinstance(error, UnknownOptionError):
        word = error.token.keyword or error.token.value
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        error.token = evolve(error.token, keyword=name, value="")
    return mask_text(str(error))


def _traceback_of(error: BaseException) -> Iterator[str]:
    """Format a traceback with its causes: code, never values, and texts of our own errors only."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _traceback_of(before)
        yield "which led to:"
    for frame in traceback.format_tb(error.__traceback__):
        yield from (_printable(line) for line in frame.splitlines())
    text = _text_of(error)
    shown = "(text of a foreign error, not shown)" if text is None else text
    yield f"{type(error).__module__}.{type(error).__qualname__}: {shown}"


def _printable(text: str) -> str:
    return printable(text, _LONGEST_LINE)
