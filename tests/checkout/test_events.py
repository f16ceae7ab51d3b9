"""Events of checkouts: each step once, by the worker that took it, without personal data."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from flexiti_async import (
    FlexitiError,
    FlexitiSession,
    OnlineCheckout,
    OutcomeUnknown,
    Reaction,
)
from flexiti_async.api.accounts import VerificationFormatWord
from flexiti_async.checkout.steps import TABLE
from flexiti_async.errors import (
    ApplicationDeclined,
    CheckoutExpired,
    CheckoutNotFound,
    CreditExceeded,
    WrongInputs,
)
from flexiti_async.events import CheckoutEvent, Event
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Answer, Drop
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession
from ..support.patience import OVERLAP
from .customers import ACCOUNT, APPLICANT, BUY, PLAN, at_the_counter, verified

WORKERS: Final = 3
Workers = Callable[..., tuple[list[FlexitiSession], list[CheckoutEvent]]]


@pytest.fixture
def workers(make_session: MakeSession) -> Workers:
    """Return a function that opens the sessions of some workers, and collects all their events."""

    def make(**options: Any) -> tuple[list[FlexitiSession], list[CheckoutEvent]]:
        seen: list[CheckoutEvent] = []

        def listen(event: Event) -> None:
            if isinstance(event, CheckoutEvent):
                seen.append(event)

        sessions = [make_session(**options) for _ in range(WORKERS)]
        for session in sessions:
            session.events.add(listen)
        return sessions, seen

    return make


def names(seen: list[CheckoutEvent]) -> list[str]:
    """Return what was seen, as words, with the reason if there is one."""
    return [
        " ".join([type(one).__name__.removeprefix("Checkout"), getattr(one, "reason", "")]).strip()
        for one in seen
    ]


async def all_resumed(
    sessions: list[FlexitiSession], checkout: OnlineCheckout
) -> list[OnlineCheckout]:
    """Resume a checkout in every worker."""
    return [await session.resume(checkout.reference_id) for session in sessions]


async def test_a_purchase_that_every_worker_resumes(
    workers: Workers, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Of several workers that take a step at once one reports it, with all ids and times."""
    sessions, seen = workers()
    checkout = await sessions[0].checkout("order-1")
    clock.advance(10)
    widget = await checkout.init_widget(BUY)
    event = json.dumps(sandbox.play(widget.redirection_url))
    clock.advance(20)
    every = await all_resumed(sessions, checkout)
    await asyncio.gather(*(one.handle_event(event) for one in every), return_exceptions=True)
    clock.advance(30)
    every = await all_resumed(sessions, checkout)
    await asyncio.gather(*(one.authorize("300.00", **PLAN) for one in every))
    await all_resumed(sessions, checkout)

    assert ["Started", "Verified", "Authorized"] == names(seen)
    assert [(None, 0), ("purchase", 30), ("purchase", 60)] == [
        (one.flow, round(one.seconds)) for one in seen
    ]
    assert {(checkout.reference_id, "order-1", False)} == {
        (one.reference_id, one.idempotency_key, one.in_store) for one in seen
    }
    assert not getattr(seen[-1], "captured", None)
    for secret in (str(ACCOUNT), checkout.token.access_token.reveal(), widget.redirection_url):
        assert secret not in repr(seen)


WIDGET_EVENTS: Final[dict[str, dict[str, Any]]] = {
    "authorize": {"action": "purchase", "verified": True},
    "apply": {"action": "apply", "accountNumber": None, "verified": None},
    "pay_otherwise": {"action": "purchase", "verified": False},
    "activate": {"action": "activation", "accountNumber": None, "verified": False},
    "new_application": {"action": "apply", "accountNumber": None, "verified": False},
    "stop": {"action": None, "accountNumber": None, "verified": False},
    "retry": {"action": "retry"},
    "unknown": {"action": "purchase", "verified": None, "accountNumber": None},
}
"""The contents of the widget's `flx-success`, by the reaction to it."""
REPORTED: Final = {
    "authorize": "Verified",
    "apply": "Verified",
    "pay_otherwise": "Declined pay_otherwise",
    "activate": "Declined activate",
    "new_application": "Declined new_application",
    "stop": "Declined stop",
    "retry": "Failed retry",
    "failed": "Failed failed",
    "cancelled": "Cancelled",
    "unknown": "",
}


