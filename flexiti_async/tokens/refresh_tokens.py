"""
Where refresh tokens are: in the memory of the process that minted them, and nowhere else.

Each can be taken once. It is gone from here before it is sent, so that no crash, time-out or
second session of this process can send it again; a forked child finds none (design section 3).
"""

import os
import threading
from typing import Final

from flexiti_async.protocol.secret import Secret

__all__ = ["PROCESS", "RefreshTokens"]


class RefreshTokens:
    """Keep refresh tokens by the name of the access token that they came with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Secret, float]] = {}

    def keep(self, token_id: str, refresh_token: Secret, *, until: float, now: float) -> None:
        """Keep one until the access token ends (spec section 2.4); forget those that have."""
        with self._lock:
            self._kept = {name: kept for name, kept in self._kept.items() if kept[1] > now}
            self._kept[token_id] = (refresh_token, until)

    def take(self, token_id: str, *, now: float) -> Secret | None:
        """Give one away for good; None if it is not here or its time is over."""
        with self._lock:
            refresh_token, until = self._kept.pop(token_id, (None, 0.0))
        return refresh_token if until > now else None

    def has(self, token_id: str) -> bool:
        """Tell whether the refresh token of an access token is here."""
        return token_id in self._kept

    def drop_all(self) -> None:
        """Forget everything; in a forked child the parent's tokens are not the child's."""
        self._lock = threading.Lock()  # the parent may have held it
        self._kept = {}


PROCESS: Final = RefreshTokens()
"""The refresh tokens of this process, whichever session minted them."""

if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has none
    os.register_at_fork(after_in_child=PROCESS.drop_all)
