"""Nothing that a shop rotates or renames makes it execute an operation again."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.protocol.call import OperationKind
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Answer, Drop
from flexiti_async.store.interface import JOURNAL_PREFIX, Entry
from flexiti_async.testing import FaultyStore, ManualClock

from ..support.keys import encryption_key
from .acts import ACTS, CAPTURE, Act, authorized, outcome_of

KEY: Final = "order-9"
OLD: Final = encryption_key("o")
NEW: Final = encryption_key("n")
DAY: Final = 86_400.0
Shop = Callable[..., FlexitiSession]


def rotations(sandbox: Sandbox) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield options before and after a rotation."""
    login = {"merchant_username": sandbox.merchant_username}
    login["merchant_password"] = sandbox.merchant_password
    yield {}, {"client_secret": "rotated"}
    yield {}, login
    yield login, {}
    yield {"token_keys": [OLD]}, {"token_keys": [NEW, OLD]}
    yield {"token_keys": [OLD]}, {"token_keys": [OLD, NEW]}
    yield {}, {"token_keys": ["plain", NEW]}
    yield {"token_keys": ["plain", NEW]}, {"token_keys": [NEW, "plain"]}
    yield {"token_keys": [NEW, "plain"]}, {"token_keys": ["plain", NEW]}
    yield {}, {"base_url": sandbox.base_url + "/"}
    yield {}, {"base_url": sandbox.base_url.replace("http", "HTTP")}
    moved = sandbox.base_url.replace("127.0.0.1", "localhost")
    yield {"account": "shop"}, {"account": "shop", "base_url": moved}


@pytest.mark.parametrize("number", range(11))
async def test_a_rotation_executes_nothing_again(number: int, shop: Shop, sandbox: Sandbox) -> None:
    """The next process replays what the last one has done."""
    before, after = list(rotations(sandbox))[number]
    session = shop(**before)
    authorization = await authorized(session, sandbox)
    first = await CAPTURE.make(session, authorization, KEY)
    if "client_secret" in after:
        sandbox.client_secret = after["client_secret"]
    again = await CAPTURE.make(shop(**after), authorization, KEY)

    assert again.replayed
    assert first.capture_id == again.capture_id
    assert (1, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))


@pytest.mark.parametrize("kind", ACTS)
async def test_a_new_fingerprint_algorithm_executes_nothing_again(
    kind: str, shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """A record of another release has a fingerprint that this one cannot compare: it replays."""
    act: Act = ACTS[kind]
    session = shop()
    ready = await act.prepare(session, sandbox)
    before = act.sent(sandbox)
    await act.make(session, ready, KEY)
    found = await session.operations.get(kind=OperationKind(kind), key=KEY)
    assert found is not None
    key = JOURNAL_PREFIX + found.operation_id
    stored = await faulty.load(key)
    assert stored is not None
    document = json.loads(stored.payload)
    document["operation"]["fingerprint"] = "2:" + "0" * 64
    assert await faulty.swap(key, Entry("v", json.dumps(document), None), expected=stored)
    again = await act.make(shop(), ready, KEY)

    assert again.replayed
    assert before + 1 == act.sent(sandbox)


async def test_how_long_records_are_kept(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore, clock: ManualClock
) -> None:
    """Pending for ever, done for `journal_ttl`, free for 30 days."""
    session = shop(journal_ttl=500 * DAY)
    number = await authorized(session, sandbox)
    kept = dict[str, float | None]()
    sandbox.inject(Drop(), endpoint=CAPTURE.endpoint)
    sandbox.inject(Answer(409, body=b'{"error": "not_permitted"}'), endpoint=CAPTURE.endpoint)
    for key in ("pending", "free", "done"):
        await outcome_of(CAPTURE.make(session, number, key))
        found = await session.operations.get(kind="capture", key=key)
        assert found is not None
        assert key == found.phase
        stored = await faulty.load(JOURNAL_PREFIX + found.operation_id)
        assert stored is not None
        kept[key] = stored.keep_for
    clock.advance(400 * DAY)

    assert {"pending": None, "done": 500 * DAY, "free": 30 * DAY} == kept
    assert ["pending"] == [one.idempotency_key for one in await CAPTURE.pending(session)]