@pytest.mark.parametrize("outcome", sorted({row.outcome for row in TABLE if row.outcome}))
async def test_every_outcome_of_the_widget(
    workers: Workers, sandbox: Sandbox, outcome: str
) -> None:
    """Each step that an event of the widget leads to is reported; an unknown event changes none."""
    [session, *_], seen = workers()
    checkout = await session.checkout("order-1")
    applies = outcome in {"apply", "unknown"}
    widget = await checkout.init_widget(APPLICANT if applies else BUY)
    choice: Any = {"cancelled": "cancel", "failed": "failure"}.get(outcome, "approve")
    event: Any = sandbox.play(widget.redirection_url, choice)
    if outcome in WIDGET_EVENTS:
        changed = {**event["eventData"], **WIDGET_EVENTS[outcome]}
        event["eventData"] = {name: value for name, value in changed.items() if value is not None}
    reaction = await checkout.handle_event(event)

    assert Reaction(outcome) is reaction
    assert REPORTED[outcome] == " ".join(names(seen)[1:])


async def test_a_customer_who_opens_the_widget_again_is_reported_again(
    workers: Workers, sandbox: Sandbox
) -> None:
    """A transition that is made twice is two transitions."""
    [session, *_], seen = workers()
    checkout = await session.checkout("order-1")
    for _ in range(2):
        await verified(checkout, sandbox)

    assert ["Started", "Verified", "Verified"] == names(seen)


async def test_an_application(workers: Workers, sandbox: Sandbox) -> None:
    """It ends as applied, or declined; a second call replays and reports nothing."""
    [session, *_], seen = workers()
    for order in ("order-1", "order-2"):
        checkout = await session.checkout(order)
        widget = await checkout.init_widget(APPLICANT)
        await checkout.handle_event(sandbox.play(widget.redirection_url))
        if order == "order-2":
            declined = b'{"error": "application_declined", "message": "Declined."}'
            sandbox.fail("apply", status=409, body=declined)
        for _ in range(2):
            with contextlib.suppress(ApplicationDeclined):
                await checkout.apply(APPLICANT)

    assert ["Started", "Verified", "Applied"] == names(seen)[:3]
    assert ["Started", "Verified", "Declined ApplicationDeclined"] == names(seen)[3:]
    assert {"apply"} == {one.flow for one in seen[1:3] + seen[4:]}


@pytest.mark.parametrize("verification", ["merchant_override", "sms"])
async def test_at_a_counter(
    workers: Workers, sandbox: Sandbox, verification: VerificationFormatWord
) -> None:
    """A code that was sent is proved by the authorization, a code in the answer before it."""
    [session, *_], seen = workers()
    checkout = await session.in_store_checkout("order-1")
    await checkout.lookup(account_number=ACCOUNT)
    for _ in range(2):
        await checkout.verify(verification)
    before = names(seen)
    code = sandbox.messages[-1].code if verification == "sms" else None
    await checkout.authorize("300.00", verification_code=code, **at_the_counter(auto_capture=True))

    assert ["Started"] + ["Verified"] * (verification != "sms") == before
    assert ["Started", "Verified", "Authorized"] == names(seen)
    assert {(True, "purchase")} == {(one.in_store, one.flow) for one in seen}
    assert getattr(seen[-1], "captured", None)


async def test_an_authorization_that_is_refused(workers: Workers, sandbox: Sandbox) -> None:
    """A refusal of the customer is a decline; one of the request is not; another plan may do."""
    [session, *_], seen = workers()
    checkout = await verified(await session.checkout("order-1"), sandbox)
    with pytest.raises(CreditExceeded):
        await checkout.authorize("9999.00", **PLAN)
    sandbox.inject(Answer(409, body=b'{"error": "wrong_inputs"}'), endpoint="authorization")
    with pytest.raises(WrongInputs):
        await checkout.authorize("300.00", **PLAN)
    await checkout.authorize("300.00", **PLAN)

    assert ["Declined CreditExceeded", "Authorized"] == names(seen)[2:]


