"""A process of a shop, of whichever release is on its path."""

from pathlib import Path

import flexiti_async

from ..processes.worker import Worker as AnyWorker

__all__ = ["Worker"]


class Worker(AnyWorker):
    """A process that knows which release it runs."""

    def __init__(self) -> None:
        super().__init__()
        self._verbs = {**self._verbs, "library": self._library}

    async def _library(self) -> str:
        """Return the folder of the library that this process has imported."""
        return str(Path(flexiti_async.__file__).parents[1])
