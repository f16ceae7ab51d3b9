"""A checkout: one reference id, one pinned token, saved at each step, resumed in any process."""

import asyncio
import uuid
from typing import Any

import pytest

from flexiti_async import (
    ApplyWidget,
    CheckoutNotFound,
    FlexitiSession,
    OnlineCheckout,
    PurchaseWidget,
    Sharing,
    Step,
    StoreUnavailable,
    ValidationError,
)
from flexiti_async.api.merchants import merchants_login
from flexiti_async.api.widget import init_widget
from flexiti_async.errors import (
    CheckoutConflict,
    CheckoutExpired,
    CheckoutTokenRejected,
    MalformedAnswer,
    RecordUnreadable,
    ServerError,
    WrongInputs,
)
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import Entry
from flexiti_async.testing import FaultyStore, ManualClock
from flexiti_stores.memory import MemoryStore

from ..conftest import MakeSession
from ..support.keys import checkout_key

BUY = PurchaseWidget(account_number=20009100)
APPLICANT: dict[str, Any] = {
    "first_name": "Ada",
    "last_name": "Test",
    "dob": "1990-01-31",
    "postal_code": "k1a0b1",
    "email": "ada@example.com",
    "phone_number": 6135550100,
    "address_1": "1 Sample St",
    "city": "Ottawa",
    "province": "ON",
    "tos_agreement": True,
}
GUID = "0f0e0d0c-0b0a-4908-8706-050403020100"


