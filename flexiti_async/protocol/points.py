"""
Named points at which a test can slow, interrupt or kill a process that uses the library.

They are off unless code of the same process sets `hook`: no option and no environment variable
does. Off, a point costs one comparison.

    if points.hook is not None:
        await points.hook("token claimed")
"""

from collections.abc import Awaitable, Callable
from typing import Final, Literal, get_args

__all__ = ["POINTS", "Point", "hook"]

Point = Literal[
    "token read",
    "token claimed",
    "token granted",
    "token published",
    "token to pin",
    "operation prepared",
    "operation claimed",
    "operation answered",
    "operation recorded",
    "operation interrupted",
    "checkout to save",
    "call connected",
]
"""
The names.

Attributes:
    token read: Between the load of the record and the swap of the claim.
    token claimed: After the claim, before the token request.
    token granted: After the answer, before the token is published.
    token published: After it was published.
    token to pin: Between the load of the record and the swap of the mark.
    operation prepared: Before the claim in the journal.
    operation claimed: After the claim, before the last look and the send.
    operation answered: After the answer, before it is recorded.
    operation recorded: After it was recorded, before the caller has it.
    operation interrupted: Before a cancelled operation frees its key, or leaves it pending.
    checkout to save: Before a step is saved.
    call connected: Between the connection and the first byte.
"""

POINTS: Final[tuple[Point, ...]] = get_args(Point)

hook: Callable[[Point], Awaitable[None]] | None = None
"""Awaited at every point; for tests only."""
