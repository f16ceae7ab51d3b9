"""The `x-reference-id` of a flow: drawn, or given by the shop and checked."""

import os
import re
import uuid
from typing import Final

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.validators import WRONG_FORMAT

__all__ = ["ReferenceId", "new_reference_id", "reference_id_of"]

ReferenceId = str | uuid.UUID
"""A GUID: all of its spellings are one reference id."""

_GUID: Final = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
_RULE: Final = "must be a GUID: 32 hex digits, with or without dashes and braces"


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


def reference_id_of(given: ReferenceId | None) -> str:
    """
    Return a caller's `x-reference-id` as 32 hex digits in lower case, or draw one.

    Accepted are a `uuid.UUID` and every spelling of a GUID: 32 hex digits, 36 characters with
    dashes, either of them in braces, in upper or lower case (spec section 8 row 6).

    Raises:
        ValidationError: It is not a GUID.
    """
    if given is None:
        return new_reference_id()
    text = _text_of(given)
    bare = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    if _GUID.fullmatch(bare):
        return bare.replace("-", "").lower()
    shown = f"{len(text)} characters" if text else type(given).__name__
    raise ValidationError(field_errors=[FieldError("x-reference-id", WRONG_FORMAT, shown, _RULE)])


def _text_of(given: object) -> str:
    """Return its text; empty for other types, which callers without a type checker may pass."""
    return str(given) if isinstance(given, str | uuid.UUID) else ""
