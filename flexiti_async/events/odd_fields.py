"""Reports the odd fields of answers, each once."""

from collections.abc import Iterable
from typing import Final

from flexiti_async.events.listeners import Listeners
from flexiti_async.events.types import OddField

__all__ = ["OddFields"]

_MOST: Final = 1000


class OddFields:
    """
    Notifies listeners of odd fields, of each field of an endpoint once.

    Args:
        events: The listeners.
    """

    def __init__(self, events: Listeners) -> None:
        self._events = events
        self._reported: set[tuple[str, str]] = set()

    def report(self, endpoint: str, reference_id: str, problems: Iterable[str]) -> None:
        """Notify the listeners of problems that were not reported yet."""
        for problem in problems:
            key = endpoint, problem
            if key not in self._reported and len(self._reported) < _MOST:
                self._reported.add(key)
                event = OddField(endpoint=endpoint, reference_id=reference_id, problem=problem)
                self._events.notify(event)
