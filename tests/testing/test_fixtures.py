"""Helpers for a shop's own tests: the plugin's fixtures, and a store with scripted failures."""

import pytest

from flexiti_async import FlexitiSession, PurchaseWidget, StoreUnavailable
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import Entry, TokenStore
from flexiti_async.testing import AgesContract, FaultyStore, ManualClock, StoreContract, Trouble

BUY = PurchaseWidget(account_number=20009100)
FIRST, SECOND = Entry("1" * 32, "first", 60.0), Entry("2" * 32, "second", 60.0)


class TestFaultyStoreWithoutFaults(StoreContract, AgesContract):
    """Without scripted failures it is a store like any other."""

    @pytest.fixture
    def store(self) -> TokenStore:
        """Return a store."""
        return FaultyStore()


async def test_time_passes_in_sandbox_session_and_store_together(
    flexiti: FlexitiSession, flexiti_sandbox: Sandbox, flexiti_clock: ManualClock
) -> None:
    """They share one clock: a token expires for the shop, the store and Flexiti at once."""
    first = await flexiti.token()
    flexiti_clock.advance(1200)
    second = await flexiti.token()
    await flexiti.init_widget(BUY)

    assert first.token_id != second.token_id
    assert 2 == flexiti_sandbox.tokens_issued
    assert 0 == flexiti_sandbox.count("widget/init", status=401)


async def test_a_wrong_clock_is_the_shops_alone(
    flexiti: FlexitiSession, flexiti_sandbox: Sandbox, flexiti_clock: ManualClock
) -> None:
    """A jump of the wall clock moves the session's time, not the sandbox's."""
    flexiti_clock.jump(3600)
    token = await flexiti.token()

    assert flexiti_clock.wall() - 3600 == flexiti_sandbox.now()
    assert 1200 == token.lifetime


async def test_the_session_uses_the_store_that_fails(
    flexiti: FlexitiSession, flexiti_store: FaultyStore, flexiti_sandbox: Sandbox
) -> None:
    """A scripted outage puts the session into degraded mode."""
    flexiti_store.down = True
    await flexiti.init_widget(BUY)

    assert "load" in flexiti_store.operations
    assert 1 == flexiti_sandbox.tokens_issued


@pytest.mark.parametrize(
    ("trouble", "written"),
    [("written but unknown", True), ("not written but unknown", False), ("late", False)],
)
async def test_trouble_with_a_swap_is_what_it_says(trouble: Trouble, *, written: bool) -> None:
    """The caller gets an unknown outcome, whether or not the entry was written."""
    store = FaultyStore()
    store.trouble = [trouble]
    with pytest.raises(StoreUnavailable):
        await store.swap("key", FIRST, expected=None)

    assert written is (await store.load("key") is not None)


async def test_a_late_write_arrives_when_it_is_delivered() -> None:
    """A late write arrives on delivery, and loses to an entry written meanwhile."""
    store = FaultyStore()
    store.trouble = ["late"]
    with pytest.raises(StoreUnavailable):
        await store.swap("key", FIRST, expected=None)
    await store.swap("key", SECOND, expected=None)
    await store.deliver()
    loaded = await store.load("key")

    assert loaded is not None
    assert SECOND.version == loaded.version


async def test_a_write_may_be_denied_although_it_was_made() -> None:
    """A swap reported as denied can have been written, and is then loaded."""
    store = FaultyStore()
    store.trouble = ["written but denied"]

    assert not await store.swap("key", FIRST, expected=None)
    assert await store.load("key") is not None


async def test_a_store_may_go_back_in_time_or_forget() -> None:
    """A roll-back restores the remembered state, an eviction removes the entry."""
    store = FaultyStore()
    await store.swap("key", FIRST, expected=None)
    store.snapshot()
    await store.swap("key", SECOND, expected=FIRST)
    store.roll_back()
    loaded = await store.load("key")

    assert loaded is not None
    assert FIRST.version == loaded.version
    store.evict()
    assert await store.load("key") is None


async def test_a_store_may_not_know_ages_or_not_take_writes() -> None:
    """Both are options of the store."""
    store = FaultyStore()
    await store.swap("key", FIRST, expected=None)
    store.ageless = True
    loaded = await store.load("key")
    store.read_only = "denied"

    assert loaded is not None
    assert loaded.age is None
    assert not await store.swap("key", SECOND, expected=FIRST)
    store.read_only = "failing"
    with pytest.raises(StoreUnavailable):
        await store.swap("key", SECOND, expected=FIRST)
