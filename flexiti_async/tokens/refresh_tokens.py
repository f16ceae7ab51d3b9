"""
Refresh tokens live in the memory of the session that obtained them, and nowhere else.

Each can be taken once. It is removed before it is sent, so that no crash and no time-out can send
it again; a forked child has none: they are the parent's to send.
"""

import os

from flexiti_async.protocol.secret import Secret

__all__ = ["RefreshTokens"]


class RefreshTokens:
    """
    Refresh tokens, by the id of the access token that they came with.

    Threads may use it at once: every step is one operation on a dict.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Secret, float]] = {}
        self._process = os.getpid()

    def keep(self, token_id: str, refresh_token: Secret, *, until: float, now: float) -> None:
        """Keep one until its access token expires (spec section 2.4), and drop expired ones."""
        kept = self._own()
        for name, (_, end) in list(kept.items()):
            if end <= now:
                kept.pop(name, None)
        kept[token_id] = (refresh_token, until)

    def take(self, token_id: str, *, now: float) -> Secret | None:
        """Remove and return one; None if it is missing or expired."""
        refresh_token, until = self._own().pop(token_id, (None, 0.0))
        return refresh_token if until > now else None

    def has(self, token_id: str) -> bool:
        """Whether the refresh token of an access token is here."""
        return token_id in self._own()

    def _own(self) -> dict[str, tuple[Secret, float]]:
        """Return those of this process; a forked child drops its parent's."""
        if self._process != os.getpid():
            self._process, self._kept = os.getpid(), {}
        return self._kept
