"""Ctrl-C and SIGTERM, for commands that run until they are stopped."""

import asyncio
import signal
from collections.abc import Callable
from functools import partial

__all__ = ["on_signals"]


def on_signals(stop: Callable[[], None]) -> None:
    """Stop a command on Ctrl-C and SIGTERM, which are the normal way to end it."""
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
