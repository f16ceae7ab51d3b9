"""CPU time of Python's garbage collector, which walks over all waiting calls."""

import gc
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from attrs import define

__all__ = ["Collected", "watched_collector"]


@define
class Collected:
    """
    Work of the collector.

    Attributes:
        cpu: Seconds of CPU time.
    """

    cpu: float = 0.0


@contextmanager
def watched_collector() -> Generator[Collected]:
    """Collect once, then measure the collector inside the `with` block."""
    gc.collect()
    collected, began = Collected(), 0.0

    def note(phase: str, _: Mapping[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.process_time()
        else:
            collected.cpu += time.process_time() - began

    gc.callbacks.append(note)
    try:
        yield collected
    finally:
        gc.callbacks.remove(note)
