"""A process of a shop, of whichever release is on its path, which also moves money."""

from pathlib import Path
from typing import Any

import flexiti_async
from flexiti_async import FlexitiConfig, FlexitiError, FlexitiSession

from ..processes.worker import Worker as TokenWorker

__all__ = ["Worker"]


class Worker(TokenWorker):
    """A process with a session for tokens, and one for each order that moves money."""

    def __init__(self) -> None:
        super().__init__()
        self._verbs = {**self._verbs, "library": self._library, "authorize": self._authorize}

    async def _library(self) -> str:
        """Return the folder of the library that this process has imported."""
        return str(Path(flexiti_async.__file__).parents[1])

    async def _authorize(self, config: dict[str, Any], reference_id: str) -> dict[str, str]:
        """Resume a checkout and authorize it; returns the outcome and the number."""
        try:
            async with FlexitiSession(FlexitiConfig(**config), clock=self._clock) as flexiti:
                checkout = await flexiti.resume(reference_id)
                answer = await checkout.authorize(
                    "20.00", transaction_type="promotional_purchase", plan_id=101, term=12
                )
        except FlexitiError as error:
            return {"outcome": repr(error)}
        return {"outcome": "done", "number": str(answer.authorization_id)}
