"""How long the requests of pending operations may still be executed."""

import secrets

from flexiti_async.operations.journal import SETTLE, Journal
from flexiti_async.operations.settling import pending_operations
from flexiti_async.protocol.secret import Secret
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.encryption import KEY_BYTES, key_from_bytes
from flexiti_async.store.sealed import SealedJournal
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession
from ..support.patience import PATIENCE
from .acts import outcome_of
from .customers import purchase

OURS, ANOTHER = (key_from_bytes(secrets.token_bytes(KEY_BYTES)) for _ in range(2))
DAY = 86_400.0


async def pending(store: FaultyStore, clock: ManualClock, key: Secret) -> list[tuple[str, float]]:
    """Return what a reader with a key sees: the names of pending operations, and their seconds."""
    sealed = SealedJournal(store, timeout=PATIENCE, keys=[key])
    reader = Journal(sealed, clock, ttl=400 * DAY, named=True, loopback=True)
    found = await pending_operations(store, reader)
    return [(one.operation.name if one.operation else "", one.seconds) for one in found]


async def test_a_record_that_cannot_be_opened_counts_as_a_day(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """From its write on: its deadline is not known, and none is longer."""
    store = FaultyStore(clock.boot)
    session = make_session(journal=store, token_keys=(OURS,), retries=0)
    wanted = await purchase(session, sandbox)
    sandbox.fail("authorization", status=500)
    await outcome_of(session.authorizations.authorize(wanted, idempotency_key="order-9"))
    clock.advance(100)
    [(name, seconds)] = await pending(store, clock, OURS)

    assert "authorize:order-9" == name
    assert SETTLE - 100 < seconds < DAY / 2
    assert [("", DAY + SETTLE - 100)] == await pending(store, clock, ANOTHER)
    clock.advance(DAY + SETTLE)
    assert [("", 0.0)] == await pending(store, clock, ANOTHER)
    store.ageless = True
    assert [("", DAY + SETTLE)] == await pending(store, clock, ANOTHER)
