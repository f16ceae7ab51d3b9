"""
Records as a release has written them, one file for each release, and how they are recorded.

    python -P tests/simulation --record 0.1.0-81b403d

A file has the contents of both stores at several moments of one simulated shop. A later release
reads them all: `test_recorded.py`. No file is written again.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from attrs import define

from flexiti_async import PurchaseWidget
from flexiti_async.protocol.token import Scope
from flexiti_async.store.interface import Entry
from flexiti_async.store.journal import begin

from .api import ModelApi
from .exchange import Network
from .loop import SimulatedLoop
from .plan import Move, Verb
from .seeded import seeded
from .shop import ACCOUNT, API_KEYS, Caller, Shop
from .store import ModelStore, World

__all__ = ["LIFETIME", "RECORDS", "Moment", "key_number", "moments", "record", "replay"]

RECORDS: Final = Path(__file__).with_name("records")
LIFETIME: Final = 1200.0
_SEED: Final = 1
_DONE, _PENDING, _FREE = 0, 1, 2


def key_number(phase: str) -> int:
    """Return the number of the key whose capture is in this phase."""
    return {"done": _DONE, "pending": _PENDING, "free": _FREE}[phase]


@define
class Moment:
    """
    The stores of a shop at one moment.

    Attributes:
        release: The release that has written them.
        name: Names the moment.
        at: The moment, by the simulated loop.
        tokens: The token store: key, then version, payload, `keep_for` and moment of each entry.
        journal: The journal's store.
        minted: The tokens that the API knows: name, then moment and scope.
        checkout: The reference id of a checkout whose widget is open; empty without one.
    """

    release: str
    name: str
    at: float
    tokens: dict[str, list[Any]]
    journal: dict[str, list[Any]]
    minted: dict[str, list[Any]]
    checkout: str = ""

    def __str__(self) -> str:
        return f"{self.release}: {self.name}"


def moments() -> list[Moment]:
    """Read all files."""
    return [
        Moment(path.stem, name, **content)
        for path in sorted(RECORDS.glob("*.json"))
        for name, content in json.loads(path.read_text(encoding="ascii")).items()
    ]


def record(release: str) -> Path:
    """Write the file of this release; raises FileExistsError."""
    found: dict[str, dict[str, object]] = {}
    _simulate(1000.0, lambda shop: _fill(shop, found))
    path = RECORDS / f"{release}.json"
    with path.open("x", encoding="ascii") as file:
        json.dump(found, file, indent=1)
        file.write("\n")
    return path


def replay(moment: Moment, work: Callable[[Shop], Awaitable[None]]) -> None:
    """Let a shop of this release go on from a moment."""

    async def go_on(shop: Shop) -> None:
        for store, entries in ((shop.tokens, moment.tokens), (shop.journal, moment.journal)):
            for key, (version, payload, keep_for, at) in entries.items():
                store.kept[key] = Entry(version, payload, keep_for), at
        for name, (at, scope) in moment.minted.items():
            shop.api.add_token(name, scope, minted=at)
        shop.open()
        await work(shop)

    _simulate(moment.at, go_on)


def _simulate(start: float, work: Callable[[Shop], Awaitable[None]]) -> None:
    loop = SimulatedLoop(start)
    world = World(loop, random.Random(_SEED))  # noqa: S311 - a repeatable history
    api = ModelApi(world, LIFETIME, API_KEYS)
    shop = Shop(loop, world, api, ModelStore("tokens", world), ModelStore("journal", world), 2)

    async def closed() -> None:
        await work(shop)
        for worker in shop.all:
            await worker.session.aclose()

    with seeded(_SEED, Network(api).names()):
        try:
            loop.run_until_complete(loop.create_task(closed(), context=world.context))
        finally:
            loop.close()
            shop.drop()


async def _fill(shop: Shop, found: dict[str, dict[str, object]]) -> None:
    """Fill the stores with records of every kind."""
    await begin(shop.journal, marker="0" * 32)
    shop.open()
    shop.api.disturb("hang before", 0, 0.0)
    caller = shop.call(Move(0.0, Verb.TOKEN, 0, what="merchant"))
    await asyncio.sleep(0.5)
    found["a claim"] = _content(shop)
    await _answer(caller)
    found["a failure"] = _content(shop)
    await asyncio.sleep(60.0)
    await _answer(shop.call(Move(0.0, Verb.TOKEN, 0, what="merchant")))
    await _pay(shop, _DONE)
    shop.api.disturb("hang", 2, 0.0)
    await _pay(shop, _PENDING)
    shop.api.disturb("reject", 2, 0.0)
    await _pay(shop, _FREE)
    session = shop.workers[0].session
    checkout = await session.checkout("order-5")
    await checkout.init_widget(PurchaseWidget(account_number=ACCOUNT))
    found["tokens, operations and a checkout"] = {
        **_content(shop),
        "checkout": checkout.reference_id,
    }


async def _pay(shop: Shop, number: int) -> None:
    await _answer(shop.call(Move(0.0, Verb.PAY, 0, what="capture", number=number)))


async def _answer(caller: Caller) -> None:
    assert caller.task is not None
    await asyncio.wait([caller.task])


def _content(shop: Shop) -> dict[str, object]:
    return {
        "at": shop.loop.time(),
        "tokens": _entries(shop.tokens),
        "journal": _entries(shop.journal),
        "minted": {
            name: [token.minted, Scope(token.scope).value]
            for name, token in shop.api.tokens.items()
        },
    }


def _entries(store: ModelStore) -> dict[str, list[object]]:
    return {
        key: [entry.version, entry.payload, entry.keep_for, at]
        for key, (entry, at) in store.kept.items()
    }
