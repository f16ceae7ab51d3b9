"""Ctrl-C and SIGTERM, for commands that run until they are told to stop."""

import asyncio
import signal
from collections.abc import Callable
from functools import partial

__all__ = ["on_signals"]


def on_signals(stop: Callable[[], None]) -> None:
    """Let Ctrl-C and SIGTERM end a command as what they are here: the normal way."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # pragma: no cover - Windows
            signal.signal(number, partial(_stop_soon, loop, stop))


def _stop_soon(
    loop: asyncio.AbstractEventLoop, stop: Callable[[], None], *_: object
) -> None:  # pragma: no cover - Windows
    loop.call_soon_threadsafe(stop)
