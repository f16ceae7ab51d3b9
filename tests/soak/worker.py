"""A process of the chaos tests that also measures itself."""

import gc
import logging
from collections import Counter
from pathlib import Path
from typing import Any

from ..chaos.worker import Worker as ChaosWorker

__all__ = ["Worker"]


class _Counter(logging.Handler):
    """Counts the lines that a shop would log, and those that its operator would read."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines = self.warnings = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        self.lines += 1
        self.warnings += record.levelno >= logging.WARNING


class Worker(ChaosWorker):
    """A process that counts its objects, open files and log lines."""

    def __init__(self) -> None:
        super().__init__()
        self._verbs = {**self._verbs, "measure": self._measure, "types": self._types}
        self._counter = _Counter()

    async def _open(self, config: dict[str, Any], mark: str | None) -> None:
        await super()._open(config, mark)
        logging.disable(logging.NOTSET)
        log = logging.getLogger("flexiti_async")
        log.addHandler(self._counter)
        log.setLevel(logging.INFO)
        log.propagate = False

    async def _measure(self) -> dict[str, int]:
        """Count what this process keeps, besides what its test keeps about it."""
        if self._metronome is not None:
            self._metronome.gaps.clear()
        gc.collect()
        return {
            "objects": len(gc.get_objects()),
            "files": _files(),
            "lines": self._counter.lines,
            "warnings": self._counter.warnings,
        }

    async def _types(self) -> dict[str, int]:
        """Count the objects of each type."""
        return dict(Counter(type(each).__qualname__ for each in gc.get_objects()))


def _files() -> int:
    """Count the open files of this process, sockets included."""
    return sum(1 for _ in Path("/dev/fd").iterdir())
