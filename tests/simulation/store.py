"""A model of a store: what the contract allows it to do, and what real ones do under faults."""

import asyncio
import random
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextvars import Context
from typing import Final, TypeVar

from attrs import define, field, frozen

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import MARKER_KEY, Entry, JournalStore, Life

from .loop import PROCESS, SimulatedLoop

__all__ = ["EPOCH", "Fault", "ModelStore", "World"]

T = TypeVar("T")

EPOCH: Final = 1_800_000_000.0
"""The moment of the loop's time 0, in seconds since the epoch."""
_LATENCY: Final = 0.004
"""Seconds that a message takes at most, without a fault."""


def _outside() -> Context:
    context = Context()
    context.run(PROCESS.set, None)
    return context


@define
class World:
    """
    The event loop, the randomness and the log that store, network and API share.

    Attributes:
        loop: The event loop.
        draw: The time that messages take.
        log: The events: moments, names and texts.
        context: The context of what happens outside of every process.
    """

    loop: SimulatedLoop
    draw: random.Random
    log: list[tuple[object, ...]] = field(factory=list[tuple[object, ...]])
    context: Context = field(factory=_outside)

    def later(self, seconds: float, act: Callable[..., object], *parameters: object) -> None:
        """Let something happen outside of every process."""
        self.loop.call_outside(seconds, act, *parameters)

    def latency(self) -> float:
        """Draw the seconds that a message takes."""
        return self.draw.random() * _LATENCY

    def note(self, *what: object) -> None:
        """Add a line to the log."""
        self.log.append((self.loop.time(), *what))


@frozen
class Fault:
    """
    A fault of one message.

    Attributes:
        what: Its name in the plan.
        seconds: How long, or how late.
    """

    what: str
    seconds: float


