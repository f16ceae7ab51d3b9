"""Many short histories of a store, recorded and checked; the contract of stores runs them."""

import asyncio
import itertools
import random
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import Entry, TokenStore
from flexiti_async.testing.store_history import Loaded, Recorder, Swapped, is_linearizable
from flexiti_async.testing.store_wire import Wire

__all__ = ["History", "impossible_histories", "trouble_on"]

History = list[Loaded | Swapped]

_CALLERS: Final = 3
_TURNS: Final = 2
_AT_ONCE: Final = 50
"""Histories that run at the same time: most of a history is waiting."""
_PATIENCE: Final = (0.0005, 0.002, 5.0, 5.0, 5.0)
"""Seconds after which a caller cancels an operation: some at once, most of them never."""
_PAUSE: Final = 0.02
"""Seconds between two faults of a wire, and about how long each lasts."""


async def impossible_histories(*handles: TokenStore, number: int) -> list[History]:
    """
    Record histories, each of three callers and a key of its own.

    Callers load and swap, cancel some of their operations, and repeat or give up swaps of unknown
    outcome.

    Args:
        handles: The store, and other handles on the same entries, which the callers share.
        number: How many histories to record.

    Returns:
        The histories that no order of their operations explains.
    """
    found: list[History] = []
    for first in range(0, number, _AT_ONCE):
        seeds = range(first, min(first + _AT_ONCE, number))
        histories = await asyncio.gather(*(_record(handles, seed) for seed in seeds))
        found += [history for history in histories if not is_linearizable(history)]
    return found


@asynccontextmanager
async def trouble_on(wire: Wire) -> AsyncGenerator[None]:
    """Cut the connections of a wire again and again, lose answers, and let requests arrive late."""
    task = asyncio.create_task(_trouble(wire))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        await asyncio.to_thread(wire.release)


async def _record(handles: tuple[TokenStore, ...], seed: int) -> History:
    recorder = Recorder(handles[0], f"history-{uuid.uuid4().hex}")
    async with asyncio.TaskGroup() as callers:
        for caller in range(_CALLERS):
            # A repeatable choice for each caller; the store's own speed is not.
            chance = random.Random(f"{seed} {caller}")  # noqa: S311
            store = handles[(seed + caller) % len(handles)]
            callers.create_task(_call(recorder, chance, store))
    with suppress(StoreUnavailable):
        await recorder.load()
    return recorder.history


async def _call(recorder: Recorder, chance: random.Random, store: TokenStore) -> None:
    found: Entry | None = None
    for _ in range(_TURNS):
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(chance.choice(_PATIENCE)):
                found = await recorder.load(store)
        entry = Entry(uuid.uuid4().hex, "payload", 60.0)
        for _ in range(chance.choice((1, 2))):
            with suppress(StoreUnavailable, TimeoutError):
                async with asyncio.timeout(chance.choice(_PATIENCE)):
                    await recorder.swap(entry, expected=found, store=store)
                    break


async def _trouble(wire: Wire) -> None:
    for fault in itertools.cycle((None, wire.deafen, wire.hold)):
        await asyncio.sleep(_PAUSE)
        if fault is not None:
            await asyncio.to_thread(fault)
            await asyncio.sleep(_PAUSE)
        if fault != wire.hold:  # what is held back arrives late, also of callers that have left
            await asyncio.to_thread(wire.cut)
        await asyncio.to_thread(wire.release)
