"""Every error of a checkout says which checkout it is about, in its text and as attributes."""

from collections.abc import Awaitable, Callable

import pytest

from flexiti_async import FlexitiSession, PurchaseWidget
from flexiti_async.checkout.online import OnlineCheckout
from flexiti_async.errors import FlexitiError
from flexiti_async.events.log import attributes
from flexiti_async.sandbox import Sandbox, faults
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession

BUY = PurchaseWidget(account_number=20009100)
ID = "c" * 32
KEY = "order-9"

Act = Callable[["Shop"], Awaitable[object]]


class Shop:
    """A shop with one checkout, and what can be broken around it."""

    def __init__(self, session: FlexitiSession, sandbox: Sandbox, store: FaultyStore) -> None:
        self.session = session
        self.sandbox = sandbox
        self.store = store

    async def checkout(self) -> OnlineCheckout:
        """Start the checkout."""
        return await self.session.checkout(KEY, reference_id=ID)


async def not_allowed(shop: Shop) -> None:
    """Post an event before there is a widget."""
    await (await shop.checkout()).handle_event({})


async def not_found(shop: Shop) -> None:
    """Resume what was never saved."""
    await shop.session.resume(ID)


async def in_conflict(shop: Shop) -> None:
    """Take a step that another worker has taken."""
    first = await shop.checkout()
    second = await shop.session.resume(ID)
    await first.init_widget(BUY)
    await second.init_widget(BUY)


async def malformed(shop: Shop) -> None:
    """Post something that is not an event."""
    checkout = await shop.checkout()
    await checkout.init_widget(BUY)
    await checkout.handle_event({"event": 5})


async def of_another(shop: Shop) -> None:
    """Post an event of another widget session."""
    checkout = await shop.checkout()
    await checkout.init_widget(BUY)
    await checkout.handle_event(
        {
            "event": "flx-success",
            "status": "verified",
            "customerId": "20009100",
            "flow": "purchase",
            "widget_session_id": "another",
        }
    )


async def store_down(shop: Shop) -> None:
    """Save, and load, with the store down."""
    checkout = await shop.checkout()
    shop.store.down = True
    await checkout.init_widget(BUY)


async def store_down_for_the_next_worker(shop: Shop) -> None:
    """Resume with the store down."""
    await shop.checkout()
    shop.store.down = True
    await shop.session.resume(ID)


async def no_token(shop: Shop) -> None:
    """Start without a token."""
    shop.sandbox.fail("oauth/token", status=500, times=None)
    await shop.checkout()


async def refused(shop: Shop) -> None:
    """Get an error of the API."""
    checkout = await shop.checkout()
    shop.sandbox.fail("widget/init", status=500, times=None)
    await checkout.init_widget(BUY)


async def no_answer(shop: Shop) -> None:
    """Get no answer."""
    checkout = await shop.checkout()
    shop.sandbox.inject(faults.Drop(), endpoint="widget/init", times=None)
    await checkout.init_widget(BUY)


async def too_short(shop: Shop) -> None:
    """Require a token that lives longer than any."""
    await shop.session.checkout(KEY, reference_id=ID, flow_ttl=90_000)


@pytest.mark.parametrize(
    ("act", "step"),
    [
        (not_allowed, "open"),
        (not_found, None),
        (in_conflict, "widget"),
        (malformed, "widget"),
        (of_another, "widget"),
        (store_down, "widget"),
        (store_down_for_the_next_worker, None),
        (no_token, None),
        (refused, None),
        (no_answer, None),
        (too_short, None),
    ],
)
async def test_an_error_says_which_checkout_it_is_about(
    act: Act, step: str | None, make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The reference id, the endpoint of a call, and the step, if one was not taken."""
    store = FaultyStore(clock.boot)
    session = make_session(store=store, journal="memory://", on_store_failure="raise", retries=1)
    with pytest.raises(FlexitiError) as caught:
        await act(Shop(session, sandbox, store))

    text = str(caught.value)
    assert ID == caught.value.reference_id
    assert 1 == text.count(f"reference id {ID}")
    if step is not None:
        assert f"step {step}" in text
        assert step == vars(caught.value)["step"]
    if act in {refused, no_answer}:
        assert "widget/init" in text
        assert "attempts: 2" in text


async def test_a_journal_that_is_down_names_the_order(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """No checkout begins without the journal, so there is only the order to name."""
    journal = FaultyStore(clock.boot)
    session = make_session(journal=journal)
    journal.down = True
    with pytest.raises(FlexitiError, match=f"authorize:{KEY}|apply:{KEY}|transaction:{KEY}"):
        await session.checkout(KEY)


def test_the_attributes_of_a_record_collide_with_none_of_its_own() -> None:
    """Each begins with `flexiti_`, and what is unknown is left out."""
    assert {"flexiti_name": "x"} == attributes(name="x", message=None)
