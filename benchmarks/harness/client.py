"""
A client of a benchmark, in a process of its own: one peer, and its measurements.

Arguments: the names of the peer and of the event loop.
"""

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

from benchmarks.harness.children import Child, obey, run
from benchmarks.harness.closing import close_amid_calls
from benchmarks.harness.collector import watched_collector
from benchmarks.harness.crowd import stampede
from benchmarks.harness.latency import Latencies
from benchmarks.harness.memory import resident
from benchmarks.harness.open_files import most_files
from benchmarks.harness.server import WIDGET, steer
from benchmarks.harness.target import Target
from benchmarks.peers import WHAT, Caller, open_peer

__all__ = ["start_client", "start_clients"]

_GLANCE: Final = 0.1
_OTHER_FILES: Final = 64
_NOT_OPTIONAL: Final = {"aiohttp", "benchmarks", "flexiti_async", "flexiti_stores"}


async def start_clients(
    stack: AsyncExitStack,
    peers: Iterable[str],
    loops: Iterable[str] = ("asyncio",),
    environment: Mapping[str, str] | None = None,
) -> tuple[dict[tuple[str, str], Child], list[str]]:
    """
    Start the processes of several peers, each on several event loops.

    Returns:
        The processes, and the peers that are not installed, by the names that tables have.
    """
    wanted = [(peer, loop) for peer in peers for loop in loops]
    started = await asyncio.gather(
        *(start_client(peer, loop, environment) for peer, loop in wanted)
    )
    clients: dict[tuple[str, str], Child] = {}
    missing: dict[str, None] = {}
    for (peer, loop), child in zip(wanted, started, strict=True):
        if child is None:
            missing[WHAT[peer]] = None
        else:
            clients[peer, loop] = await stack.enter_async_context(child)
    return clients, list(missing)


async def start_client(
    peer: str, loop: str = "asyncio", environment: Mapping[str, str] | None = None
) -> Child | None:
    """Start the process of a peer; None if the peer is not installed."""
    child = await Child.start("harness.client", peer, loop, environment=environment)
    if child.ready["installed"]:
        return child
    await child.aclose()
    return None


