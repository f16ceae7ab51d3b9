"""A journal that cannot keep its promise is refused, with the line that a shop has to add."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from aiocache import SimpleMemoryCache

from flexiti_async import FlexitiSession
from flexiti_async.api.captures import Capture
from flexiti_async.errors import ConfigError, JournalForgot, TokenError
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.journal import begin
from flexiti_stores.aiocache import AiocacheStore
from flexiti_stores.file import FileStore
from flexiti_stores.memory import MemoryStore

from ..conftest import MakeSession
from ..support.patience import PATIENCE
from .acts import CAPTURE, authorized

FAR = "https://192.0.2.1/flexiti/pos-api"
"""An address for documentation (RFC 5737), which nothing is sent to."""


def capture(session: FlexitiSession) -> Coroutine[object, None, Capture]:
    """Make a capture."""
    return session.authorizations.capture(1, 5, idempotency_key="parcel-1")


async def test_a_journal_in_memory_is_refused(make_session: MakeSession) -> None:
    """It would forget with the process; the error has the line to add."""
    for store in ({}, {"store": "memory://refused"}):
        with pytest.raises(ConfigError, match="journal=") as caught:
            await capture(make_session(base_url=FAR, **store))
        assert "journal" == caught.value.option


async def test_a_journal_in_memory_can_be_asked_for(make_session: MakeSession) -> None:
    """In as many words: then the next thing that it needs is a token."""
    session = make_session(
        base_url=FAR, journal="memory://asked-for", connect_timeout=0.01, token_timeout=0.5
    )
    with pytest.raises(TokenError):
        await capture(session)


async def test_a_store_without_lists_and_life_is_refused(make_session: MakeSession) -> None:
    """A cache cannot keep a journal, and the error says why."""
    with pytest.raises(ConfigError, match=r"AiocacheStore.*keys and life") as caught:
        await capture(make_session(journal=AiocacheStore(SimpleMemoryCache())))
    assert "journal" == caught.value.option


async def test_a_journal_is_begun_by_a_person(make_session: MakeSession, tmp_path: Path) -> None:
    """A worker that finds no marker sends nothing, except for an API on loopback."""
    url = f"file://{tmp_path}?timeout={PATIENCE}"
    options: dict[str, Any] = {"connect_timeout": 0.01, "token_timeout": 0.5}
    for place in ({"journal": url}, {"store": url}):
        with pytest.raises(JournalForgot, match="journal init"):
            await capture(make_session(base_url=FAR, **place, **options))
    store = FileStore.from_url(url)
    await begin(store, marker="0" * 32)
    await store.aclose()
    with pytest.raises(TokenError):
        await capture(make_session(base_url=FAR, journal=url, **options))


async def test_a_journal_of_its_own(
    make_session: MakeSession, sandbox: Sandbox, tmp_path: Path, store: MemoryStore
) -> None:
    """`journal` is another store than the tokens': its records outlive a lost token store."""
    options: dict[str, Any] = {"journal": f"file://{tmp_path}?timeout={PATIENCE}"}
    session = make_session(**options)
    number = await authorized(session, sandbox)
    await CAPTURE.make(session, number, "parcel-1")
    await session.aclose()
    again = await CAPTURE.make(make_session(store="memory://empty", **options), number, "parcel-1")

    assert again.replayed
    assert [] == [key async for key in store.keys("flexiti-operation-")]
