"""Records of earlier releases are read, and newer ones are never taken for absent."""

import asyncio

import pytest
from attrs import evolve

from flexiti_async.errors import FlexitiError

from .plan import Move, Verb
from .recorded import Moment, key_number, moments, replay
from .shop import CALLS, Caller, Shop, key_of

MOMENTS = moments()
WHOLE = [one for one in MOMENTS if one.checkout]


async def outcome_of(shop: Shop, move: Move) -> Caller:
    """Make a move, and return its caller with the answer."""
    caller = shop.call(move)
    assert caller.task is not None
    await asyncio.wait([caller.task])
    return caller


def pay(phase: str) -> Move:
    """Return the move that captures for the key of a phase again."""
    return Move(0.0, Verb.PAY, 1, what="capture", number=key_number(phase))


@pytest.mark.parametrize("moment", WHOLE, ids=str)
def test_tokens_and_checkouts_of_an_earlier_release_are_used(moment: Moment) -> None:
    """Each scope's token is adopted, and a checkout is resumed with its own, without a request."""

    async def work(shop: Shop) -> None:
        session = shop.workers[1].session
        recorded = {scope: name for name, (_, scope) in moment.minted.items()}
        for scope in ("merchant", "customer"):
            token = await session.token(scope)

            assert recorded[scope] == token.access_token.reveal()

        checkout = await session.resume(moment.checkout)

        assert recorded["customer"] == checkout.token.access_token.reveal()
        assert checkout.token.pinned
        assert 0 == shop.api.requests["token"]

    replay(moment, work)


@pytest.mark.parametrize("moment", WHOLE, ids=str)
def test_operations_of_an_earlier_release_are_known(moment: Moment) -> None:
    """A recorded answer is replayed, an unknown outcome stays unknown, a free key is used once."""

    async def work(shop: Shop) -> None:
        done = await outcome_of(shop, pay("done"))
        pending = await outcome_of(shop, pay("pending"))

        assert ("done", "1000") == (done.outcome, done.number)
        assert "OutcomeUnknown" == pending.outcome
        assert [] == shop.api.payments
        assert ["done"] * 2 == [(await outcome_of(shop, pay("free"))).outcome for _ in range(2)]
        assert [key_of(key_number("free"))] == [one.key for one in shop.api.payments]

    replay(moment, work)


@pytest.mark.parametrize("name", ["a claim", "a failure"])
def test_claims_and_failures_of_an_earlier_release_hold(name: str) -> None:
    """A lease is waited for, and a failure backs off, before a token is requested."""

    async def work(shop: Shop) -> None:
        caller = await outcome_of(shop, Move(0.0, Verb.TOKEN, 1, what="merchant"))
        waited = caller.ended is not None and caller.ended - caller.begun > 1.0

        assert (waited, shop.api.requests["token"]) == (name == "a claim", int(waited))
        assert ("done" if waited else "TokenUnavailable") == caller.outcome

    found = [one for one in MOMENTS if one.name == name]
    for moment in found:
        replay(moment, work)

    assert found


@pytest.mark.parametrize("moment", WHOLE, ids=str)
def test_records_of_a_newer_release_are_never_absent(moment: Moment) -> None:
    """No key that a newer release has recorded is used, and none of its records is replaced."""
    newer = [
        {
            key: [version, payload.replace('"v":', '"v":9', 1), *rest]
            for key, (version, payload, *rest) in entries.items()
        }
        for entries in (moment.tokens, moment.journal)
    ]
    changed = evolve(moment, tokens=newer[0], journal={**moment.journal, **operations(newer[1])})

    async def work(shop: Shop) -> None:
        before = dict(shop.tokens.kept), dict(shop.journal.kept)
        session = shop.workers[1].session
        with pytest.raises(FlexitiError):
            await session.resume(moment.checkout)
        for number in range(3):
            key = key_of(number)
            with pytest.raises(FlexitiError):
                await session.operations.run(CALLS["capture", key], idempotency_key=key)
        for scope in ("merchant", "customer"):
            await session.token(scope)

        assert [] == shop.api.payments
        assert before == (shop.tokens.kept, shop.journal.kept)

    replay(changed, work)


def operations(entries: dict[str, list[object]]) -> dict[str, list[object]]:
    """Return the records of operations: the marker is the store's, and has no version."""
    return {key: entry for key, entry in entries.items() if "-operation-" in key}