class _Client:
    """The orders that a client takes."""

    def __init__(self, peer: Caller) -> None:
        self._peer = peer
        self._open = False

    async def open(self, target: dict[str, Any]) -> None:
        """Open the peer."""
        self._target = Target.from_json(target)
        await self._peer.open(self._target)
        self._open = True

    async def close(self) -> None:
        """Close the peer, if it is open."""
        if self._open:
            self._open = False
            await self._peer.aclose()

    async def calls(self, number: int, in_flight: int) -> dict[str, object]:
        """Measure calls, `in_flight` at a time; those that open connections are not measured."""
        latencies: list[float] = []
        numbers = iter(range(number))
        init_widget, clock = self._peer.init_widget, time.perf_counter
        await asyncio.gather(
            *(init_widget() for _ in range(min(in_flight, number, self._target.connections)))
        )

        async def shop() -> None:
            for _ in numbers:
                began = clock()
                await init_widget()
                latencies.append(clock() - began)

        with watched_collector() as collected:
            wall, cpu = time.perf_counter(), time.process_time()
            await asyncio.gather(*(shop() for _ in range(in_flight)))
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {
            "cpu": cpu,
            "wall": wall,
            "collector": collected.cpu,
            "latencies": Latencies.of(latencies).encode(),
        }

    async def set_collector(self, thresholds: list[int], freeze: bool) -> None:  # noqa: FBT001 - an order
        """Set the thresholds of Python's garbage collector; `freeze` exempts what exists now."""
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        gc.collect()
        if freeze:
            gc.freeze()

    async def repeat(self, number: int, in_flight: int) -> None:
        """Call, without measuring."""
        numbers = iter(range(number))

        async def shop() -> None:
            for _ in numbers:
                await self._peer.init_widget()

        await asyncio.gather(*(shop() for _ in range(in_flight)))

    async def tokens(self, number: int) -> dict[str, object]:
        """Measure calls of `token()` with a cached token, one after the other."""
        token = self._peer.token
        await token()
        numbers = range(number)
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in numbers:
            await token()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {"cpu": cpu, "wall": wall}

    async def refreshes(self, number: int) -> dict[str, object]:
        """Measure the refreshes in the background that `token()` starts with a stale token."""
        token = self._peer.token
        seconds: list[float] = []
        await token()
        for _ in range(number):
            self._peer.age()
            others, began = asyncio.all_tasks(), time.process_time()
            await token()
            await asyncio.wait(asyncio.all_tasks() - others)
            seconds.append(time.process_time() - began)
        return {"cpu": seconds}

    async def stampede(self, scenario: str, callers: int) -> dict[str, object]:
        """Let many callers ask for a token at once."""
        return await stampede(self._peer, self._target, scenario, callers)

    async def close_amid_calls(self, endpoint: str, callers: int) -> dict[str, object]:
        """Close the peer while many callers wait."""
        self._open = False
        return await close_amid_calls(self._peer, self._target, endpoint, callers)

    async def waiting(self, number: int, queued: bool) -> dict[str, object]:  # noqa: FBT001 - an order
        """
        Return what calls keep alive while they wait for their answers, or for a connection.

        Args:
            number: The calls.
            queued: They wait for connections, which others use.

        Returns:
            Of all calls, `bytes` of memory, connections included, and `objects` that the garbage
            collector tracks, without them.

        Raises:
            OSError: The limit of open files is too low for this many connections.
        """
        if self._target.connections + _OTHER_FILES > (most := most_files()):
            wanted = self._target.connections
            raise OSError(f"{wanted:,} connections, but {most:,} open files: raise `ulimit -n`")
        others = self._target.connections if queued else 0
        memory, _ = await self._held(number, others)
        _, objects = await self._held(number, others)  # now the connections exist
        return {"bytes": memory, "objects": objects}

    async def _held(self, number: int, others: int) -> tuple[int, int]:
        """Return the bytes and the objects of calls that wait, beside others."""
        await self._peer.init_widget()
        await steer(self._target, hold=[WIDGET])
        beside = [self._call() for _ in range(others)]
        await self._until_waiting(beside, others)
        gc.collect()
        before, tracked = resident(), len(gc.get_objects())
        calls = [self._call() for _ in range(number)]
        await self._until_waiting(calls, others or number)
        gc.collect()
        after, now_tracked = resident(), len(gc.get_objects())
        await steer(self._target, hold=[])
        await asyncio.gather(*beside, *calls)
        return after - before, now_tracked - tracked

    def _call(self) -> asyncio.Future[str]:
        return asyncio.ensure_future(self._peer.init_widget())

    async def _until_waiting(self, calls: list[asyncio.Future[str]], number: int) -> None:
        """Wait until the server holds back a number of answers, and all calls have begun."""
        while (await steer(self._target))["waiting"] < number:
            for call in calls:
                if call.done():  # its answer is held back, so it failed
                    call.result()
            await asyncio.sleep(_GLANCE)


async def _main(name: str) -> None:
    # Hundreds of failures, all of them intended, would be logged to the terminal.
    logging.lastResort = logging.NullHandler()
    try:
        peer = open_peer(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _NOT_OPTIONAL:
            raise
        await obey({}, {"installed": False})
        return
    client = _Client(peer)
    verbs: dict[str, Callable[..., Awaitable[dict[str, object] | None]]] = {
        "open": client.open,
        "close": client.close,
        "calls": client.calls,
        "repeat": client.repeat,
        "set_collector": client.set_collector,
        "tokens": client.tokens,
        "refreshes": client.refreshes,
        "stampede": client.stampede,
        "close_amid_calls": client.close_amid_calls,
        "waiting": client.waiting,
    }
    await obey(verbs, {"installed": True})
    await client.close()


if __name__ == "__main__":
    run(_main(sys.argv[1]), sys.argv[2])
