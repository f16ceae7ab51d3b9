"""
How long a process did not run, so that nobody takes it for slow.

A stopped process, and one that gets no core, miss their deadlines without fault; one whose loop
is blocked, or computes, does so by fault. Two measurements tell them apart.

The kernel counts how long a thread was ready to run and had no core. A thread of its own sees what
that count leaves out, a process that was stopped: it sleeps and wakes, whatever the event loop
does, because a thread in a system call has released the GIL, and one that computes has to do so
every few milliseconds. If the thread wakes late, the process did not run, save for the CPU time
that it used meanwhile: that was an extension that computed and kept the GIL.
"""

import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import define, frozen

__all__ = ["Gap", "Lap", "Metronome", "lap", "lost_in"]

_BEAT: Final = 0.02
_NOTABLE: Final = 0.01
_NOTABLE_WAIT: Final = 0.001


@frozen
class Gap:
    """
    A span of time in which a process did not run.

    Attributes:
        begun: Its beginning, by the monotonic clock, which all processes of a machine share.
        ended: Its end.
        lost: Seconds of it that were lost.
    """

    begun: float
    ended: float
    lost: float


def lost_in(gaps: Iterable[Gap], begun: float, ended: float) -> float:
    """Return the seconds lost between two moments."""
    return sum(
        min(gap.lost, min(ended, gap.ended) - max(begun, gap.begun))
        for gap in gaps
        if gap.begun < ended and begun < gap.ended
    )


class Metronome:
    """
    Take note of the gaps in the life of this process, and of the thread that makes it.

    Attributes:
        gaps: The gaps so far.
    """

    def __init__(self) -> None:
        self.gaps: list[Gap] = []
        self._ready = _time_without_a_core(threading.get_native_id())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="metronome", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop counting."""
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        over = False
        before, used, waited = time.monotonic(), time.process_time(), self._ready.seconds()
        while not over:
            over = self._over.wait(_BEAT)
            after, used_by, waited_by = (
                time.monotonic(),
                time.process_time(),
                self._ready.seconds(),
            )
            late = after - before - _BEAT - (used_by - used)
            wait = waited_by - waited
            lost = max(late if late > _NOTABLE else 0.0, wait if wait > _NOTABLE_WAIT else 0.0)
            if lost:
                self.gaps.append(Gap(before, after, min(lost, after - before)))
            before, used, waited = after, used_by, waited_by


@frozen
class _TimeWithoutACore:
    """Where the kernel says how long a thread was ready to run and did not; nowhere on macOS."""

    path: Path | None

    def seconds(self) -> float:
        """Return the seconds so far; 0 where nobody counts them."""
        if self.path is None:
            return 0.0
        return int(self.path.read_text().split()[1]) / 1e9


def _time_without_a_core(thread: int) -> _TimeWithoutACore:
    path = Path(f"/proc/self/task/{thread}/schedstat")
    return _TimeWithoutACore(path if path.exists() else None)


@define
class Lap:
    """
    A measured piece of work.

    Attributes:
        seconds: How long it took, without the time in which this thread did not run.
        total: How long it took by the clock on the wall.
    """

    seconds: float = 0.0
    total: float = 0.0


@contextmanager
def lap() -> Generator[Lap]:
    """Measure how long something takes; `seconds` can be compared with an upper bound."""
    result, metronome = Lap(), Metronome()
    begun = time.monotonic()
    try:
        yield result
    finally:
        ended = time.monotonic()
        metronome.stop()
        result.total = ended - begun
        result.seconds = result.total - lost_in(metronome.gaps, begun, ended)
