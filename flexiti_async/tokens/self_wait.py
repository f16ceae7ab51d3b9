"""
Finding out that a token is asked for by what fetches it, which would wait for itself for ever.

A shop can get there: by a client session, lent to the library, whose trace callbacks or resolver
call the API with a token of their own; or by a token store that does. The context of the task that
fetches says so, and asyncio hands it down to every task that is started from there.
"""

import contextvars
from collections.abc import Generator, Hashable
from contextlib import contextmanager
from typing import Final

__all__ = ["fetched_here", "fetching"]

_fetching: Final[contextvars.ContextVar[frozenset[Hashable]]] = contextvars.ContextVar(
    "flexiti_async.fetching", default=frozenset()
)


def fetched_here(key: Hashable) -> bool:
    """Tell whether this very context is at work on the token of a key."""
    return key in _fetching.get()


@contextmanager
def fetching(key: Hashable) -> Generator[None, None, None]:
    """Mark what runs inside, and all that it starts, as being at work on the token of a key."""
    mark = _fetching.set(_fetching.get() | {key})
    try:
        yield
    finally:
        _fetching.reset(mark)
