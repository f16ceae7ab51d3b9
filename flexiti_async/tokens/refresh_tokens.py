"""
Refresh tokens live in the memory of the process that obtained them, and nowhere else.

Each can be taken once. It is removed before it is sent, so that no crash, time-out or second
session of this process can send it again; a forked child has none (design section 3).
"""

import os
import threading
from typing import Final

from flexiti_async.protocol.secret import Secret

__all__ = ["PROCESS", "RefreshTokens"]


class RefreshTokens:
    """Refresh tokens, by the id of the access token that they came with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Secret, float]] = {}

    def keep(self, token_id: str, refresh_token: Secret, *, until: float, now: float) -> None:
        """Keep one until its access token expires (spec section 2.4), and drop expired ones."""
        with self._lock:
            self._kept = {name: kept for name, kept in self._kept.items() if kept[1] > now}
            self._kept[token_id] = (refresh_token, until)

    def take(self, token_id: str, *, now: float) -> Secret | None:
        """Remove and return one; None if it is missing or expired."""
        with self._lock:
            refresh_token, until = self._kept.pop(token_id, (None, 0.0))
        return refresh_token if until > now else None

    def has(self, token_id: str) -> bool:
        """Whether the refresh token of an access token is here."""
        return token_id in self._kept

    def drop_all(self) -> None:
        """Drop all of them, in a forked child: they are the parent's to send."""
        self._lock = threading.Lock()  # the parent may have held it at the fork
        self._kept = {}


PROCESS: Final = RefreshTokens()
"""The refresh tokens of this process, from all of its sessions."""

if hasattr(os, "register_at_fork"):  # pragma: no branch - missing on Windows
    os.register_at_fork(after_in_child=PROCESS.drop_all)
