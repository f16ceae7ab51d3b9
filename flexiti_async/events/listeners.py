"""The listeners of a session; the events themselves are in `events/types.py`."""

import logging
from collections.abc import Callable, Iterable

from attrs import frozen

__all__ = ["Event", "Listener", "Listeners"]

_log = logging.getLogger("flexiti_async.events")


@frozen(kw_only=True)
class Event:
    """Base of all events."""


Listener = Callable[[Event], object]
"""Called with every event; its result is ignored."""


class Listeners:
    """
    The listeners of one session.

    Args:
        listeners: The first listeners.
        log: Called with every event before them; not counted as a listener.
    """

    def __init__(self, listeners: Iterable[Listener] = (), *, log: Listener | None = None) -> None:
        self._listeners = tuple(listeners)
        self._log = log
        self._reported: set[int] = set()

    @property
    def any(self) -> bool:
        """Whether there are any listeners."""
        return bool(self._listeners)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Add a listener, and return a function that removes it."""
        self._listeners = (*self._listeners, listener)

        def remove() -> None:
            kept = list(self._listeners)
            if listener in kept:
                kept.remove(listener)
            self._listeners = tuple(kept)

        return remove

    def notify(self, event: Event) -> None:
        """Call every listener, in the order in which they were added."""
        if self._log is not None:
            self._log(event)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - a listener may raise anything
                self._report(listener, error)

    def _report(self, listener: Listener, error: Exception) -> None:
        # Once each: a broken listener fails for every call of the shop. Only the class is named:
        # the error's text may quote anything.
        if id(listener) not in self._reported:
            self._reported.add(id(listener))
            name = getattr(listener, "__qualname__", type(listener).__name__)
            _log.error(
                "listener %s raised %s; it stays registered, and further errors are not logged",
                name,
                type(error).__name__,
            )
