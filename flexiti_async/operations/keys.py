"""Idempotency keys, and the ids of operations."""

import hashlib
import json
import uuid
from typing import Final
from urllib.parse import urlsplit

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.call import OperationKind
from flexiti_async.protocol.validators import REQUIRED, WRONG_FORMAT
from flexiti_async.store.interface import JOURNAL_PREFIX

__all__ = [
    "ACCOUNT_PREFIX",
    "IdempotencyKey",
    "account_key",
    "default_account",
    "idempotency_key_of",
    "operation_id",
    "reference_of",
    "store_key",
]

IdempotencyKey = str | int | uuid.UUID
"""The shop's own name for what is paid for: the id of an order, a shipment, a return."""

ACCOUNT_PREFIX: Final = "flexiti-account-"
"""Prefix of the keys of the records that accounts have in their journal."""
_LONGEST: Final = 255
_LONGEST_REFERENCE: Final = 40
_MOST_BITS: Final = 1024
"""More than any number of 255 digits has; Python does not write numbers of 4,300 digits."""
_RULE: Final = "must be 1 to 255 printable ASCII characters without blanks at its ends"


def idempotency_key_of(value: IdempotencyKey) -> str:
    """
    Return a key as text: `17` and `"17"` are one key.

    Raises:
        ValidationError: It is not 1 to 255 printable ASCII characters, an int or a UUID.
    """
    given = _checked(value)
    if isinstance(given, str):
        text = "".join(given)  # a plain str of a subclass
    elif isinstance(given, int):
        text = f"{int(given):d}" if given.bit_length() <= _MOST_BITS else "0" * (_LONGEST + 1)
    else:
        text = str(given)
    if not text:
        raise ValidationError(field_errors=[FieldError("idempotency_key", REQUIRED, None, _RULE)])
    printable = text.isascii() and text.isprintable()
    if not printable or len(text) > _LONGEST or text != text.strip():
        shown = f"{len(text)} characters"
        raise ValidationError(
            field_errors=[FieldError("idempotency_key", WRONG_FORMAT, shown, _RULE)]
        )
    return text


def _checked(given: object) -> str | int | uuid.UUID:
    """Check the type of a key: callers without a type checker may pass anything."""
    if isinstance(given, str | int | uuid.UUID) and not isinstance(given, bool):
        return given
    problem, shown = (REQUIRED, None) if given is None else (WRONG_FORMAT, type(given).__name__)
    raise ValidationError(field_errors=[FieldError("idempotency_key", problem, shown, _RULE)])


def operation_id(account: str, kind: OperationKind, endpoint: str, idempotency_key: str) -> str:
    """
    Return the id of an operation: 32 hex digits, the same in every process and for ever.

    No secret, no login and no path is in it, or a rotation would forget every operation.

    Args:
        account: The account's stable name.
        kind: The kind; keys of different kinds are different.
        endpoint: Name of the endpoint; it counts for `OperationKind.OTHER` only.
        idempotency_key: The key as text.
    """
    name = f"{kind.value} {endpoint}" if kind is OperationKind.OTHER else kind.value
    text = json.dumps([account, name, idempotency_key]).encode()
    return hashlib.sha256(text).hexdigest()[:32]


def store_key(identity: str) -> str:
    """Return the store key of an operation."""
    return JOURNAL_PREFIX + identity


def account_key(account: str) -> str:
    """Return the store key of the record that an account has in its journal."""
    return ACCOUNT_PREFIX + hashlib.sha256(json.dumps(account).encode()).hexdigest()[:40]


def reference_of(key: IdempotencyKey, given: str | None) -> str | None:
    """
    Return the `reference` to send: the caller's, or the key where it fits.

    A reference is what an operation is found by in Flexiti's lists; it has 40 characters at most.

    Raises:
        ValidationError: The key is not valid.
    """
    text = idempotency_key_of(key)
    return text if given is None and len(text) <= _LONGEST_REFERENCE else given


def default_account(environment: str | None, base_url: str, client_id: str) -> str:
    """Return the account's name if none is configured: environment or origin, and client id."""
    parts = urlsplit(base_url)
    return f"{environment or f'{parts.scheme}://{parts.netloc}'} {client_id}"
