"""
Encryption at rest for every store: encrypted entries, key rotation, and no trust in plain text.
"""

import asyncio
import logging

import pytest

from flexiti_async import (
    CheckoutNotFound,
    ConfigError,
    FlexitiSession,
    PurchaseWidget,
    Scope,
    Secret,
    Token,
)
from flexiti_async.errors import RecordUnreadable, StoreUnavailable
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import Entry
from flexiti_async.store.sealed import SealedStore
from flexiti_async.testing import FaultyStore
from flexiti_async.tokens.record import Record, StoredToken, TokenKey, encode_record
from flexiti_stores.memory import MemoryStore

from ..conftest import MakeSession
from ..support.keys import checkout_key, encryption_key

ENDPOINT = "oauth/token"
OLD = encryption_key("o").reveal()
NEW = encryption_key("n").reveal()


def key_of(session: FlexitiSession) -> str:
    """Return the key of a session's customer token."""
    return TokenKey.of(session.config, Scope.CUSTOMER).store_key


async def test_a_store_that_does_not_answer_is_unavailable_in_time() -> None:
    """Any plug-in is bounded, also one without a time-out of its own."""
    faulty = FaultyStore()
    faulty.silent = True
    sealed = SealedStore(faulty, timeout=0.05)
    async with asyncio.timeout(60):
        with pytest.raises(StoreUnavailable, match="did not answer within"):
            await sealed.load("key")


async def test_the_store_contains_no_plain_text(
    make_session: MakeSession, store: MemoryStore
) -> None:
    """Tokens and checkouts are encrypted, and work as before."""
    session = make_session(token_keys=NEW)
    checkout = await session.checkout("order-1")
    await checkout.init_widget(PurchaseWidget(account_number=20009100))
    resumed = await make_session(token_keys=NEW).resume(checkout.reference_id)
    config = session.config
    keys = (
        key_of(session),
        checkout_key(config, checkout.reference_id),
    )
    entries = [await store.load(key) for key in keys]

    payloads = [entry.payload for entry in entries if entry]
    assert 2 == len(payloads)
    assert all(payload.startswith("fx1.") and payload.isascii() for payload in payloads)
    assert not any(checkout.token.access_token.reveal() in payload for payload in payloads)
    assert resumed.session_id == checkout.session_id


async def test_keys_are_rotated_without_downtime(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """The first key encrypts, all decrypt: add the new one everywhere, then put it first."""
    before = await make_session(token_keys=OLD).token()
    during = await make_session(token_keys=[NEW, OLD]).token()

    assert before.token_id == during.token_id
    assert 1 == sandbox.count(ENDPOINT)


async def test_an_entry_of_an_unknown_key_counts_as_an_outage(
    make_session: MakeSession, store: MemoryStore
) -> None:
    """
    Another process may be able to decrypt it: it is not overwritten, and this process uses private
    tokens.
    """
    theirs = make_session(token_keys=OLD)
    checkout = await theirs.checkout("order-1")
    stored = await store.load(key_of(theirs))
    mine = make_session(token_keys=NEW)
    token = await mine.token()

    with pytest.raises(RecordUnreadable, match="not in token_keys"):
        await mine.resume(checkout.reference_id)
    assert token.token_id != checkout.token.token_id
    assert stored is not None
    left = await store.load(key_of(theirs))
    assert left is not None
    assert stored.version == left.version


async def test_a_plain_record_is_never_trusted(
    make_session: MakeSession,
    store: MemoryStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A planted plain-text token is not used: it is replaced, with one warning."""
    caplog.set_level(logging.WARNING, logger="flexiti_async")
    session = make_session(token_keys=NEW)
    planted = Record(key_of(session), token=StoredToken("planted", Secret("evil"), 1200.0, 1200.0))
    await store.swap(key_of(session), Entry("v", encode_record(planted), 1200.0), expected=None)
    plain = await make_session().checkout("order-1")

    tokens = [await session.token() for _ in range(3)]
    with pytest.raises(CheckoutNotFound):
        await session.resume(plain.reference_id)

    assert "planted" not in {token.token_id for token in tokens}
    assert 1 == caplog.text.count("is not encrypted")
    entry = await store.load(key_of(session))
    assert entry is not None
    assert entry.payload.startswith("fx1.")


async def test_an_entry_cannot_be_moved_under_another_key(
    make_session: MakeSession, store: MemoryStore, sandbox: Sandbox
) -> None:
    """A customer's record does not decrypt under a merchant's store key."""
    session = make_session(token_keys=NEW)
    await session.token(Scope.CUSTOMER)
    entry = await store.load(key_of(session))
    assert entry is not None
    config = session.config
    other = TokenKey.of(config, Scope.MERCHANT).store_key
    await store.swap(other, entry, expected=None)
    merchant = await session.token(Scope.MERCHANT)

    assert isinstance(merchant, Token)
    assert 1 == sandbox.count(ENDPOINT, scope="merchant")


async def test_each_side_of_a_rollout_says_what_it_sees(
    make_session: MakeSession, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """
    A worker with keys and one without them name the other's record, and what to do.

    With `plain` in the ring of both, they share one token, and each says that it trusts plain text.
    """
    rollout = (
        (None, None, "", 1),
        (NEW, None, "are no token_keys", 2),
        (None, [NEW], "is ignored: does a process run without token_keys?", 2),
        (None, ["plain", NEW], "remove that after the rollout", 1),
        (["plain", NEW], [NEW, "plain"], "remove that after the rollout", 1),
        ([NEW, "plain"], NEW, "", 1),
        ([NEW, "plain"], ["plain", NEW], "", 1),
    )
    for number, (first, second, said, requests) in enumerate(rollout):
        caplog.clear()
        before = sandbox.count(ENDPOINT)
        place = f"memory://{sandbox.run_id}-{number}"
        for keys in (first, second):
            await make_session(store=place, token_keys=keys).token()

        assert (True, bool(said)) == (said in caplog.text, "encrypted" in caplog.text)
        assert requests == sandbox.count(ENDPOINT) - before


async def test_plain_text_that_is_read_is_not_trusted_with_an_account(
    make_session: MakeSession, store: MemoryStore
) -> None:
    """While a ring reads plain text, others than the shop may have written a record."""
    reading = SealedStore(store, timeout=1, keys=[Secret(NEW), Secret("plain")])

    assert (True, True) == (reading.seals, await reading.trusted())  # this process's memory
    faulty = SealedStore(FaultyStore(), timeout=1, keys=[Secret(NEW), Secret("plain")])
    assert (True, False) == (reading.of_one_process, faulty.of_one_process)
    assert not await faulty.trusted()
    with pytest.raises(ConfigError, match="at least one key"):
        make_session(token_keys="plain")
