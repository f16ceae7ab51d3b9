"""
JSON to bytes and back, digit for digit.

Money is `Decimal` both ways: the decoder never makes a float. A `Secret` in a body is revealed
here, into the bytes of the request, and nowhere before.
"""

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, cast

import msgspec

from flexiti_async.protocol.secret import Secret

__all__ = ["UnfitError", "decode", "encode"]


class UnfitError(ValueError):
    """
    JSON that does not fit the type asked for.

    Attributes:
        place: JSON path of the first fault, such as `$.form_values.province`, and what is wrong.
    """

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


_decode: Final[Callable[[bytes], object]] = msgspec.json.Decoder(float_hook=Decimal).decode
_encoder: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=_reveal)


def decode(body: bytes) -> object:
    """Read JSON; numbers with a point are `Decimal`. Raises UnfitError without the content."""
    fault = "not JSON"
    try:
        return _decode(body)
    except (ValueError, ArithmeticError, RecursionError):
        # msgspec's DecodeError and UnicodeDecodeError are ValueErrors; Decimal's are not.
        pass
    raise UnfitError(fault)


def encode(value: object) -> bytes:
    """Write JSON. Raises ValueError for a number that JSON does not have."""
    body = _encoder.encode(value)
    # Decimals are written as NaN, floats as null: look only if one of them can be meant.
    # (`find`, because `in` tries first whether the text is a number, at twice the cost.)
    suspicious = body.find(b"null") >= 0 or body.find(b"NaN") >= 0 or body.find(b"Infinity") >= 0
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