@pytest.mark.parametrize("way", ["resumed", "repeated"])
async def test_an_outcome_that_somebody_resolves(
    workers: Workers, sandbox: Sandbox, way: str
) -> None:
    """It is reported once, by the worker that next looks at the checkout."""
    sessions, seen = workers()
    checkout = await verified(await sessions[0].checkout("order-1"), sandbox)
    every = await all_resumed(sessions, checkout)
    sandbox.inject(Drop(), endpoint="authorization")
    with pytest.raises(OutcomeUnknown) as caught:
        await checkout.authorize("300.00", **PLAN)
    assert ["Started", "Verified"] == names(seen)
    await sessions[1].operations.resolve(caught.value.operation_id, executed=True, by="ada")
    if way == "resumed":
        await asyncio.gather(*(all_resumed(sessions, checkout) for _ in range(3)))
    else:
        await asyncio.gather(*(one.authorize("300.00", **PLAN) for one in every))

    assert ["Started", "Verified", "Authorized"] == names(seen)


async def test_a_customer_who_closes_the_page(workers: Workers, sandbox: Sandbox) -> None:
    """The caller is cancelled, the authorization runs on, and is reported."""
    [session, other, *_], seen = workers()
    checkout = await verified(await session.checkout("order-1"), sandbox)
    sandbox.latency = {"authorization": OVERLAP}
    caller = asyncio.create_task(checkout.authorize("300.00", **PLAN))
    while not sandbox.count("authorization"):
        await asyncio.sleep(0.001)
    caller.cancel()
    await session.aclose()
    await other.resume(checkout.reference_id)

    assert ["Started", "Verified", "Authorized"] == names(seen)


async def test_an_expiry_that_every_worker_notices(
    workers: Workers, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The first call after the token's end reports it, in one worker, and no later one does."""
    sessions, seen = workers()
    checkout = await verified(await sessions[0].checkout("order-1"), sandbox)
    every = await all_resumed(sessions, checkout)
    clock.advance(1200)
    for one in (*every, checkout):
        for _ in range(2):
            with pytest.raises(CheckoutExpired):
                await one.plans("300.00")
    for session in sessions:
        with pytest.raises(CheckoutNotFound):
            await session.resume(checkout.reference_id)

    assert ["Started", "Verified", "Expiry"] == names(seen)
    assert 1200 == round(seen[-1].seconds)


async def test_an_expiry_that_is_noticed_when_it_is_resumed(
    workers: Workers, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Within a minute of the end; one with an operation has not ended without it."""
    sessions, seen = workers()
    left = await verified(await sessions[0].checkout("order-1"), sandbox)
    paid = await verified(await sessions[0].checkout("order-2"), sandbox)
    doubtful = await verified(await sessions[0].checkout("order-3"), sandbox)
    await paid.authorize("300.00", **PLAN)
    sandbox.inject(Drop(), endpoint="authorization")
    with pytest.raises(OutcomeUnknown):
        await doubtful.authorize("300.00", **PLAN)
    seen.clear()
    clock.advance(1210)
    for checkout in (left, paid, doubtful):
        found = await asyncio.gather(
            *(session.resume(checkout.reference_id) for session in sessions),
            return_exceptions=True,
        )
        assert {CheckoutNotFound} == {type(one) for one in found}

    assert ["Expiry"] == names(seen)
    assert left.reference_id == seen[0].reference_id


async def test_a_rejected_token_ends_a_checkout(
    workers: Workers, sandbox: Sandbox, clock: ManualClock
) -> None:
    """With the token the flow has ended, however much was left of it."""
    [session, *_], seen = workers()
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    clock.advance(100)
    sandbox.revoke_all()
    for _ in range(2):
        with contextlib.suppress(FlexitiError):
            await checkout.init_widget(BUY)

    assert ["Started", "Expiry"] == names(seen)


async def test_a_checkout_that_no_store_keeps(
    workers: Workers, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The store is down, or is not used: every step is reported all the same."""
    store = FaultyStore(clock.boot)
    [session, *_], seen = workers(store=store, journal=FaultyStore(clock.boot))
    await session.token(min_ttl=None)
    store.down = True
    for order, resumable in (("order-1", True), ("order-2", False)):
        checkout = await session.checkout(order, resumable=resumable)
        await verified(checkout, sandbox)
        await checkout.authorize("300.00", **PLAN)
    left = await verified(await session.checkout("order-3"), sandbox)
    clock.advance(1200)
    for _ in range(2):
        with pytest.raises(CheckoutExpired):
            await left.plans("300.00")

    assert ["Started", "Verified", "Authorized"] * 2 + ["Started", "Verified", "Expiry"] == names(
        seen
    )
