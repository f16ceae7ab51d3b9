"""The authorization of a purchase, online and in store."""

from typing import NotRequired, TypedDict

from attrs import evolve

from flexiti_async.api.authorizations import Authorization
from flexiti_async.api.common import Language, LanguageWord
from flexiti_async.api.sku_data import SkuData
from flexiti_async.checkout.flow import Flow
from flexiti_async.checkout.state import CheckoutState
from flexiti_async.protocol.call import OperationCall, OperationKind
from flexiti_async.protocol.secret import Secret

__all__ = ["CounterPayment", "Payment", "pay"]


class Payment(TypedDict, total=False):
    """The arguments of `authorize`, but for the plan, which the type of the purchase decides."""

    auto_capture: bool
    term: int | str | None
    reference: str | None
    sku_data: SkuData | None
    vcc_number: Secret | str | None
    account_number: int | str | None
    lang: Language | LanguageWord


class CounterPayment(Payment):
    """The same in store."""

    external_location_id: str
    external_employee_id: str
    verification_code: NotRequired[Secret | int | str | None]


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
