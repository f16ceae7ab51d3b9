"""
How long a process did not run.

A process that is stopped, or gets no core, is not to blame for missed deadlines; a process with a
blocked event loop is. A thread distinguishes the two: it sleeps and wakes independently of the
loop, because a thread that waits in a system call has released the GIL, and one that computes has
to do so every few milliseconds. If the thread wakes late, the process did not run, except for the
CPU time that it used meanwhile: that was an extension that computed and kept the GIL.
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
    Record the gaps of this process.

    Attributes:
        gaps: The gaps so far.
    """

    def __init__(self) -> None:
        self.gaps: list[Gap] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="metronome", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop recording."""
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
