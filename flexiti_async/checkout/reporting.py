"""Turns the steps of a checkout into events; the types are in `events/checkouts.py`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypedDict

from flexiti_async.api.widget import Flow
from flexiti_async.api.widget_reactions import Reaction
from flexiti_async.checkout.state import CheckoutState
from flexiti_async.errors import (
    AccountNotUsable,
    ApplicationDeclined,
    CreditExceeded,
    FlexitiError,
    NotVerified,
)
from flexiti_async.events.checkouts import (
    CheckoutApplied,
    CheckoutAuthorized,
    CheckoutCancelled,
    CheckoutDeclined,
    CheckoutEvent,
    CheckoutFailed,
    CheckoutVerified,
)
from flexiti_async.operations.record import OperationRecord
from flexiti_async.operations.recorded_errors import refusal_error
from flexiti_async.protocol.call import OperationKind

__all__ = ["Facts", "event_of_end", "event_of_reaction", "facts_of"]

_DECLINED: Final = (AccountNotUsable, ApplicationDeclined, CreditExceeded, NotVerified)
"""The refusals that are about the customer; all others are about the shop or the request."""

_OF_REACTION: Final[Mapping[Reaction, type[CheckoutEvent]]] = MappingProxyType(
    {
        Reaction.AUTHORIZE: CheckoutVerified,
        Reaction.APPLY: CheckoutVerified,
        Reaction.CANCELLED: CheckoutCancelled,
    }
)
_FAILED: Final = frozenset({Reaction.FAILED, Reaction.RETRY})


class Facts(TypedDict):
    """The fields of every event of a checkout."""

    reference_id: str
    idempotency_key: str
    in_store: bool
    flow: str | None
    seconds: float


def facts_of(state: CheckoutState, seconds: float) -> Facts:
    """Return the fields of every event of a checkout that was started some seconds ago."""
    return {
        "reference_id": state.reference_id,
        "idempotency_key": state.idempotency_key,
        "in_store": state.in_store,
        "flow": Flow.PURCHASE.value if state.in_store else state.flow,
        "seconds": seconds,
    }


def event_of_reaction(reaction: Reaction, facts: Facts) -> CheckoutEvent:
    """Return the event of a widget's outcome other than UNKNOWN, which changes no step."""
    kind = _OF_REACTION.get(reaction)
    if kind is not None:
        return kind(**facts)
    if reaction in _FAILED:
        return CheckoutFailed(**facts, reason=reaction.value)
    return CheckoutDeclined(**facts, reason=reaction.value)


def event_of_end(
    end: OperationRecord | FlexitiError, facts: Facts, *, captured: bool
) -> CheckoutEvent | None:
    """
    Return the event of an operation that has ended; None if its refusal is not a decline.

    Args:
        end: The record of one that ran, or the error of one that did not.
        facts: The fields of every event.
        captured: The call asked for a capture, too.
    """
    error: FlexitiError | None = None
    if isinstance(end, FlexitiError):
        error = end
    elif end.refused is not None:
        error = refusal_error(end.refused, end)
    if isinstance(error, _DECLINED):
        return CheckoutDeclined(**facts, reason=type(error).__name__)
    if isinstance(end, FlexitiError):
        return None
    if end.kind is OperationKind.AUTHORIZE:
        return CheckoutAuthorized(**facts, captured=captured or end.capture_id is not None)
    return CheckoutApplied(**facts)
