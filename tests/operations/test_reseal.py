"""`reseal` beside a process that is still writing: nobody loses a record."""

import asyncio
import secrets

import pytest

from flexiti_async import ConfigError, FlexitiSession
from flexiti_async.errors import RecordUnreadable
from flexiti_async.events.types import Event, OperationConflict
from flexiti_async.operations import Phase
from flexiti_async.operations.reseal import Resealed, reseal
from flexiti_async.protocol.secret import Secret
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Delay
from flexiti_async.store.encryption import KEY_BYTES, key_from_bytes
from flexiti_async.store.interface import JOURNAL_PREFIX
from flexiti_async.store.sealed import SealedJournal
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession
from ..support.patience import PATIENCE
from .customers import purchase

OLD, NEW = (key_from_bytes(secrets.token_bytes(KEY_BYTES)) for _ in range(2))


async def rewrite(store: FaultyStore, clock: ManualClock, *keys: Secret) -> Resealed:
    """Rewrite all records under the first key."""
    sealed = SealedJournal(store, timeout=PATIENCE, keys=keys)
    return await reseal(sealed, clock=clock)


@pytest.mark.parametrize("refused", [False, True])
async def test_a_late_answer_is_recorded_over_a_claim_that_was_rewritten(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, *, refused: bool
) -> None:
    """Whether the call ran or was refused: the claim is the process's own, and no conflict."""
    store, heard = FaultyStore(clock.boot), list[Event]()
    session: FlexitiSession = make_session(journal=store, token_keys=(OLD, NEW))
    session.events.add(heard.append)
    sandbox.expires_in = 100_000  # longer than the clock is advanced
    amount = "100000.00" if refused else "300.00"
    wanted = await purchase(session, sandbox, amount)
    sandbox.inject(Delay(0.3), endpoint="authorization")
    call = session.authorizations.authorize(wanted, idempotency_key="order-9")
    running = asyncio.create_task(call)
    while not sandbox.count("authorization"):
        await asyncio.sleep(0.001)
    young = await rewrite(store, clock, NEW, OLD)
    clock.advance(5000)  # past the deadline, by this clock
    old = await rewrite(store, clock, NEW, OLD)
    await asyncio.gather(running, return_exceptions=True)
    found = await session.operations.get(kind="authorize", key="order-9")

    assert (1, 0, 0, 1) == (young.running, young.rewritten, old.running, old.rewritten)
    assert found is not None
    assert (Phase.FREE if refused else Phase.DONE) is found.phase
    assert [] == [event for event in heard if isinstance(event, OperationConflict)]


async def test_a_writer_that_is_faster_wins(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The record is read again, and what the writer has stored is rewritten."""
    store = FaultyStore(clock.boot)
    session = make_session(journal=store, token_keys=(OLD,))
    await session.authorizations.authorize(
        await purchase(session, sandbox), idempotency_key="order-9"
    )
    store.trouble = ["written but denied"]
    done = await rewrite(store, clock, NEW, OLD)
    found = await make_session(journal=store, token_keys=(NEW,)).operations.get(
        kind="authorize", key="order-9"
    )

    assert (2, 0) == (done.rewritten + done.current, done.unreadable)
    assert found is not None
    assert Phase.DONE is found.phase


async def test_a_rewritten_record_keeps_its_end(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """It is kept for the rest of its time, not for the whole of it once more."""
    store = FaultyStore(clock.boot)
    session = make_session(journal=store, token_keys=(OLD,))
    await session.authorizations.authorize(
        await purchase(session, sandbox), idempotency_key="order-9"
    )

    async def ends() -> list[float]:
        loaded = [await store.load(key) async for key in store.keys(JOURNAL_PREFIX)]
        return [one.keep_for for one in loaded if one is not None and one.keep_for is not None]

    [before] = await ends()
    clock.advance(100 * 86_400.0)
    await rewrite(store, clock, NEW, OLD)

    assert [before - 100 * 86_400.0] == await ends()


async def test_an_unreadable_record_hides_no_other(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """`pending` yields the others first, and then raises: nothing is left out in silence."""
    store = FaultyStore(clock.boot)
    for key, name in ((OLD, "a"), (NEW, "b"), (OLD, "c")):
        session = make_session(journal=store, token_keys=(key,), retries=0)
        sandbox.fail("authorization", status=500)
        await asyncio.gather(
            session.authorizations.authorize(
                await purchase(session, sandbox), idempotency_key=name
            ),
            return_exceptions=True,
        )
    found: list[str] = []

    async def collect() -> None:
        async for one in make_session(journal=store, token_keys=(OLD,)).operations.pending():
            found.append(one.idempotency_key)  # noqa: PERF401 - the loop raises at its end

    with pytest.raises(RecordUnreadable):
        await collect()

    assert ["a", "c"] == sorted(found)


async def test_plain_text_is_no_key_to_encrypt_with() -> None:
    """A ring that begins with `plain` writes plain text, so there is nothing to do anew."""
    sealed = SealedJournal(FaultyStore(), timeout=PATIENCE, keys=[Secret("plain"), NEW])
    with pytest.raises(ConfigError, match="begins with `plain`"):
        await reseal(sealed, clock=ManualClock())
