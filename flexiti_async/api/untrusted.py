"""JSON objects posted by a browser: strict, bounded in size and depth, one typed error."""

import json
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, NoReturn, cast

from flexiti_async.errors import FieldError
from flexiti_async.protocol.json_codec import bounded_decimal
from flexiti_async.protocol.validators import INVALID, LENGTH, WRONG_FORMAT

__all__ = ["object_of"]

LARGEST: Final = 16 * 1024
"""Bytes of JSON text. The largest event of spec section 7.3 has about 300."""
DEEPEST: Final = 8
_MOST_VALUES: Final = 1000
_PLACE: Final = "$"


class _UnfitError(ValueError):
    """Unacceptable content; the text is the API's word for the problem."""


def object_of(untrusted: object) -> dict[str, object] | FieldError:
    """
    Return a plain dict from JSON text, or from an object that a web framework has decoded.

    Numbers with a point in JSON text become `Decimal`. The input is copied, so later changes to it
    have no effect.

    Returns:
        The dict; or the problem, without any value: larger than 16 KiB, deeper than 8, not strict
        JSON (a duplicate name, NaN, broken UTF-8), not an object, or values that JSON does not
        have. It never raises, so that no traceback shows the posted data.
    """
    try:
        plain = _Copy().of(_decoded(untrusted), DEEPEST)
        if isinstance(plain, dict):
            return cast("dict[str, object]", plain)
        problem = WRONG_FORMAT
    except _UnfitError as error:
        problem = str(error)
    except Exception:  # noqa: BLE001 - a foreign mapping may raise anything
        problem = WRONG_FORMAT
    return FieldError(_PLACE, problem)


def _decoded(untrusted: object) -> object:
    if isinstance(untrusted, str):
        if len(untrusted) > LARGEST:
            raise _UnfitError(LENGTH)
        untrusted = untrusted.encode()
    if not isinstance(untrusted, bytes):
        return untrusted
    if len(untrusted) > LARGEST:
        raise _UnfitError(LENGTH)
    # Not left to json.loads, which also accepts UTF-16 and UTF-32.
    return cast(
        "object",
        json.loads(
            untrusted.decode(),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=bounded_decimal,
        ),
    )


def _unique(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    # Parsers differ on which duplicate wins, so duplicates are suspicious.
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _UnfitError(INVALID)
        found[name] = value
    return found


def _no_constant(_: str) -> NoReturn:
    raise _UnfitError(WRONG_FORMAT)


class _Copy:
    """Copies JSON values within the limits."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES
        self._room = LARGEST

    def of(self, value: object, depth: int) -> object:
        """Copy a value; raise _UnfitError, or any error of a foreign mapping."""
        self._left -= 1
        if self._left < 0:
            raise _UnfitError(LENGTH)
        if isinstance(value, Mapping | list | tuple):
            if depth == 0:
                raise _UnfitError(INVALID)
            if isinstance(value, Mapping):
                members = cast("Mapping[object, object]", value).items()
                return {self._name(name): self.of(item, depth - 1) for name, item in members}
            return [self.of(item, depth - 1) for item in cast("list[object]", value)]
        return self._plain(value)

    def _name(self, name: object) -> str:
        if not isinstance(name, str):
            raise _UnfitError(WRONG_FORMAT)
        return cast("str", self._plain(name))

    def _plain(self, value: object) -> object:
        if type(value) is str:
            self._room -= len(value)
            if self._room < 0:
                raise _UnfitError(LENGTH)
            value.encode()  # raises for half of a surrogate pair, which no store and no log takes
            return value
        if value is None or type(value) in {bool, int}:
            return value
        if isinstance(value, float | Decimal) and math.isfinite(value):
            return value
        raise _UnfitError(WRONG_FORMAT)
