"""Records of operations, for tests of the pure parts."""

from typing import Any

from flexiti_async.operations.fingerprint import fingerprint_of
from flexiti_async.operations.keys import store_key
from flexiti_async.operations.record import OperationRecord, Phase
from flexiti_async.protocol.call import OperationKind

SALT = "5a17"
FIELDS: dict[str, object] = {"amount": "10"}
OPERATION_ID = "0123456789abcdef0123456789abcdef"
KEY = store_key(OPERATION_ID)


def record(**changes: Any) -> OperationRecord:
    """Build a pending record, with changes."""
    given: dict[str, Any] = {
        "key": KEY,
        "kind": OperationKind.CAPTURE,
        "endpoint": "authorization/capture",
        "account": "shop",
        "idempotency_key": "order-9",
        "phase": Phase.PENDING,
        "salt": SALT,
        "fingerprint": fingerprint_of(FIELDS, SALT),
        "reference_id": "f" * 32,
        "began": 1_800_000_000.0,
        "deadline": 22.0,
        "writer": "host process 1",
        **changes,
    }
    return OperationRecord(**given)
