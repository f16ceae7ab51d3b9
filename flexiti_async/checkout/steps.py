"""
The state machine of a checkout: the calls allowed at each step, what they require, where they lead.

Three flows share it: a purchase and an application online (spec section 7.5), a purchase in store.
Each ends with its operation, `authorize` or `apply`. The journal of operations is asked before this
table: what is done returns its recorded answer at any step, and while an outcome is unknown only
`plans` and the operation itself are allowed.

The table only forbids calls that the API is known to reject, with two exceptions: one authorization
per checkout, and one outcome per widget session.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from flexiti_async.checkout.state import CheckoutState, Step
from flexiti_async.protocol.call import OperationKind

__all__ = ["ENDS_AT", "NEXT_STEPS", "OPERATIONS", "TABLE", "Row", "missing", "row_of"]


@frozen
class Row:
    """
    One row of the table.

    Attributes:
        at: The step at which the call is allowed.
        method: Name of the checkout's method.
        to: The step that it leads to.
        outcome: The outcome that leads there; empty if the call has only one.
        needs: Names of the fields of `CheckoutState` that must be known.
        operation: Kind of the operation that the call is, if it must not run twice.
    """

    at: Step
    method: str
    to: Step
    outcome: str = ""
    needs: tuple[str, ...] = ()
    operation: OperationKind | None = None


_ONLINE: Final = ("account_number", "session_id")
_COUNTER: Final = ("account_number", "request_id")
_ACCOUNT: Final = ("account_number",)
_APPLY: Final = OperationKind.APPLY
_AUTHORIZE: Final = OperationKind.AUTHORIZE

TABLE: Final = (
    # Online. A customer who goes back and pays again gets a new widget session in the same flow.
    Row(Step.OPEN, "init_widget", Step.WIDGET),
    Row(Step.WIDGET, "init_widget", Step.WIDGET),
    Row(Step.STOPPED, "init_widget", Step.WIDGET),
    Row(Step.VERIFIED, "init_widget", Step.WIDGET),
    Row(Step.READY_TO_APPLY, "init_widget", Step.WIDGET),
    # The outcomes are the values of `Reaction`.
    Row(Step.WIDGET, "handle_event", Step.VERIFIED, "authorize"),
    Row(Step.WIDGET, "handle_event", Step.READY_TO_APPLY, "apply"),
    Row(Step.WIDGET, "handle_event", Step.STOPPED, "activate"),
    Row(Step.WIDGET, "handle_event", Step.STOPPED, "pay_otherwise"),
    Row(Step.WIDGET, "handle_event", Step.STOPPED, "new_application"),
    Row(Step.WIDGET, "handle_event", Step.STOPPED, "stop"),
    Row(Step.WIDGET, "handle_event", Step.STOPPED, "retry"),
    Row(Step.WIDGET, "handle_event", Step.STOPPED, "cancelled"),
    Row(Step.WIDGET, "handle_event", Step.STOPPED, "failed"),
    Row(Step.WIDGET, "handle_event", Step.WIDGET, "unknown"),
    Row(Step.READY_TO_APPLY, "apply", Step.APPLIED, needs=("session_id",), operation=_APPLY),
    Row(Step.VERIFIED, "plans", Step.VERIFIED, needs=_ACCOUNT),
    Row(Step.VERIFIED, "authorize", Step.AUTHORIZED, needs=_ONLINE, operation=_AUTHORIZE),
    # In store. The customer may show another card, and ask for another code.
    Row(Step.IN_STORE, "lookup", Step.ACCOUNT_FOUND),
    Row(Step.ACCOUNT_FOUND, "lookup", Step.ACCOUNT_FOUND),
    Row(Step.CODE_SENT, "lookup", Step.ACCOUNT_FOUND),
    Row(Step.ACCOUNT_FOUND, "plans", Step.ACCOUNT_FOUND, needs=_ACCOUNT),
    Row(Step.CODE_SENT, "plans", Step.CODE_SENT, needs=_ACCOUNT),
    Row(Step.ACCOUNT_FOUND, "verify", Step.CODE_SENT, needs=_ACCOUNT),
    Row(Step.CODE_SENT, "verify", Step.CODE_SENT, needs=_ACCOUNT),
    Row(Step.CODE_SENT, "authorize", Step.AUTHORIZED, needs=_COUNTER, operation=_AUTHORIZE),
)
"""Every row."""

NEXT_STEPS: Final[Mapping[Step, frozenset[str]]] = MappingProxyType(
    {step: frozenset(row.method for row in TABLE if row.at is step) for step in Step}
)
"""Names of the methods that are allowed at each step, data aside."""

OPERATIONS: Final[Mapping[Step, OperationKind]] = MappingProxyType(
    {row.at: row.operation for row in TABLE if row.operation is not None}
)
"""The steps whose operation may have been sent, and its kind."""

ENDS_AT: Final[Mapping[OperationKind, Step]] = MappingProxyType(
    {row.operation: row.to for row in TABLE if row.operation is not None}
)
"""The step that follows an operation that ran."""


def row_of(step: Step, method: str, outcome: str = "") -> Row:
    """
    Return the row of a call that `NEXT_STEPS` allows, or of one of its outcomes.

    Raises:
        LookupError: The table has no such row.
    """
    for row in TABLE:
        if row.at is step and row.method == method and outcome in {"", row.outcome}:
            return row
    msg = f"{method} has no outcome {outcome!r} at {step.value}"
    raise LookupError(msg)


def missing(row: Row, state: CheckoutState) -> list[str]:
    """
    Return the names of the fields that a call requires and the checkout does not know.

    An old widget has no session.
    """
    return [
        name
        for name in row.needs
        if getattr(state, name) is None and not (name == "session_id" and state.old_widget)
    ]
