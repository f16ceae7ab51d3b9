"""Ports for servers that are started with a number."""

import os
import secrets
import socket
from contextlib import suppress
from typing import Final

__all__ = ["free_port"]

_SHARES: Final = 16
"""Processes that run tests at the same time, with ports of their own."""
_OF_A_LANE: Final = 4
"""At most so many of them are in one lane of `.ci/run`."""
_drawn: Final[set[int]] = set()
"""Ports that servers of this process have, or had."""


def free_port() -> int:
    """
    Return a free port; the port 10,000 above it, for a cluster's bus, is free too.

    It was never returned before, and processes that run tests at once have ports of their own. No
    client is given it, either: nobody has it by the time that a server wants it.
    """
    lane = int(os.environ.get("CI_LANE", "0"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = (lane * _OF_A_LANE + worker) % _SHARES
    while True:
        # Below what connections are given; and not by `random`, which hypothesis seeds: tests in
        # another process would draw the same ones.
        port = 20_000 + secrets.randbelow(12_000 // _SHARES) * _SHARES + share
        if port in _drawn:
            continue
        with suppress(OSError), socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 10_000))
            _drawn.add(port)
            return port
