"""Processes that compete for the entries of one store; the contract of stores starts them."""

import asyncio
import multiprocessing
import uuid
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from typing import Final

from flexiti_async.store.interface import Entry, TokenStore
from flexiti_async.store.loading import open_store

__all__ = ["compete"]

PROCESSES: Final = 8
CREATES: Final = 20
COUNTS: Final = 20

_start: list[Barrier] = []


def compete(store_url: str, key: str) -> list[str]:
    """
    Run 8 processes that create the keys `{key}-0` … `{key}-19`, and add 20 each to `key`'s number.

    Args:
        store_url: For `open_store`, in each process.
        key: Of an entry whose payload is a number.

    Returns:
        The keys that the processes have created, by their own account, in no order.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, context, _meet_at, (barrier,)) as pool:
        tasks = [pool.submit(_work, store_url, key) for _ in range(PROCESSES)]
        return [name for task in tasks for name in task.result()]


def _meet_at(barrier: Barrier) -> None:
    _start.append(barrier)


def _work(store_url: str, key: str) -> list[str]:
    store = open_store(store_url)
    _start[0].wait(timeout=60)
    return asyncio.run(_race(store, key))


async def _race(store: TokenStore, key: str) -> list[str]:
    names = [f"{key}-{number}" for number in range(CREATES)]
    created = [name for name in names if await store.swap(name, _entry(""), expected=None)]
    for _ in range(COUNTS):
        while True:
            found = await store.load(key)
            number = int(found.payload) if found else 0
            if await store.swap(key, _entry(str(number + 1)), expected=found):
                break
    await store.aclose()
    return created


def _entry(payload: str) -> Entry:
    return Entry(uuid.uuid4().hex, payload, 60.0)
