"""The `x-reference-id` of a flow: drawn, or given by the shop and checked."""

import os
import re
from typing import Final

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.validators import WRONG_FORMAT

__all__ = ["new_reference_id", "reference_id_of"]

_GUID: Final = re.compile(
    r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII
)


def new_reference_id() -> str:
    """
    Draw one: a GUID as 32 hex digits, which is the API's ASCII(32), too (spec section 8).

    The bits are those of `uuid.uuid4()` (RFC 9562 section 5.4), at a third of its cost: every call
    without a flow of its own draws one.
    """
    octets = bytearray(os.urandom(16))
    octets[6] = octets[6] & 0x0F | 0x40  # version 4
    octets[8] = octets[8] & 0x3F | 0x80  # the variant of the RFC
    return octets.hex()


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
