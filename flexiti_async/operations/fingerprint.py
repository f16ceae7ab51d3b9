"""
The fingerprint of an operation: one idempotency key names one thing to pay for.

It is salted per record, so that it survives every rotation of keys and reveals nothing, and it
covers the fields of `COMPARED` only: what moves the money, never proofs and presentation. So a
second tab, a new code at the till or another language is the same operation.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, cast

from flexiti_async.protocol.call import BaseCall, OperationCall, OperationKind
from flexiti_async.protocol.secret import Secret

__all__ = ["COMPARED", "UNKNOWN_FIELDS", "compared_fields", "fingerprint_of", "is_same"]

COMPARED: Final[Mapping[OperationKind, tuple[str, ...]]] = {
    OperationKind.AUTHORIZE: (
        "account_number",
        "amount",
        "auto_capture",
        "financing_option.transaction_type",
        "financing_option.plan_id",
        "financing_option.term",
    ),
    # Whom it is for. Other corrections need a new key once an application has been decided.
    OperationKind.APPLY: ("*.first_name", "*.last_name", "*.dob"),
    OperationKind.CAPTURE: ("authorization_id", "amount"),
    OperationKind.RELEASE: ("authorization_id", "amount"),
    OperationKind.RETURN: ("authorization_id", "capture_id", "amount", "full_return"),
    OperationKind.REFUND: ("account_number", "amount", "capture_id"),
    OperationKind.TRANSACTION: (
        "transaction_type",
        "amount",
        "account_number",
        "vcc_number",
        "customer_id",
    ),
}
"""
Names in the call's path and body, by kind; dots mean nesting, `*.` any nesting: the body of apply
is UNKNOWN.
"""

_VERSION: Final = "1"
UNKNOWN_FIELDS: Final = "0:"
"""The fingerprint of an operation that somebody has entered by hand: the same as every other."""


def compared_fields(call: OperationCall[object]) -> dict[str, object]:
    """Return the compared fields of a call; of a call built by hand, all of path and body."""
    names = COMPARED.get(call.kind)
    if names is None:
        return {"path": _plain(dict(call.path_values)), "body": _plain(call.body)}
    return {name: _plain(_value(call, name)) for name in names}


def fingerprint_of(fields: Mapping[str, object], salt: str) -> str:
    """Return the fingerprint: version, colon, SHA-256 in hex, keyed with the record's salt."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    digest = hmac.new(salt.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"{_VERSION}:{digest.hexdigest()}"


def is_same(recorded: str, fields: Mapping[str, object], salt: str) -> bool:
    """
    Whether a recorded fingerprint is of these fields.

    One of another version cannot be compared: it counts as the same, so the operation is replayed
    and never executed again.
    """
    if not recorded.startswith(f"{_VERSION}:"):
        return True
    return hmac.compare_digest(recorded, fingerprint_of(fields, salt))


def _value(call: BaseCall[object], name: str) -> object:
    if name in call.path_values:
        return call.path_values[name]
    if name.startswith("*."):
        return _anywhere(call.body, name[2:])
    value: object = call.body
    for part in name.split("."):
        members = _members(value)
        if members is None:
            return None
        value = members.get(part)
    return value


def _anywhere(value: object, name: str) -> object:
    """Return the member of this name, at the least depth; None without one."""
    level = [value]
    while level:
        objects = [members for one in level if (members := _members(one)) is not None]
        for one in objects:
            if name in one:
                return one[name]
        level = [inner for one in objects for inner in one.values()]
    return None


def _members(value: object) -> Mapping[str, object] | None:
    """Return a JSON object; None for any other value."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def _plain(value: object) -> object:
    """Return a JSON value that is the same for equal meanings: `10`, `"10"` and `10.00` dollars."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        text = format(Decimal(str(value)), "f")
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
    members = _members(value)
    if members is not None:
        return {str(name): _plain(item) for name, item in members.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[object]", value)]
    return str(value)
