"""Who listens to the events of a session; the events themselves are in `events/types.py`."""

import logging
from collections.abc import Callable, Iterable

from attrs import frozen

__all__ = ["Event", "Listener", "Listeners"]

_log = logging.getLogger("flexiti_async.events")


@frozen(kw_only=True)
class Event:
    """Base of all events."""


Listener = Callable[[Event], object]
"""Takes every event; what it gives back is ignored."""


class Listeners:
    """
    The listeners of one session.

    Args:
        listeners: Those that are there from the start.
        log: Called with every event before them; it does not count as a listener.
    """

    def __init__(self, listeners: Iterable[Listener] = (), *, log: Listener | None = None) -> None:
        self._listeners = tuple(listeners)
        self._log = log
        self._reported: set[int] = set()

    @property
    def any(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; call what is given back to remove it."""
        self._listeners = (*self._listeners, listener)

        def remove() -> None:
            kept = list(self._listeners)
            if listener in kept:
                kept.remove(listener)
            self._listeners = tuple(kept)

        return remove

    def notify(self, event: Event) -> None:
        """Call every listener, in the order in which they came."""
        if self._log is not None:
            self._log(event)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - whatever a listener raises is its own
                self._report(listener, error)

    def _report(self, listener: Listener, error: Exception) -> None:
        # Once each: a broken listener is called for every call of the shop. Its text is its own,
        # and may quote anything.
        if id(listener) not in self._reported:
            self._reported.add(id(listener))
            name = getattr(listener, "__qualname__", type(listener).__name__)
            _log.error("listener %s raised %s; it stays", name, type(error).__name__)