async def test_a_checkout_carries_one_reference_id_and_one_token_through_its_calls(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The URL, every request and the checkout have the same reference id and token."""
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    await checkout.init_widget(BUY)

    calls = [request for request in sandbox.requests if request.endpoint == "widget/init"]
    assert [checkout.reference_id] * 3 == [widget.reference_id, *(c.reference_id for c in calls)]
    assert 1 == len({call.token_id for call in calls})
    assert checkout.token.access_token.reveal() in widget.redirection_url
    assert 32 == len(checkout.reference_id)


@pytest.mark.parametrize(
    "spelling",
    [
        GUID,
        GUID.upper(),
        GUID.replace("-", ""),
        "{" + GUID + "}",
        "{" + GUID.replace("-", "").upper() + "}",
        uuid.UUID(GUID),
    ],
)
async def test_every_spelling_of_a_guid_is_one_reference_id(
    session: FlexitiSession, sandbox: Sandbox, spelling: str | uuid.UUID
) -> None:
    """The shop's own GUID is sent as 32 hex digits, and every spelling finds the checkout."""
    checkout = await session.checkout("order-1", reference_id=GUID)
    widget = await session.init_widget(BUY, reference_id=spelling)
    resumed = await session.resume(spelling)
    sent = {call.reference_id for call in sandbox.requests if call.endpoint == "widget/init"}

    assert {uuid.UUID(GUID).hex} == {*sent, checkout.reference_id, resumed.reference_id}
    assert uuid.UUID(GUID).hex == widget.reference_id


@pytest.mark.parametrize(
    "bad",
    ["", "x" * 32, GUID + "\n", GUID[:-1], "{" + GUID, "{}", 17, b"0" * 32, f"urn:uuid:{GUID}"],
)
async def test_an_invalid_reference_id_is_rejected_before_any_request(
    session: FlexitiSession, sandbox: Sandbox, bad: str
) -> None:
    """An invalid reference id is rejected here, because the API would reject it later."""
    for attempt in (
        session.checkout("order-1", reference_id=bad),
        session.init_widget(BUY, reference_id=bad),
    ):
        with pytest.raises(ValidationError) as caught:
            await attempt
        assert ["x-reference-id"] == [fault.param for fault in caught.value.field_errors]

    assert 0 == len(sandbox.requests)


async def test_a_purchase_uses_the_shared_token_and_an_application_a_dedicated_one(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """By default a purchase uses the shared token, and an application a dedicated one."""
    buying = await session.checkout("order-1")
    applying = [await session.checkout("order-2") for _ in range(2)]
    await buying.init_widget(BUY)
    for checkout in applying:
        await checkout.init_widget(ApplyWidget(**APPLICANT))

    assert Sharing.SHARED is buying.sharing
    assert [Sharing.DEDICATED] * 2 == [checkout.sharing for checkout in applying]
    assert 3 == len({c.token.token_id for c in (buying, *applying)})
    assert 3 == sandbox.count("oauth/token")


async def test_sharing_can_be_chosen(session: FlexitiSession) -> None:
    """A purchase may use a dedicated token, and an application the shared one."""
    buying = await session.checkout("order-1", sharing="dedicated")
    applying = await session.checkout("order-2", sharing=Sharing.SHARED)
    await applying.init_widget(ApplyWidget(**APPLICANT))

    assert [Sharing.DEDICATED, Sharing.SHARED] == [buying.sharing, applying.sharing]
    assert buying.token.token_id != applying.token.token_id


async def test_a_checkouts_token_lives_for_the_flow(
    session: FlexitiSession, clock: ManualClock
) -> None:
    """The token lives for half of a lifetime by default, or for the caller's `flow_ttl`."""
    await session.token()
    clock.advance(700)
    half = await session.checkout("order-1")
    longer = await session.checkout("order-2", flow_ttl=1100)

    assert half.remaining >= 600
    assert longer.remaining >= 1100


async def test_resume_continues_in_another_process(
    session: FlexitiSession, make_session: MakeSession, clock: ManualClock
) -> None:
    """The reference id is all that the shop has to keep to resume a checkout."""
    started = await session.checkout("order-1")
    widget = await started.init_widget(BUY)
    clock.advance(100)

    resumed = await make_session().resume(started.reference_id)
    again = await resumed.init_widget(BUY)

    assert (Step.WIDGET, widget.session_id) == (started.step, started.session_id)
    assert started.token.token_id == resumed.token.token_id
    assert again.session_id == resumed.session_id
    assert 500.0 <= resumed.remaining <= 1100.0


async def test_a_checkout_expires_with_its_token(
    session: FlexitiSession, clock: ManualClock
) -> None:
    """After the token has expired, the checkout is not found."""
    checkout = await session.checkout("order-1")
    clock.advance(1200)

    with pytest.raises(CheckoutNotFound) as caught:
        await session.resume(checkout.reference_id)

    assert checkout.reference_id == caught.value.reference_id


async def test_an_unknown_reference_id_is_not_found(session: FlexitiSession) -> None:
    """A reference id that was only used by init_widget is unknown as well."""
    widget = await session.init_widget(BUY)

    for reference_id in (GUID, widget.reference_id or ""):
        with pytest.raises(CheckoutNotFound):
            await session.resume(reference_id)


async def test_two_processes_cannot_both_take_a_step(
    session: FlexitiSession, make_session: MakeSession
) -> None:
    """One of two processes takes the step, the other one gets CheckoutConflict."""
    started = await session.checkout("order-1")
    one = await make_session().resume(started.reference_id)
    other = await make_session().resume(started.reference_id)

    results = await asyncio.gather(
        one.init_widget(BUY), other.init_widget(BUY), return_exceptions=True
    )
    present = await session.resume(started.reference_id)

    conflicts = [isinstance(result, CheckoutConflict) for result in results]
    assert 1 == sum(conflicts)
    winner = results[conflicts.index(False)]
    assert present.session_id == getattr(winner, "session_id", None)


async def test_a_checkout_that_the_store_has_lost_is_saved_again(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """After an eviction or a failover the checkout goes on, and can be resumed."""
    store = FaultyStore(clock.boot)
    session = make_session(store=store)
    checkout = await session.checkout("order-1")
    store.evict()
    widget = await checkout.init_widget(BUY)

    assert widget.session_id == (await session.resume(checkout.reference_id)).session_id


async def test_a_checkout_that_is_not_resumable_does_not_use_the_store(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """With a warm token a checkout that is not resumable uses the journal only."""
    store = FaultyStore(clock.boot)
    session = make_session(store=store, journal=MemoryStore(clock=clock.boot))
    await session.token(min_ttl=None)
    store.operations.clear()
    checkout = await session.checkout("order-1", resumable=False)
    await checkout.init_widget(BUY)

    assert [] == store.operations


async def test_a_checkout_goes_on_unsaved_while_the_store_is_down(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """In degraded mode a journal elsewhere is enough; with `raise` the shop gets the error."""
    store, journal = FaultyStore(clock.boot), MemoryStore(clock=clock.boot)
    session = make_session(store=store, journal=journal)
    await session.token(min_ttl=None)
    strict = make_session(store=store, journal=journal, on_store_failure="raise")
    await strict.token(min_ttl=None)
    store.down = True

    widget = await (await session.checkout("order-1")).init_widget(BUY)
    with pytest.raises(StoreUnavailable):
        await strict.checkout("order-2")

    assert widget.session_id


async def test_a_rejected_token_is_replaced_before_the_first_call(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Before the first successful call, a rejected token is replaced, shared or dedicated."""
    await session.token(min_ttl=None)
    clock.advance(100)
    shared = await session.checkout("order-1")
    own = await session.checkout("order-2", sharing="dedicated")
    clock.advance(10)
    sandbox.revoke_all()

    widgets = [await checkout.init_widget(BUY) for checkout in (shared, own)]

    assert all(widget.session_id for widget in widgets)
    assert shared.token.token_id != own.token.token_id


async def test_a_rejected_token_ends_a_running_checkout(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A rejected token ends the checkout, and the next checkout has another token."""
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    clock.advance(100)
    sandbox.revoke_all()

    with pytest.raises(CheckoutTokenRejected) as caught:
        await checkout.init_widget(BUY)
    following = await session.checkout("order-2")

    assert checkout.reference_id == caught.value.reference_id
    assert checkout.token.token_id != following.token.token_id


async def test_a_new_token_that_is_rejected_ends_a_checkout_that_has_begun(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """One 401 does not prove that a new token is bad, but no other one can replace it here."""
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    sandbox.revoke_all()

    with pytest.raises(CheckoutTokenRejected):
        await checkout.init_widget(BUY)


async def test_an_error_of_the_api_does_not_change_the_step(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """An error of the API does not change the step, and the call may be repeated."""
    checkout = await session.checkout("order-1")
    sandbox.fail(
        "widget/init",
        status=409,
        times=1,
        body=b'{"error": "wrong_inputs", "message": "Some inputs are wrong!", '
        b'"field_errors": [{"param": "email", "msg": "invalid", "value": "x"}]}',
    )
    with pytest.raises(WrongInputs) as caught:
        await checkout.init_widget(BUY)
    step_after = checkout.step

    await checkout.init_widget(BUY)

    assert [("email", "invalid")] == [(f.param, f.msg) for f in caught.value.field_errors]
    assert (Step.OPEN, Step.WIDGET) == (step_after, checkout.step)


async def test_back_office_calls_of_a_flow_use_the_merchant_token(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The customer token is for the customer's calls, the reference id for all."""
    checkout = await session.checkout("order-1")
    call = Call(
        endpoint="merchants/login",
        method="POST",
        path="client-id/{client_id}/merchants/login",
        scope=Scope.MERCHANT,
        result=merchants_login().result,
        replay=Replay.SAFE,
        body={},
    )
    await checkout.send(call)

    request = next(r for r in sandbox.requests if r.endpoint == "merchants/login")
    assert checkout.reference_id == request.reference_id
    assert 1 == sandbox.count("oauth/token", scope="merchant")


async def test_an_entry_of_another_checkout_is_rejected(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """An entry of another checkout under this key is rejected."""
    store = FaultyStore(clock.boot)
    session = make_session(store=store)
    checkout = await session.checkout("order-1")
    config = session.config
    mine = checkout_key(config, checkout.reference_id)
    stored = await store.load(mine)
    assert stored is not None
    theirs = checkout_key(config, uuid.UUID(GUID).hex)
    await store.swap(theirs, Entry("v", stored.payload, 60.0), expected=None)

    with pytest.raises(RecordUnreadable):
        await session.resume(GUID)


async def test_an_invalid_url_in_the_answer_does_not_change_the_step(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """An invalid URL in the answer is a typed error, and the checkout stays open."""
    checkout = await session.checkout("order-1")
    sandbox.fail(
        "widget/init", status=200, times=1, body=b'{"redirection_url": "javascript:alert(1)"}'
    )

    with pytest.raises(MalformedAnswer):
        await checkout.init_widget(BUY)

    assert Step.OPEN is checkout.step


async def test_a_checkout_shows_no_secret(session: FlexitiSession) -> None:
    """The repr shows the reference id, not the token."""
    checkout = await session.checkout("order-1")

    assert isinstance(checkout, OnlineCheckout)
    assert checkout.reference_id in repr(checkout)
    assert checkout.token.access_token.reveal() not in repr(checkout)


async def test_a_checkout_whose_token_has_expired_sends_nothing(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A running checkout whose token has expired sends nothing."""
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    clock.advance(1200)
    before = len(sandbox.requests)

    with pytest.raises(CheckoutExpired) as caught:
        await checkout.init_widget(BUY)
    with pytest.raises(CheckoutExpired):
        await checkout.send(init_widget(BUY))

    assert checkout.reference_id == caught.value.reference_id
    assert before == len(sandbox.requests)


@pytest.mark.parametrize("sharing", ["shared", "dedicated"])
async def test_an_expired_token_is_replaced_before_the_first_call(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, sharing: str
) -> None:
    """Before the first call, an expired token is replaced without a 401."""
    checkout = await session.checkout("order-1", sharing=Sharing(sharing))
    first = checkout.token
    clock.advance(1200)
    widget = await checkout.init_widget(BUY)

    assert first.token_id != checkout.token.token_id
    assert checkout.token.access_token.reveal() in widget.redirection_url
    assert 0 == sandbox.count("widget/init", status=401)


async def test_saved_shows_whether_the_store_has_the_present_step(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """After a failed save, an earlier step is resumed, and `saved` shows it."""
    store = FaultyStore(clock.boot)
    session = make_session(store=store, journal=MemoryStore(clock=clock.boot))
    checkout = await session.checkout("order-1")
    begun = checkout.saved
    store.down = True
    await checkout.init_widget(BUY)
    unsaved = checkout.saved
    store.down = False
    resumed = await session.resume(checkout.reference_id)
    await checkout.save()
    unsaved_by_choice = await session.checkout("order-2", resumable=False)

    assert (True, False, True) == (begun, unsaved, checkout.saved)
    assert (Step.OPEN, True) == (resumed.step, resumed.saved)
    assert not unsaved_by_choice.saved


async def test_a_call_is_not_repeated_with_a_token_that_expires_meanwhile(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A call is not repeated if its token expires before the wait is over."""
    checkout = await make_session(call_timeout=30).checkout("order-1")
    clock.advance(checkout.remaining - 20)
    sandbox.fail("widget/init", status=503, times=1, headers={"Retry-After": "25"})

    with pytest.raises(ServerError):
        await checkout.send(init_widget(BUY))

    assert 1 == sandbox.count("widget/init")
