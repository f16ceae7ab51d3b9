"""
The state machine of a checkout: the calls allowed at each step, what they require, where they lead.

Three flows share it: a purchase and an application online (spec section 7.5), a purchase in store.
A call that must not run twice leads through a step of its own, which is saved before the request is
sent: every process sees that the step is taken, and if the outcome is lost, it stays taken until
the shop settles it (`settle`).

The table only forbids calls that the API is known to reject, with three exceptions: one
authorization per checkout, one outcome per widget session, and one call at a time that moves
money.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from flexiti_async.checkout.state import CheckoutState, Step

__all__ = ["DID_NOT_RUN", "NEXT_STEPS", "RAN", "TABLE", "Row", "missing", "row_of"]

RAN: Final = "it ran"
DID_NOT_RUN: Final = "it did not run"


@frozen
class Row:
    """
    One row of the table.

    Attributes:
        at: The step at which the call is allowed.
        method: Name of the checkout's method.
        to: The step that it leads to.
        outcome: The outcome that leads there; empty if the call has only one.
        through: The step that is saved before the request is sent, for calls that must not run
            twice. If the API rejects the call, the checkout returns to `at`.
        needs: Names of the fields of `CheckoutState` that must be known.
    """

    at: Step
    method: str
    to: Step
    outcome: str = ""
    through: Step | None = None
    needs: tuple[str, ...] = ()


_ONLINE: Final = ("account_number", "session_id")
_COUNTER: Final = ("account_number", "request_id")
_ACCOUNT: Final = ("account_number",)
_AUTHORIZATION: Final = ("authorization_id",)

_ROWS: Final = (
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
    Row(Step.READY_TO_APPLY, "apply", Step.APPLIED, through=Step.APPLYING, needs=("session_id",)),
    Row(Step.VERIFIED, "plans", Step.VERIFIED, needs=_ACCOUNT),
    # In store. The customer may show another card, and ask for another code.
    Row(Step.IN_STORE, "lookup", Step.ACCOUNT_FOUND),
    Row(Step.ACCOUNT_FOUND, "lookup", Step.ACCOUNT_FOUND),
    Row(Step.CODE_SENT, "lookup", Step.ACCOUNT_FOUND),
    Row(Step.ACCOUNT_FOUND, "plans", Step.ACCOUNT_FOUND, needs=_ACCOUNT),
    Row(Step.CODE_SENT, "plans", Step.CODE_SENT, needs=_ACCOUNT),
    Row(Step.ACCOUNT_FOUND, "verify", Step.CODE_SENT, needs=_ACCOUNT),
    Row(Step.CODE_SENT, "verify", Step.CODE_SENT, needs=_ACCOUNT),
    # The purchase; with auto_capture nothing is left.
    *(
        Row(at, "authorize", to, outcome, Step.AUTHORIZING, needs)
        for at, needs in ((Step.VERIFIED, _ONLINE), (Step.CODE_SENT, _COUNTER))
        for to, outcome in ((Step.AUTHORIZED, "authorized"), (Step.CLOSED, "captured at once"))
    ),
    # The back office.
    *(
        Row(at, "capture", to, outcome, Step.CAPTURING, _AUTHORIZATION)
        for at in (Step.AUTHORIZED, Step.CAPTURED)
        for to, outcome in ((Step.CAPTURED, "something is left"), (Step.CLOSED, "nothing is left"))
    ),
    *(
        Row(at, "release", to, outcome, Step.RELEASING, _AUTHORIZATION)
        for at, to, outcome in (
            (Step.AUTHORIZED, Step.AUTHORIZED, "something is left"),
            (Step.AUTHORIZED, Step.RELEASED, "nothing is left"),
            (Step.CAPTURED, Step.CAPTURED, "something is left"),
            (Step.CAPTURED, Step.CLOSED, "nothing is left"),
        )
    ),
    *(
        Row(at, method, at, "", through, needs)
        for at in (Step.CAPTURED, Step.CLOSED)
        for method, through, needs in (
            ("return_capture", Step.RETURNING, _AUTHORIZATION),
            ("refund", Step.REFUNDING, _ACCOUNT),
        )
    ),
)


def _settle_rows() -> tuple[Row, ...]:
    """Derive the rows that settle a call whose outcome is unknown."""
    found: dict[tuple[Step, str, Step], Row] = {}
    for row in _ROWS:
        if row.through is not None:
            for outcome, to in ((RAN, row.to), (DID_NOT_RUN, row.at)):
                settled = Row(row.through, "settle", to, outcome)
                found.setdefault((row.through, outcome, to), settled)
    return tuple(found.values())


TABLE: Final = _ROWS + _settle_rows()
"""Every row."""

NEXT_STEPS: Final[Mapping[Step, frozenset[str]]] = MappingProxyType(
    {step: frozenset(row.method for row in TABLE if row.at is step) for step in Step}
)
"""Names of the methods that are allowed at each step, data aside."""


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
    """Return the names of the fields that a call requires and the checkout does not know."""
    return [name for name in row.needs if getattr(state, name) is None]
