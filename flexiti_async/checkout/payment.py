"""The authorization of a purchase, online and in store."""

from typing import Final

from attrs import evolve

from flexiti_async.api.authorizations import Authorization
from flexiti_async.checkout.flow import Flow
from flexiti_async.checkout.state import CheckoutState
from flexiti_async.protocol.call import OperationCall, OperationKind

__all__ = ["pay", "reference_of"]

_LONGEST_REFERENCE: Final = 40
"""Characters of `reference` in the API's table (spec section 5.12)."""


def reference_of(given: str | None, state: CheckoutState) -> str | None:
    """Return the order number to send: the shop's, or the idempotency key where it fits."""
    key = state.idempotency_key
    return given if given or len(key) > _LONGEST_REFERENCE else key


async def pay(
    flow: Flow, call: OperationCall[Authorization] | None, *, confirmed: bool
) -> Authorization:
    """
    Make the authorization of a flow.

    Args:
        flow: The flow.
        call: The call; None if the flow lacks data for it.
        confirmed: The shop has named the account.
    """
    if call is None:
        raise await flow.not_ready(OperationKind.AUTHORIZE)
    if not confirmed:
        await flow.require_trusted_account()
    return await flow.operate(call, _add_answer)


def _add_answer(after: CheckoutState, answer: Authorization) -> CheckoutState:
    return evolve(after, authorization_id=answer.authorization_id, capture_id=answer.capture_id)
