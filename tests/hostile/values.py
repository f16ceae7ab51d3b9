"""Values of every kind that an argument can have by mistake or by malice."""

import datetime
import decimal
import enum
import math
import uuid
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final, NoReturn

from flexiti_async import Secret

__all__ = ["HOSTILE", "Raising"]


class Raising:
    """An object that raises whatever is done with it."""

    def _raise(self, *_: object) -> NoReturn:
        msg = "a hostile object"
        raise LookupError(msg)

    __str__ = __repr__ = __bool__ = __hash__ = __len__ = __iter__ = __index__ = _raise
    __eq__ = __lt__ = __getitem__ = __format__ = __float__ = __int__ = __contains__ = _raise


class RaisingMapping(Mapping[str, object]):
    """A mapping that raises when it is read."""

    def __getitem__(self, key: str) -> object:
        raise LookupError(key)

    def __iter__(self) -> Iterator[str]:
        msg = "a hostile mapping"
        raise LookupError(msg)

    def __len__(self) -> int:
        return 1


class Word(enum.Enum):
    """An enumeration of somebody else."""

    WORD = "word"


def deep() -> list[object]:
    """Nest lists as deep as no stack is."""
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


def endless() -> dict[str, object]:
    """Return a mapping that contains itself."""
    itself: dict[str, object] = {}
    itself["itself"] = itself
    return itself


_DEEP: Final = deep()
HOSTILE: Final[Mapping[str, Callable[[], object]]] = {
    "None": lambda: None,
    "true": lambda: True,
    "false": lambda: False,
    "zero": lambda: 0,
    "negative": lambda: -1,
    "number of 5,000 digits": lambda: 10**5000,
    "float": lambda: 2.5,
    "NaN": lambda: math.nan,
    "infinity": lambda: math.inf,
    "decimal NaN": lambda: Decimal("NaN"),
    "signalling NaN": lambda: Decimal("sNaN"),
    "exponent": lambda: Decimal("1E+80000000"),
    "small exponent": lambda: Decimal("1E-80000000"),
    "empty text": lambda: "",
    "blank": lambda: " ",
    "NUL": lambda: "a\x00b",
    "line break": lambda: "a\r\nx: y",
    "surrogate": lambda: "\ud800",
    "invisible": lambda: "a\u202eb",
    "dots": lambda: "..",
    "slash": lambda: "../../x?y#z",
    "long text": lambda: "x" * 100_000,
    "digits": lambda: "9" * 5000,
    "Arabic digits": lambda: "\u0663\u0664",
    "exponent as text": lambda: "1e80000000",
    "bytes": lambda: b"x",
    "bytearray": lambda: bytearray(b"x"),
    "list": lambda: ["x"],
    "empty list": list,
    "list of itself": lambda: [endless()],
    "deep list": lambda: _DEEP,
    "tuple": lambda: ("a", "b"),
    "set": lambda: {"a"},
    "mapping": lambda: {"a": "b"},
    "empty mapping": dict,
    "mapping of numbers": lambda: {1: 2},
    "mapping of NaN": lambda: {"a": math.nan},
    "mapping of a surrogate": lambda: {"\ud800": "\ud800"},
    "mapping of objects": lambda: {"a": object()},
    "mapping of deep lists": lambda: {"a": _DEEP},
    "mapping of itself": endless,
    "raising mapping": RaisingMapping,
    "object": object,
    "raising object": Raising,
    "class": lambda: int,
    "function": lambda: len,
    "module": lambda: decimal,
    "uuid": lambda: uuid.UUID(int=5),
    "date": lambda: datetime.date(9999, 12, 31),
    "datetime": lambda: datetime.datetime.max.replace(tzinfo=datetime.UTC),
    "word of another enumeration": lambda: Word.WORD,
    "secret": lambda: Secret("x"),
    "empty secret": lambda: Secret(""),
    "secret of a surrogate": lambda: Secret("\ud800"),
    "masked secret": lambda: f"{Secret('x')}",
    "exception": lambda: LookupError("x"),
    "iterator": lambda: iter(["x"]),
}
"""One value of each kind, made anew for each use."""
