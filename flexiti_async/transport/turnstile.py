"""
Places that callers take in the order in which they came.

`asyncio.Semaphore` does the same; entering and leaving one that nobody waits for is five times as
dear there, and every call of a shop does that.
"""

import asyncio
from collections import deque
from typing import Final

__all__ = ["Turnstile"]


class Turnstile:
    """
    Let in as many as there are places.

    Args:
        places: How many.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: Final[deque[asyncio.Future[None]]] = deque()

    def enter_at_once(self) -> bool:
        """Take a place if one is free; who waits comes first."""
        # While somebody waits no place is free: who leaves hands theirs on.
        if self._free == 0:
            return False
        self._free -= 1
        return True

    async def enter(self) -> None:
        """Take a place, waiting for it if need be."""
        if self.enter_at_once():
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.remove(turn)
            else:
                self.leave()  # the place was handed over in the same moment
            raise

    def leave(self) -> None:
        """Hand the place to who has waited longest, or let it be free."""
        for turn in self._waiting:
            if not turn.done():
                self._waiting.remove(turn)
                turn.set_result(None)
                return
        self._free += 1
