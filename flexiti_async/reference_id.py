"""The `x-reference-id` of a flow: drawn, or given by the shop and checked."""

import os
import re
from typing import Final

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.sansio.rules import WRONG_FORMAT

__all__ = ["new_reference_id", "reference_id_of"]

_GUID: Final = re.compile(
    r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII
)

_FREE_BITS: Final = (1 << 128) - 1 & ~(0xF << 76) & ~(0x3 << 62)
_VERSION_4: Final = 4 << 76 | 2 << 62


def new_reference_id() -> str:
    """
    Draw one: a GUID as 32 hex digits, which is the API's ASCII(32), too (spec section 8).

    The bits are those of `uuid.uuid4()` (RFC 9562 section 5.4), at a third of its cost: every call
    without a flow of its own draws one.
    """
    bits = int.from_bytes(os.urandom(16))
    return f"{bits & _FREE_BITS | _VERSION_4:032x}"


def reference_id_of(given: str | None) -> str:
    """
    Check a caller's `x-reference-id`, or draw one.

    32 hex digits, or the usual form of a GUID with its 36 characters (spec section 8 row 6).

    Raises:
        ValidationError: It is neither.
    """
    if given is None:
        return new_reference_id()
    if _GUID.fullmatch(given):
        return given
    raise ValidationError(
        field_errors=[FieldError("x-reference-id", WRONG_FORMAT, f"{len(given)} characters")]
    )
