"""
Calls that move money: idempotency keys, their journal, unknown outcomes.

`operations.py` is the face, `flexiti.operations`; `execution.py` makes one operation: claim, send,
record; `decision.py` says what a caller does with the record it finds.
"""

from flexiti_async.operations.operation import (
    CannotTell,
    Evidence,
    LookedUp,
    NotFoundAtFlexiti,
    Operation,
)
from flexiti_async.operations.operations import Operations
from flexiti_async.operations.record import Phase, Refusal
from flexiti_async.protocol.call import OperationKind

__all__ = [
    "CannotTell",
    "Evidence",
    "LookedUp",
    "NotFoundAtFlexiti",
    "Operation",
    "OperationKind",
    "Operations",
    "Phase",
    "Refusal",
]
