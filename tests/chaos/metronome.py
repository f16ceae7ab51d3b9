"""
How long a process did not run, so that nobody takes it for slow.

A stopped process, and one that gets no core, miss their deadlines without fault; one whose loop
is blocked does so by fault. A thread of its own tells them apart: it sleeps and wakes, whatever the
event loop does, because who waits in a system call has let go of the GIL, and who computes has to
do so every few milliseconds. If the thread wakes late, the process did not run, save for the CPU
time that it used meanwhile: that was an extension that computed and kept the GIL.
"""

import threading
import time
from collections.abc import Iterable
from typing import Final

from attrs import frozen

__all__ = ["Gap", "Metronome", "lost_in"]

_BEAT: Final = 0.02
_NOTABLE: Final = 0.01


@frozen
class Gap:
    """
    A while in which a process did not run.

    Attributes:
        begun: When, by the monotonic clock, which is one for all processes of a machine.
        ended: Until when.
        lost: Seconds of it that were lost.
    """

    begun: float
    ended: float
    lost: float


def lost_in(gaps: Iterable[Gap], begun: float, ended: float) -> float:
    """Tell the seconds lost between two moments."""
    return sum(
        min(gap.lost, min(ended, gap.ended) - max(begun, gap.begun))
        for gap in gaps
        if gap.begun < ended and begun < gap.ended
    )


class Metronome:
    """
    Take note of the gaps in this process's life.

    Attributes:
        gaps: Those so far.
    """

    def __init__(self) -> None:
        self.gaps: list[Gap] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="metronome", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Be still."""
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while True:
            before, used = time.monotonic(), time.process_time()
            if self._over.wait(_BEAT):
                return
            after = time.monotonic()
            lost = after - before - _BEAT - (time.process_time() - used)
            if lost > _NOTABLE:
                self.gaps.append(Gap(before, after, lost))
