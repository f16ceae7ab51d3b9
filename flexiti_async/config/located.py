"""Where options are set: in code, by a variable, by the file of a secret, in a line of TOML."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from attrs import frozen

from flexiti_async.errors import ConfigError

__all__ = ["IN_CODE", "SECTION", "InToml", "Source", "line_of", "name_source", "naming_source"]

IN_CODE: Final = "set in code"
SECTION: Final = "flexiti"
"""The table of the TOML file."""


@frozen
class InToml:
    """
    An option of the TOML file; as text, its file and line, which are looked up only then.

    Attributes:
        file: The file.
        option: The name of the option.
    """

    file: Path
    option: str

    def __str__(self) -> str:
        line = line_of(self.file, self.option)
        return f"set in {self.file}" if line is None else f"set in {self.file}, line {line}"


Source = str | InToml
"""Where an option is set, to be shown as text: `set by FLEXITI_RETRIES`."""


def line_of(file: Path, option: str) -> int | None:
    """
    Return the line of an option in the TOML file; None if it cannot be found.

    tomllib reports no lines. So the line is the first one after which the file, up to the end of
    the statement that begins there, has the option: this holds for tables in any notation.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, ValueError):
        return None
    for start, line in enumerate(lines):
        if option not in line or _options(lines[:start]) is None:
            continue
        ends = (_options(lines[: end + 1]) for end in range(start, len(lines)))
        if option in next((found for found in ends if found is not None), ()):
            return start + 1
    return None


def _options(lines: Sequence[str]) -> frozenset[str] | None:
    """Return the names in our table; None for a part of a document that is not one itself."""
    import tomllib

    try:
        table = tomllib.loads("\n".join(lines)).get(SECTION)
    except ValueError:
        return None
    return frozenset(cast("dict[str, object]", table) if isinstance(table, dict) else ())


def name_source(
    error: ConfigError, source_of: Callable[[str], str | None], *, store: str = "store"
) -> None:
    """
    Add to an error about an option where that option was set.

    Args:
        error: The error.
        source_of: Returns where an option was set; None if it was not.
        store: The option whose store is used: `store` or `journal`.
    """
    if error.option == "store":
        error.option = store
    source = source_of(error.option) if error.option and error.source is None else None
    if source is not None:
        error.args = (f"{error} ({error.option}: {source})",)
        error.source = source


@contextmanager
def naming_source(
    source_of: Callable[[str], str | None], *, store: str = "store"
) -> Generator[None]:
    """Do as `name_source` for a ConfigError that is raised within."""
    try:
        yield
    except ConfigError as error:
        name_source(error, source_of, store=store)
        raise
