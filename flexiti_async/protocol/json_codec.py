"""
JSON encoding and decoding, exact to the digit.

Money is `Decimal` both ways: the decoder never returns a float. A `Secret` in a body is revealed
here, into the bytes of the request, and nowhere before.
"""

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, cast

import msgspec

from flexiti_async.protocol.secret import Secret

__all__ = ["BoundError", "UnfitError", "bounded_decimal", "decode", "encode"]


class UnfitError(ValueError):
    """
    JSON that does not match the expected type.

    Attributes:
        place: The first problem and its JSON path: `required field missing at $.url`.
    """

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


class BoundError(ValueError):
    """A value beyond the limits on answers; the text does not contain it."""


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, str):  # of a subclass, such as Markup of MarkupSafe
        return "".join(value)
    raise NotImplementedError


def bounded_decimal(text: str) -> Decimal:
    """
    Read a number with a point or an exponent.

    Raises:
        BoundError: It has more than 400 digits before or after the point: written out, a number of
            ten characters, such as 1e80000000, has any length.
    """
    # Nearly every number is short and has no exponent.
    if len(text) <= _MOST_DIGITS and "e" not in text and "E" not in text:
        return Decimal(text)
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    good = isinstance(exponent, int) and exponent >= -_MOST_DIGITS
    if not good or value.adjusted() > _MOST_DIGITS:
        msg = "number of too many digits"
        raise BoundError(msg)
    return value


_MOST_DIGITS: Final = 400
_DEEPEST: Final = 64
_decode: Final[Callable[[bytes], object]] = msgspec.json.Decoder(float_hook=bounded_decimal).decode
_encoder: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=_reveal)


def decode(body: bytes) -> object:
    """
    Decode JSON; numbers with a point become `Decimal`.

    Raises:
        UnfitError: It is not JSON, has a number of more than 400 digits before or after the point,
            or is nested deeper than 64. The error does not contain the content.
    """
    problem = "not JSON"
    try:
        value = _decode(body)
        # Most bodies are one object without lists, and nearly every other one has fewer brackets
        # than the limit, so it cannot be deeper.
        is_flat = not body.rpartition(b"{")[0] and not body.partition(b"[")[1]
        if is_flat or body.count(b"[") + body.count(b"{") <= _DEEPEST or not _is_deep(value):
            return value
        problem = "nested too deep"
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        # UnicodeDecodeError is a ValueError, and so is msgspec's own since 0.21; Decimal's is not.
        pass
    raise UnfitError(problem)


def _is_deep(value: object) -> bool:
    """Whether a value is nested deeper than the limit; level by level, without recursion."""
    level: list[object] = [value]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += cast("dict[str, object]", item).values()
            elif isinstance(item, list):
                inner += cast("list[object]", item)
        level = inner
    return any(isinstance(item, dict | list) for item in level)


def encode(value: object) -> bytes:
    """Encode JSON. Raises ValueError for NaN and Infinity."""
    body = _encoder.encode(value)
    # msgspec writes such a Decimal as NaN, such a float as null: search only if one is there.
    # (`partition`, because `find` and `in` take several times as long to look at their argument.)
    suspicious = (
        body.partition(b"null")[1] or body.partition(b"NaN")[1] or body.partition(b"Infinity")[1]
    )
    if suspicious and not _is_finite(value):
        msg = "JSON has no NaN and no Infinity"
        raise ValueError(msg)
    return body


def _is_finite(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, Mapping):
        return all(_is_finite(item) for item in cast("Mapping[str, object]", value).values())
    if isinstance(value, list | tuple):
        return all(_is_finite(item) for item in cast("list[object]", value))
    return not isinstance(value, float) or math.isfinite(value)