@define(eq=False)
class ModelStore(JournalStore):
    """
    A store that all processes share.

    Attributes:
        name: Its name in the log.
        world: The world.
        kept: The entries, with the moment of their write by the store's own clock.
        undo: All writes, so that it can go back: key, entry before.
        faults: Faults of the next operations.
        down: Every operation is refused until then, by the loop's time.
        silent: No operation is answered until then.
        read_only: No swap succeeds until then.
        ageless: No ages are given until then.
        newer: Entries that a newer release has written in a format of its own, until then.
        clock: Seconds that its clock is wrong by.
        fingerprint: Its physical fingerprint.
        writers: The process that has written each version.
        arrived: When each version was written, by the loop's clock: the store's may be set.
        troubled: When the last operation that met a fault has arrived.
        exchanged: When another server took its place, or it was emptied.
        unpinned: Access tokens whose mark as pinned it has lost, with the processes that wrote it.
    """

    name: str
    world: World
    kept: dict[str, tuple[Entry, float]] = field(factory=dict[str, tuple[Entry, float]])
    undo: list[tuple[str, tuple[Entry, float] | None]] = field(
        factory=list[tuple[str, tuple[Entry, float] | None]]
    )
    faults: deque[Fault] = field(factory=deque[Fault])
    down: float = 0.0
    silent: float = 0.0
    read_only: float = 0.0
    ageless: float = 0.0
    newer: dict[str, float] = field(factory=dict[str, float])
    clock: float = 0.0
    fingerprint: int = 1
    writers: dict[str, str] = field(factory=dict[str, str])
    arrived: dict[str, float] = field(factory=dict[str, float])
    troubled: float = -1.0
    exchanged: float = -1.0
    unpinned: dict[str, set[str]] = field(factory=dict[str, set[str]])

    async def load(self, key: str) -> Entry | None:
        """Return an entry, with its age."""
        return await self._ask(lambda: self._load(key))

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Compare and swap."""
        process = PROCESS.get(None)
        self.writers[entry.version] = "" if process is None else process.name
        return await self._ask(lambda: self._swap(key, entry, expected, life), writes=True)

    async def life(self) -> Life:
        """Return the life."""
        return await self._ask(self._life)

    async def keys(self, prefix: str, *, endless: bool = False) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`."""

        def listed() -> list[str]:
            return [
                key
                for key, (entry, _) in self.kept.items()
                if key.startswith(prefix) and not (endless and entry.keep_for is not None)
            ]

        for key in await self._ask(listed):
            yield key

    async def aclose(self) -> None:
        """Do nothing."""

    def claims_of(self, process: str) -> set[str]:
        """
        Return the versions of a process's claims that others wait for and that it can withdraw.

        A fault may have left an older one, whose lease is over.
        """
        now = self.world.loop.time()
        return {
            entry.version
            for entry, _ in self.kept.values()
            if self.writers[entry.version] == process
            and self.arrived[entry.version] > self.troubled
            and now - self.arrived[entry.version] < _lease_in(entry.payload)
        }

    def heal(self) -> None:
        """End all faults."""
        self.faults.clear()
        self.newer.clear()
        self.down = self.silent = self.read_only = self.ageless = 0.0

    def roll_back(self, writes: int) -> None:
        """Lose the newest writes, as a replica that has not got them."""
        self.troubled = max(self.troubled, self.world.loop.time())
        for _ in range(min(writes, len(self.undo))):
            key, before = self.undo.pop()
            if (lost := self.kept.get(key)) and (token := _pinned_in(lost[0].payload)):
                self.unpinned.setdefault(token, set()).add(self.writers[lost[0].version])
            if before is None:
                self.kept.pop(key, None)
            else:
                self.kept[key] = before

    def fail_over(self, writes: int) -> None:
        """Go on as another server, which has not got the newest writes."""
        self._exchange()
        self.roll_back(writes)

    def empty(self) -> None:
        """Lose everything, as a server that starts again without a file."""
        self._exchange()
        self.kept, self.undo = {}, []

    def _exchange(self) -> None:
        self.fingerprint += 1
        self.exchanged = self.world.loop.time()

    def evict(self, number: int) -> None:
        """Lose one entry."""
        if self.kept:
            del self.kept[list(self.kept)[number % len(self.kept)]]

    def disturb(self, what: str, number: int, seconds: float) -> None:
        """Do what a move says."""
        until = self.world.loop.time() + seconds
        match what:
            case "down":
                self.down = until
            case "silent":
                self.silent = until
            case "read-only":
                self.read_only = until
            case "ageless":
                self.ageless = until
            case "evict":
                self.evict(number)
            case "roll back":
                self.roll_back(number)
            case "fail over":
                self.fail_over(number)
            case "empty":
                self.empty()
            case "newer":
                self.newer.update(dict.fromkeys(self.kept, until))
            case _:
                self.faults.append(Fault(what, seconds))

    def _now(self) -> float:
        return self.world.loop.time() + self.clock

    def _load(self, key: str) -> Entry | None:
        found = self.kept.get(key)
        if found is None:
            return None
        entry, written_at = found
        age = self._now() - written_at
        now = self.world.loop.time()
        payload = entry.payload
        if now < self.newer.get(key, 0.0):
            payload = payload.replace('"v":', '"v":9', 1)
        known = age if age >= 0 and now >= self.ageless else None
        return Entry(entry.version, payload, entry.keep_for, known)

    def _life(self) -> Life:
        marker = self.kept.get(MARKER_KEY)
        return Life.of(marker[0] if marker else None, f"server {self.fingerprint}")

    def _swap(self, key: str, entry: Entry, expected: Entry | None, life: Life | None) -> bool:
        found = self.kept.get(key)
        stored = found[0].version if found else None
        if life is not None and life != self._life():
            return False
        if stored == entry.version:
            return True
        if stored != (expected.version if expected else None):
            return False
        self.undo.append((key, found))
        self.kept[key] = (entry, self._now())
        self.arrived[entry.version] = self.world.loop.time()
        self.world.note(self.name, "write", key[:26], entry.version)
        return True

    async def _ask(self, act: Callable[[], T], *, writes: bool = False) -> T:
        """Send a message to the store, and wait for the answer."""
        world, loop = self.world, self.world.loop
        later, now = loop.call_outside, loop.time()
        answer: asyncio.Future[T] = loop.create_future()
        if now < self.silent:
            self.troubled = max(self.troubled, now)
            return await answer
        there, back = world.latency(), world.latency()
        fault = self._fault(now, writes=writes)
        effect = _SOUND
        if fault is not None:
            self.troubled = max(self.troubled, now + fault.seconds)
            effect = _EFFECTS[fault.what]
            there += fault.seconds if effect.delayed else 0.0
            if effect.late:
                later(fault.seconds, act)

        def arrive() -> None:
            result = act() if effect.executed else None
            if effect.error is not None:
                later(back, _fail, answer, effect.error())
            elif effect.answered:
                later(back, _deliver, answer, result)

        later(there, arrive)
        return await answer

    def _fault(self, now: float, *, writes: bool) -> Fault | None:
        """Return what happens to the next operation."""
        fault = self.faults.popleft() if self.faults else None
        return _REFUSED if now < self.down or (writes and now < self.read_only) else fault


def _deliver(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[T], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)


@frozen
class _Effect:
    """
    The effect of a fault on an operation.

    Attributes:
        executed: It is executed when it arrives.
        answered: An answer comes back.
        error: The answer is this error.
        delayed: It arrives later.
        late: It is executed later, whatever was answered.
    """

    executed: bool = True
    answered: bool = True
    error: Callable[[], Exception] | None = None
    delayed: bool = False
    late: bool = False


def _broken() -> Exception:
    return StoreUnavailable("the connection broke")


_SOUND: Final = _Effect()
_REFUSED: Final = Fault("refuse", 0.0)
_EFFECTS: Final = {
    "delay": _Effect(delayed=True),
    "refuse": _Effect(executed=False, error=lambda: StoreUnavailable("refused", sent=False)),
    "break before": _Effect(executed=False, error=_broken),
    "break after": _Effect(error=_broken),
    "lose request": _Effect(executed=False, answered=False),
    "lose answer": _Effect(answered=False),
    "late": _Effect(executed=False, error=_broken, late=True),
    "foreign error": _Effect(error=lambda: ValueError("an error of the driver's own")),
}


def _lease_in(payload: str) -> float:
    """Return the lease of the claim in a record of tokens, seconds; 0 without a claim."""
    found = re.search(r'"claim":\{"lease":([0-9.e+]+)', payload)
    return float(found[1]) if found else 0.0


def _pinned_in(payload: str) -> str | None:
    """Return the access token in a record of tokens if it is marked as pinned."""
    found = re.search(r'"access_token":"([^"]+)".*"pinned":true', payload)
    return found[1] if found else None
