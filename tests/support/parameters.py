"""The parameters of the API, as `tests/spec/parameters.toml` lists them."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

__all__ = ["ENDPOINTS", "Endpoint", "Parameter"]

_TABLE: Final = Path(__file__).parents[1] / "spec" / "parameters.toml"
_TYPE: Final = re.compile(r"(ASCII|number|boolean)(?:\((\d+)(?:,(\d+))?\))?(?:: (.+))?")
_PLACES: Final = ("header", "path", "query", "form", "body")


@frozen
class Parameter:
    """
    A row of the table.

    Attributes:
        place: `header`, `path`, `query`, `form` or `body`.
        name: Its name; dots mean nesting.
        kind: `ASCII`, `number` or `boolean`.
        most: Characters or digits at most, None without a limit.
        decimals: Digits after the point; None for a whole number, or without a limit.
        words: The allowed values, or a form of dates; empty without a list.
        inferred: It is not in the specification: the library's reading of its prose.
    """

    place: str
    name: str
    kind: str
    most: int | None
    decimals: int | None
    words: tuple[str, ...]
    inferred: bool = False

    @property
    def longest(self) -> object:
        """The longest or greatest value; None without a limit, and for a list of words."""
        if self.most is None or self.words:
            return None
        if self.kind == "ASCII":
            end = "@example.com" if self.name == "email" else ""
            return "1" * (self.most - len(end)) + end
        if self.decimals is None:
            return 10**self.most - 1
        return Decimal(10**self.most - 1).scaleb(-self.decimals)

    @property
    def too_long(self) -> object:
        """A value that is longer by one; None without a limit."""
        if self.most is None:
            return None
        if self.kind == "ASCII":
            return f"1{self.longest or '1' * self.most}"
        return 10 ** (self.most - (self.decimals or 0))

    @property
    def in_sku_data(self) -> bool:
        """Whether it is one of the items bought, which the API does not validate."""
        return self.name.startswith("sku_data.")


@frozen
class Endpoint:
    """
    An endpoint of the table.

    Attributes:
        name: Its name in the API's words.
        method: The HTTP method.
        path: The template of its path.
        parameters: Its rows.
    """

    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]


def _parameter(place: str, name: str, text: str) -> Parameter:
    found = _TYPE.fullmatch(text)
    assert found is not None, text
    kind, most, decimals, words = found.groups()
    return Parameter(
        place,
        name,
        kind,
        None if most is None else int(most),
        None if decimals is None else int(decimals),
        tuple(words.split(", ")) if words else (),
    )


def _rows(entry: Mapping[str, Any]) -> Iterator[Parameter]:
    for place in _PLACES:
        for name, text in entry.get(place, {}).items():
            row = _parameter(place, name, text)
            yield evolve(row, inferred=name in entry.get("inferred", ()))


def _read() -> Iterator[Endpoint]:
    table = tomllib.loads(_TABLE.read_text())
    sku_data = [
        _parameter("body", f"sku_data.{name}", text)
        for name, text in table["sku_data"].items()
        if name != "section"
    ]
    for name, entry in table["endpoint"].items():
        method, path = entry["request"].split()
        rows = [*_rows(entry), *(sku_data if entry.get("sku_data") else ())]
        if name != "oauth/token":
            rows += _rows(table["every"])
        yield Endpoint(name, method, path, tuple(rows))


ENDPOINTS: Final[Mapping[str, Endpoint]] = {one.name: one for one in _read()}
"""Every endpoint of the table, by its name."""
