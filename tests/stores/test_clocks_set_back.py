"""
Clocks of real stores that are set back: a Valkey whose clock is moved, files dated in the future.

The cost is one lease, and one token request for a token whose age is unknown: not the time by which
the clock was set back.
"""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from attrs import evolve, frozen

from flexiti_async import FlexitiConfig, FlexitiSession, Token
from flexiti_async.clock import SYSTEM_CLOCK, Clock
from flexiti_async.sandbox import Sandbox
from flexiti_async.store import TokenStore, open_store
from flexiti_async.store.interface import Entry
from flexiti_async.testing import ManualClock
from flexiti_async.tokens.record import Claim, Record, encode_record
from flexiti_stores.file.records import decode, encode, stamp

from ..support.keys import token_key
from ..support.patience import PATIENCE, PATIENT
from .servers import Server, valkey_binary

LEASE = 2.5
BACK = 60.0
ENDPOINT = "oauth/token"


@pytest.fixture
def movable(folder: Path) -> Iterator[Server]:
    """Yield a running Valkey whose clock can be set."""
    with Server(valkey_binary(), folder, movable=True) as server:
        server.start()
        yield server


@pytest.fixture
async def shop() -> AsyncIterator[Sandbox]:
    """Yield a sandbox in real time."""
    async with Sandbox() as running:
        yield running


@frozen
class Waited:
    """How long a process waited for a token, in seconds, and how many requests it made."""

    seconds: float
    requests: int


def opened(shop: Sandbox, url: str, clock: Clock = SYSTEM_CLOCK) -> FlexitiSession:
    """Return a session over a store."""
    config = FlexitiConfig(
        client_id=shop.client_id,
        client_secret=shop.client_secret,
        base_url=shop.base_url,
        store=url,
        **PATIENT,
    )
    return FlexitiSession(config, clock=clock)


def key_of(shop: Sandbox) -> str:
    """Return the key of the customer record."""
    return token_key(shop)


async def claim(store: TokenStore, key: str) -> None:
    """Claim as a process that dies then."""
    text = encode_record(Record(key, claim=Claim(LEASE)))
    entry = Entry(secrets.token_hex(16), text, LEASE + 60.0)
    assert await store.swap(key, entry, expected=None)


async def wait_for_token(shop: Sandbox, url: str) -> Waited:
    """Let a process that knows nothing ask for a token."""
    before, began = shop.count(ENDPOINT), time.monotonic()
    async with opened(shop, url) as session:
        assert isinstance(await session.token(), Token)
    return Waited(time.monotonic() - began, shop.count(ENDPOINT) - before)


async def test_a_claim_in_a_valkey_whose_clock_is_set_back(shop: Sandbox, movable: Server) -> None:
    """Set back by 60 s it costs one lease of 2.5 s, not 62.5 s."""
    store = open_store(movable.url)
    await claim(store, key_of(shop))
    await asyncio.to_thread(movable.set_clock, -BACK)
    entry = await store.load(key_of(shop))
    waited = await wait_for_token(shop, movable.url)
    await store.aclose()

    assert entry is not None
    assert entry.age is None
    assert LEASE <= waited.seconds < BACK / 2
    assert 1 == waited.requests


async def test_a_token_in_a_valkey_whose_clock_is_set_back(shop: Sandbox, movable: Server) -> None:
    """Its age is unknown: it is not adopted, which costs one request and no wait."""
    async with opened(shop, movable.url) as first:
        await first.token()
        await asyncio.to_thread(movable.set_clock, -BACK)
        waited = await wait_for_token(shop, movable.url)

    assert 1 == waited.requests
    assert waited.seconds < BACK / 2


async def test_a_token_in_a_valkey_whose_clock_is_set_back_by_less_than_its_age(
    shop: Sandbox, movable: Server
) -> None:
    """The store makes it 900 s younger, and the moment of its mint does not."""
    began = time.time()
    async with opened(shop, movable.url, ManualClock(wall=began)) as first:
        token = await first.token(min_ttl=0.0)
    await asyncio.to_thread(movable.set_clock, 100.0)  # 1000 s have passed, and it lost 900
    async with opened(shop, movable.url, ManualClock(wall=began + 1000.0)) as second:
        adopted = await second.token(min_ttl=0.0)

    assert token.token_id == adopted.token_id
    assert 100.0 < adopted.life <= 200.0


@pytest.mark.parametrize("dated", ["by the file", "by the text"])
async def test_a_claim_in_a_file_of_the_future(shop: Sandbox, tmp_path: Path, dated: str) -> None:
    """
    A machine whose clock is set back by an hour: one lease, not an hour.

    The file's own date counts where the record was written in another boot; the boot-time clock in
    the text cannot be set back, but a copied folder can hold any.
    """
    url = f"{(tmp_path / 'tokens').as_uri()}?timeout={PATIENCE:g}"
    store = open_store(url)
    await claim(store, key_of(shop))
    [file] = (tmp_path / "tokens").glob("*.record")
    await asyncio.to_thread(date_ahead, file, by_text=dated == "by the text")
    entry = await store.load(key_of(shop))
    waited = await wait_for_token(shop, url)
    await store.aclose()

    assert entry is not None
    assert entry.age is None
    assert LEASE <= waited.seconds < BACK / 2
    assert 1 == waited.requests


def date_ahead(file: Path, *, by_text: bool) -> None:
    """Let a record have been written in an hour."""
    record = decode(file.stem, file.read_bytes())
    assert record is not None
    present = stamp()
    written = evolve(present, seconds=present.seconds + 3600.0) if by_text else None
    file.write_bytes(encode(file.stem, evolve(record, written=written)))
    if not by_text:
        ahead = time.time() + 3600.0
        os.utime(file, (ahead, ahead))
