"""
Warnings about states: one line when a state begins, one a minute while it lasts, one at its end.

An outage fails thousands of calls, and it is one thing to know. Each kind of trouble is a `State`.
Its first failure is logged as it is; those that follow are counted; and the lines of all states
together are at most three in any 60 seconds. A line that finds no room is not lost: it is written,
with the count until then, as soon as there is room again.

There is no timer: whatever happens next in the process writes what is due. Time is an argument.
"""

import enum
import logging
import threading
from collections import deque
from collections.abc import Mapping
from typing import Final

from attrs import define, evolve, field, frozen

__all__ = ["Line", "State", "States"]

_MOST: Final = 3
"""Lines in one period, of all states together."""
_PERIOD: Final = 60.0
_QUIET: Final = 10.0
"""Seconds without a failure after which a success is the end: outages flicker."""


class State(enum.Enum):
    """One kind of trouble: its name, and its texts while it lasts and at its end."""

    CALLS = "calls", "calls still fail", "calls succeed again"
    RETRIES = "retries", "calls still succeed only after retries", ""
    TOKENS = "tokens", "token requests still fail", "token requests succeed again"
    REJECTED = "rejected", "the API still rejects tokens", "the API rejects no more tokens"
    STORE = "store", "token store still unavailable", "token store available again"
    JOURNAL = "journal", "the journal still fails", "the journal works again"
    CACHE = "cache", "the reference cache still fails", "the reference cache fails no more"

    def __init__(self, label: str, lasts: str, ends: str) -> None:
        self.label = label
        self.lasts = lasts
        self.ends = ends


_ENDS_BY_SUCCESS: Final = frozenset({State.CALLS, State.RETRIES, State.TOKENS, State.JOURNAL})
"""States whose end a success shows; the others end with a period without a failure."""


@frozen
class Line:
    """
    One line of the log.

    Attributes:
        logger: Where it is logged.
        level: Its level.
        text: Its text, with `%` for the arguments.
        args: The arguments.
        extra: Further attributes of the `LogRecord`.
    """

    logger: logging.Logger
    level: int
    text: str
    args: tuple[object, ...] = ()
    extra: Mapping[str, object] = field(factory=dict[str, object])

    def log(self) -> None:
        """Log it."""
        self.logger.log(self.level, self.text, *self.args, extra=dict(self.extra))


@define
class _Episode:
    """
    One state, from its first failure to its end.

    Attributes:
        state: The state.
        newest: The line of the newest failure.
        began: When it began.
        last: When it failed last.
        reported: When its last line was written; before the first, when it began.
        announced: Whether a line was written.
        count: Failures since its last line.
        total: Failures so far.
        recovered: Whether something has succeeded since the last failure.
        holders: Those that will report the end themselves, unless something succeeds before.
    """

    state: State
    newest: Line
    began: float
    last: float
    reported: float
    announced: bool = False
    count: int = 0
    total: int = 0
    recovered: bool = False
    holders: set[object] = field(factory=set[object])

    def is_over(self, at: float) -> bool:
        if self.recovered:
            return at - self.last >= _QUIET
        if self.holders or self.state in _ENDS_BY_SUCCESS:
            return False
        return at - self.last >= _PERIOD

    def due(self, at: float) -> Line | None:
        """Return the line that is to be written about it now."""
        if self.is_over(at):
            return self._with("%s after %.0f s, failures: %d", self.state.ends, at)
        if not self.announced:
            return self._first(at)
        if at - self.reported >= _PERIOD and (self.count or self.holders):
            text = "%s for %.0f s, failures: %d, %d of them in the last %.0f s"
            return self._with(text, self.state.lasts, at, self.count, at - self.reported)
        return None

    def _first(self, at: float) -> Line:
        extra = self._extra(at)
        if self.total == 1:
            return evolve(self.newest, extra=extra)
        line = self.newest
        args = (*line.args, self.total, at - self.began)
        return evolve(line, text=line.text + " (failures: %d in %.0f s)", args=args, extra=extra)

    def _with(self, text: str, what: str, at: float, *more: object) -> Line:
        args = (what, at - self.began, self.total, *more)
        if self.count:  # otherwise its line has been written
            text, args = f"{text}; the last: {self.newest.text}", (*args, *self.newest.args)
        return evolve(self.newest, text=text, args=args, extra=self._extra(at))

    def _extra(self, at: float) -> dict[str, object]:
        return {
            **self.newest.extra,
            "flexiti_state": self.state.label,
            "flexiti_state_seconds": at - self.began,
            "flexiti_failures": self.total,
        }


class States:
    """
    The states of one process.

    Methods return the lines that are to be logged now; their times are seconds of one clock that
    does not go back. Its size is bounded by the number of states.
    """

    def __init__(self) -> None:
        self._episodes: dict[State, _Episode] = {}
        self._written: deque[float] = deque()
        self._lock = threading.Lock()  # sessions may be in several threads

    @property
    def any(self) -> bool:
        """Whether a state has begun and not ended."""
        return bool(self._episodes)

    def reset(self) -> None:
        """Forget everything, as a new process would; for tests."""
        with self._lock:
            self._episodes.clear()
            self._written.clear()

    def failed(self, state: State, line: Line, at: float, *, holder: object = None) -> list[Line]:
        """
        Note a failure.

        Args:
            state: The state.
            line: The line about this failure.
            at: The time.
            holder: Its key, if it will report the end by `ended`; without one, a success does, or
                a minute without a failure.
        """
        with self._lock:
            episode = self._episodes.get(state)
            if episode is None:
                episode = self._episodes[state] = _Episode(state, line, at, at, at)
            episode.newest, episode.last, episode.recovered = line, at, False
            episode.count += 1
            episode.total += 1
            if holder is not None:
                episode.holders.add(holder)
            return self._due(at)

    def succeeded(self, state: State, at: float) -> list[Line]:
        """Note a success, which ends a state that has not failed for some seconds."""
        if not self._episodes:
            return []
        with self._lock:
            episode = self._episodes.get(state)
            if episode is not None:
                episode.recovered = True
            return self._due(at)

    def ended(self, state: State, holder: object, at: float) -> list[Line]:
        """Note what a holder reports: for it, the state has ended."""
        if not self._episodes:
            return []
        with self._lock:
            episode = self._episodes.get(state)
            if episode is not None and holder in episode.holders:
                episode.holders.remove(holder)
                if not episode.holders:
                    episode.recovered, episode.last = True, at - _QUIET
            return self._due(at)

    def passed(self, at: float) -> list[Line]:
        """Return what is due, although nothing has happened to any state."""
        if not self._episodes:
            return []
        with self._lock:
            return self._due(at)

    def _due(self, at: float) -> list[Line]:
        lines: list[Line] = []
        # New states come first.
        for episode in sorted(self._episodes.values(), key=lambda one: one.announced):
            line = episode.due(at)
            over = episode.is_over(at)
            if line is None or (over and not episode.state.ends):
                if over:
                    del self._episodes[episode.state]
                continue
            while self._written and at - self._written[0] >= _PERIOD:
                self._written.popleft()
            if len(self._written) >= _MOST:
                break
            self._written.append(at)
            lines.append(line)
            episode.announced, episode.reported, episode.count = True, at, 0
            if over:
                del self._episodes[episode.state]
        return lines
