"""Objects that a browser has posted: bounded in size and depth, strict JSON, one typed error."""

import json
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, NoReturn, cast

from flexiti_async.errors import FieldError
from flexiti_async.protocol.validators import INVALID, LENGTH, WRONG_FORMAT

__all__ = ["object_of"]

LARGEST: Final = 16 * 1024
"""Bytes of JSON text. The largest event of spec section 7.3 has some 300."""
DEEPEST: Final = 8
_MOST_VALUES: Final = 1000
_PLACE: Final = "$"


class _UnfitError(ValueError):
    """Something in it cannot be taken; the text is one of the API's words for faults."""


def object_of(untrusted: object) -> dict[str, object] | FieldError:
    """
    Make a plain dict of JSON text, or of an object that somebody else has decoded.

    Numbers with a point in JSON text become `Decimal`. What is given is copied, so nobody changes
    it later.

    Returns:
        The dict; or the fault, without any value: larger than 16 KiB, deeper than 8, no strict
        JSON (a name twice, NaN, broken UTF-8), no object, or values that JSON does not have. It
        raises nothing, so that no traceback shows what was posted.
    """
    try:
        plain = _Copy().of(_decoded(untrusted), DEEPEST)
        if isinstance(plain, dict):
            return cast("dict[str, object]", plain)
        fault = WRONG_FORMAT
    except _UnfitError as error:
        fault = str(error)
    except Exception:  # noqa: BLE001 - a foreign mapping raises what it likes
        fault = WRONG_FORMAT
    return FieldError(_PLACE, fault)


def _decoded(untrusted: object) -> object:
    if isinstance(untrusted, str):
        if len(untrusted) > LARGEST:
            raise _UnfitError(LENGTH)
        untrusted = untrusted.encode()
    if not isinstance(untrusted, bytes):
        return untrusted
    if len(untrusted) > LARGEST:
        raise _UnfitError(LENGTH)
    # Not left to json.loads: it would take UTF-16 and UTF-32 as well.
    return cast(
        "object",
        json.loads(
            untrusted.decode(),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=Decimal,
        ),
    )


def _unique(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    # Which of two a reader takes differs from reader to reader: nobody honest writes them.
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _UnfitError(INVALID)
        found[name] = value
    return found


def _no_constant(_: str) -> NoReturn:
    raise _UnfitError(WRONG_FORMAT)


class _Copy:
    """Copy what JSON can say, and count."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES
        self._room = LARGEST

    def of(self, value: object, depth: int) -> object:
        """Copy a value; raises _UnfitError, and whatever a foreign mapping raises."""
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
            return value
        if value is None or type(value) in {bool, int}:
            return value
        if isinstance(value, float | Decimal) and math.isfinite(value):
            return value
        raise _UnfitError(WRONG_FORMAT)
