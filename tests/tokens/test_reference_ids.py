"""A token request carries the reference id of the flow that needs the token."""

import pytest

from flexiti_async import ApplyWidget, PurchaseWidget, Scope
from flexiti_async.api.reference import i18n
from flexiti_async.errors import TokenUnavailable
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock

from ..checkout.test_checkout import APPLICANT
from ..conftest import MakeSession
from ..support.background import settle

TOKEN = "oauth/token"
ONE, OTHER = "1" * 32, "2" * 32


def references(sandbox: Sandbox) -> list[str | None]:
    """Return the reference ids of the token requests, in order."""
    return [call.reference_id for call in sandbox.requests if call.endpoint == TOKEN]


async def test_a_checkout_s_token_request_carries_its_reference_id(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Shared and dedicated, online and in store; one that causes no request has none to show."""
    session = make_session()
    one, two, three, four = (digit * 32 for digit in "1234")
    await session.checkout("order-1", reference_id=one)
    await session.checkout("order-2", reference_id=two)
    await session.checkout("order-3", reference_id=three, sharing="dedicated")
    await session.in_store_checkout("order-4", reference_id=four)

    assert [one, three, four] == references(sandbox)


async def test_a_one_shot_widget_s_token_request_carries_its_reference_id(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """For a purchase, and for an application, whose token is dedicated."""
    session = make_session()
    await session.init_widget(PurchaseWidget(account_number=20009100), reference_id=ONE)
    await session.init_widget(ApplyWidget(**APPLICANT), reference_id=OTHER)

    assert [ONE, OTHER] == references(sandbox)


async def test_a_call_s_token_request_carries_its_reference_id(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """A caller without a flow has none: the request then has one of its own."""
    session = make_session()
    await session.send(i18n(), reference_id=ONE)
    await session.token(Scope.MERCHANT)
    [first, second] = references(sandbox)

    assert ONE == first
    assert second not in {None, ONE}


async def test_a_private_token_and_a_failure_carry_it(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """So that support finds the request by the flow."""
    store = FaultyStore(clock.boot)
    store.down = True
    session = make_session(store=store, journal="memory://")
    await session.checkout("order-1", reference_id=ONE, resumable=False)
    sandbox.fail(TOKEN, status=500, times=None)
    with pytest.raises(TokenUnavailable) as caught:
        await make_session().checkout("order-2", reference_id=OTHER)

    assert [ONE, OTHER] == references(sandbox)
    assert OTHER == caught.value.reference_id


async def test_a_renewal_in_the_background_belongs_to_no_flow(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Whichever caller finds the token stale."""
    session = make_session()
    await session.send(i18n(), reference_id=ONE)
    clock.advance(1110)
    await session.send(i18n(), reference_id=OTHER)
    await settle()
    [first, second] = references(sandbox)

    assert ONE == first
    assert second not in {None, ONE, OTHER}
