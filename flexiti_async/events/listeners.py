"""The listeners of a session; the events themselves are in `events/types.py`."""

import contextlib
import functools
import inspect
import logging
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol

from attrs import frozen

from flexiti_async.errors import ConfigError
from flexiti_async.events.states import Line, State

__all__ = ["Event", "Listener", "Listeners"]

_log = logging.getLogger("flexiti_async.events")


@frozen(kw_only=True)
class Event:
    """Base of all events."""


class Log(Protocol):
    """The log of a session, which sees every event before its listeners."""

    def __call__(self, event: Event) -> None:
        """Log an event."""
        ...

    def warn(self, state: State, line: Line) -> None:
        """Log a failure that is not an event, as part of a state."""
        ...

    def succeeded(self, state: State) -> None:
        """Note a success, which ends a state that has not failed for some seconds."""
        ...

    def follows_calls(self) -> bool:
        """Whether the end of every call matters to the log."""
        ...

    def close(self) -> None:
        """End the states that this session would have ended."""
        ...


Listener = Callable[[Event], object]
"""
Called with every event; its result is ignored.

Not a coroutine function: nothing would await it. One that has to wait puts the event into a queue.

A listener with a method `around_call` is asked for a context manager, which every call and every
token request is made in.
"""


class Listeners:
    """
    The listeners of one session.

    Args:
        listeners: The first listeners.
        log: Called with every event before them; not counted as a listener.
        option: Name of the argument that they come from, for errors.

    Raises:
        ConfigError: They are not a list, or a listener is not callable or a coroutine function.
    """

    def __init__(
        self,
        listeners: Iterable[Listener] = (),
        *,
        log: Log | None = None,
        option: str = "listeners",
    ) -> None:
        self._listeners = tuple(_checked(listener, option) for listener in _listed(listeners))
        self._log = log
        self._reported: set[int] = set()

    @property
    def any(self) -> bool:
        """Whether there are any listeners."""
        return bool(self._listeners)

    @property
    def follow_calls(self) -> bool:
        """Whether anybody wants to know the end of every call: a listener, or the log."""
        return bool(self._listeners) or (self._log is not None and self._log.follows_calls())

    def add(self, listener: Listener) -> Callable[[], None]:
        """
        Add a listener, and return a function that removes it.

        Raises:
            ConfigError: It is not callable, or is a coroutine function.
        """
        self._listeners = (*self._listeners, _checked(listener))

        def remove() -> None:
            kept = list(self._listeners)
            if listener in kept:
                kept.remove(listener)
            self._listeners = tuple(kept)

        return remove

    @contextmanager
    def around_call(self) -> Generator[None]:
        """Enter what listeners want in force during a call or a token request: `around_call`."""
        with ExitStack() as stack:
            for listener in self._listeners:
                around: Callable[[], AbstractContextManager[object]] | None = getattr(
                    listener, "around_call", None
                )
                if around is not None:
                    stack.enter_context(around())
            yield

    def notify(self, event: Event) -> None:
        """Call every listener, in the order in which they were added."""
        if self._log is not None:
            self._log(event)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - a listener may raise anything
                self._report(listener, error)

    def warn(self, state: State, line: Line) -> None:
        """Log a failure that is not an event, as part of a state; see `events/states.py`."""
        if self._log is not None:
            self._log.warn(state, line)

    def succeeded(self, state: State) -> None:
        """Note a success of what may have failed before."""
        if self._log is not None:
            self._log.succeeded(state)

    def close(self) -> None:
        """End the states that this session would have ended."""
        if self._log is not None:
            self._log.close()

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


def _listed(listeners: Iterable[Listener]) -> list[Listener]:
    with contextlib.suppress(Exception):  # a foreign iterable may raise anything
        return list(listeners)
    msg = f"listeners must be a list of functions, not {type(listeners).__name__}"
    raise ConfigError(msg, option="listeners")


def _checked(listener: Listener, option: str = "listeners") -> Listener:
    """Return a listener; raise ConfigError for one that could not be called, or not be awaited."""
    name = getattr(listener, "__qualname__", type(listener).__name__)
    subject = f"the listener {name}" if option == "listeners" else f"{option}: {name}"
    if not callable(listener):  # pyright: ignore[reportUnnecessaryComparison]
        msg = f"{subject} is not callable"
        raise ConfigError(msg, option=option)
    function = listener
    while isinstance(function, functools.partial):
        function = function.func
    if any(
        inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one)
        for one in (function, type(function).__call__)
    ):
        msg = (
            f"{subject} is a coroutine function, which nothing would await: use a plain "
            "function, for instance one that puts the event into an asyncio.Queue (put_nowait)"
        )
        raise ConfigError(msg, option=option)
    return listener
