"""The event loop that a session needs."""

import asyncio

from flexiti_async.errors import ConfigError

__all__ = ["require_asyncio"]


def require_asyncio() -> None:
    """
    Raise ConfigError where no event loop of asyncio is running, as under trio.

    Without the check the first request for a token would fail, long after the server's start.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        msg = (
            "no event loop of asyncio is running here: the library is asyncio only; enter the "
            "session in a coroutine, run the server with its asyncio worker (not trio), and anyio "
            "with backend='asyncio'"
        )
    else:
        return
    raise ConfigError(msg)
