"""Any argument of a store's constructor is taken, or refused by name."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from aiocache import SimpleMemoryCache

from flexiti_async import ConfigError
from flexiti_stores.aiocache import AiocacheStore
from flexiti_stores.file import FileStore
from flexiti_stores.memory import MemoryStore
from flexiti_stores.postgres import PostgresStore
from flexiti_stores.postgres.location import parse_location
from flexiti_stores.redis import RedisStore

from ..hostile.values import HOSTILE

GOOD: dict[Callable[..., object], dict[str, object]] = {
    AiocacheStore: {"cache": SimpleMemoryCache()},
    FileStore: {"path": "tokens"},
    MemoryStore: {},
    PostgresStore: {"location": parse_location("postgresql://shop@127.0.0.1/shop")},
    RedisStore: {"client": redis.asyncio.Redis()},
}


@pytest.mark.parametrize("store", GOOD)
def test_any_argument_is_taken_or_refused_by_name(
    store: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """53 kinds of value for each argument, the others being good."""
    monkeypatch.chdir(tmp_path)
    faults: list[str] = []
    for name in inspect.signature(store).parameters:
        for kind, value in HOSTILE.items():
            try:
                store(**{**GOOD[store], name: value()})
            except ConfigError as error:
                if not {name, "RedisStore", "folder"} & set(str(error).split()):
                    faults.append(f"{name}={kind}: {error}")
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                faults.append(f"{name}={kind}: {type(error).__name__}")

    assert [] == faults
