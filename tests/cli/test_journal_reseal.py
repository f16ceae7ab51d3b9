"""`journal reseal` rotates keys, and `journal accept` is refused while operations are pending."""

import asyncio
import json
import secrets

import pytest

from flexiti_async import FlexitiConfig, FlexitiSession, open_store
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop
from flexiti_async.store.encryption import KEY_BYTES, key_from_bytes
from flexiti_async.store.interface import JOURNAL_PREFIX, JournalStore

from ..operations.customers import purchase
from .conftest import Command
from .test_journal import noticed
from .test_operations import lose, old

__all__ = ["old"]


def key() -> str:
    """Draw a key for token_keys."""
    return key_from_bytes(secrets.token_bytes(KEY_BYTES)).reveal()


def authorize(sandbox: Sandbox, name: str, journal: str) -> str | None:
    """Have a shop authorize an order, or replay it; return the authorization's number."""

    async def shop() -> str | None:
        async with FlexitiSession(FlexitiConfig.load(journal=journal)) as flexiti:
            wanted = await purchase(flexiti, sandbox)
            done = await flexiti.authorizations.authorize(wanted, idempotency_key=name)
            return done.authorization_id

    return asyncio.run(shop())


def ends(journal: str) -> list[float | None]:
    """Return how long the records of operations are kept."""

    async def read() -> list[float | None]:
        store = open_store(journal)
        assert isinstance(store, JournalStore)
        entries = [await store.load(key) async for key in store.keys(JOURNAL_PREFIX)]
        return [entry.keep_for for entry in entries if entry is not None]

    return asyncio.run(read())


def test_an_old_key_goes_when_nothing_needs_it(
    command: Command, sandbox: Sandbox, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pending and done records are rewritten, keep their end, and open without the old key."""
    first, second = key(), key()
    monkeypatch.setenv("FLEXITI_JOURNAL", old)
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", first)
    number = authorize(sandbox, "done", old)
    lose(sandbox, Drop(), "pending", ago=3600, journal=old)
    before = ends(old)
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", f"{second},{first}")
    runs = [command("journal", "reseal", "--json") for _ in range(2)]
    words = command("journal", "reseal")
    after = ends(old)

    # Two operations and their account.
    assert [(0, 3, 0, False), (0, 0, 3, True)] == [
        (
            run.status,
            json.loads(run.out)["rewritten"],
            json.loads(run.out)["current"],
            json.loads(run.out)["old_keys_may_go"],
        )
        for run in runs
    ]
    assert "0 records rewritten" in words.out
    assert "remove it from token_keys" in words.err
    assert before.count(None) == after.count(None) == 1
    [whole], [rest] = [[one for one in kept if one is not None] for kept in (before, after)]
    assert 0 <= whole - 3600 - rest < 600

    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", second)
    assert number == authorize(sandbox, "done", old)
    assert "authorize:pending" in command("operations", "list").out
    assert 2 == len(sandbox.authorizations)


def test_an_operation_that_is_being_made_is_left_alone(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its process writes until its deadline has passed: the old key must stay."""
    first, second, journal = key(), key(), f"memory://reseal-{sandbox.port}"
    monkeypatch.setenv("FLEXITI_JOURNAL", journal)
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", first)
    lose(sandbox, Drop(), "order-9", journal=journal)
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", f"{second},{first}")
    ran = command("journal", "reseal")

    assert (0, True) == (ran.status, "1 operations are being made" in ran.err)
    assert "keep the older keys" in ran.err


def test_what_no_key_opens_is_an_error(
    command: Command, sandbox: Sandbox, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records in plain text count as such, unless somebody says that the journal had no keys."""
    monkeypatch.setenv("FLEXITI_JOURNAL", old)
    number = authorize(sandbox, "order-9", old)
    without = command("journal", "reseal")
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", key())
    plain = command("journal", "reseal")
    sealed = command("journal", "reseal", "--from-plain", "--json")

    assert (2, True) == (without.status, "token_keys" in without.err)
    assert (1, True) == (plain.status, "2 records cannot be opened" in plain.err)
    assert (0, 2) == (sealed.status, json.loads(sealed.out)["rewritten"])
    assert number == authorize(sandbox, "order-9", old)
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", key())
    lost = command("journal", "reseal", "--from-plain")
    assert (1, True) == (lost.status, "2 records cannot be opened" in lost.err)


def test_only_an_intact_journal_is_rewritten(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that may have lost records is looked at by a person first."""
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", key())
    ran = command("journal", "reseal", "--store", f"memory://never-{sandbox.port}")

    assert (1, True) == (ran.status, "journal check" in ran.err)


def test_a_journal_is_accepted_once_nothing_is_pending(
    command: Command, sandbox: Sandbox, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pending operations are listed, with the seconds for which they may still be executed."""
    noticed(old, 3600)
    assert 0 == command("journal", "accept", "--compared", "--store", old).status

    aged = lose(sandbox, Drop(), "old", ago=3600, journal=old)
    young = lose(sandbox, Drop(), "young", journal=old)
    ran = command("journal", "accept", "--compared", "--store", old)
    assert (1, "") == (ran.status, ran.out)
    assert f"{young} authorize:young: may be executed for 2" in ran.err
    assert f"{aged} authorize:old: may be executed for 0 s" in ran.err
    assert "2 operations are pending" in ran.err

    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", key())
    blind = command("journal", "accept", "--compared", "--store", old)
    assert (1, 2) == (blind.status, blind.err.count("cannot be opened"))
