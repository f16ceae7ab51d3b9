"""The issued tokens and their state (spec section 2)."""

import hashlib
import secrets
from collections import deque

from attrs import define, field, frozen

from flexiti_async.sandbox.wire.redact import masked
from flexiti_async.sandbox.wire.request import Json

__all__ = ["HISTORY", "Family", "Ledger", "Token", "TokenView", "revoke_family", "token_id"]

HISTORY = 100_000
"""Number of tokens and requests that are kept. A live token is never dropped."""


def token_id(access_token: str) -> str:
    """Return a name for an access token that does not reveal it: 12 hex digits of its hash."""
    return hashlib.sha256(access_token.encode(errors="backslashreplace")).hexdigest()[:12]


@frozen
class TokenView:
    """
    A token at the time when `Sandbox.tokens` was read.

    Attributes:
        token_id: Name of the token; `RequestRecord.token_id` of the requests that used it.
        access_token: The access token, 40 hex digits.
        refresh_token: The refresh token issued with it, 40 hex digits.
        scope: `merchant` or `customer`.
        grant: The grant that issued it, `client_credentials` or `refresh_token`.
        issued_at: When, in seconds of the sandbox's clock.
        expires_at: The first instant at which it is no longer valid.
        revoked: Whether it was revoked: by a refresh, a replay or `Sandbox.revoke`.
        family: Number shared by a token and the tokens refreshed from it.
    """

    token_id: str
    access_token: str = field(repr=masked)
    refresh_token: str = field(repr=masked)
    scope: str
    grant: str
    issued_at: float
    expires_at: float
    revoked: bool
    family: int


@define(eq=False)
class Family:
    """
    A token and all tokens refreshed from it.

    Attributes:
        number: Its number.
        members: Its tokens, except those that had expired when the last one was issued.
    """

    number: int
    members: list["Token"] = field(factory=list["Token"], repr=False)


@define(eq=False)
class Token:
    """
    One pair of tokens.

    Attributes:
        access_token: The access token, 40 hex digits.
        refresh_token: The refresh token issued with it, 40 hex digits.
        scope: `merchant` or `customer`.
        grant: The grant that issued it.
        issued_at: When, in seconds of the sandbox's clock.
        expires_at: The first instant at which it is no longer valid.
        family: The tokens that a replay revokes together.
        revoked: Whether it was revoked before it expired.
        presented: Whether its refresh token was received, accepted or not.
        spent: Whether its refresh token was exchanged for a new pair.
        merchant_logged_in: Whether merchants/login succeeded with it.
        init_payload: Body of the last widget/init with flow=apply (spec section 2.6).
    """

    access_token: str = field(repr=masked)
    refresh_token: str = field(repr=masked)
    scope: str
    grant: str
    issued_at: float
    expires_at: float
    family: Family
    revoked: bool = False
    presented: bool = False
    spent: bool = False
    merchant_logged_in: bool = False
    init_payload: dict[str, Json] | None = field(default=None, repr=False)

    def live(self, now: float) -> bool:
        """Whether the access token is valid now."""
        return not self.revoked and now < self.expires_at

    def view(self) -> TokenView:
        """Return the token as an immutable value."""
        return TokenView(
            token_id=token_id(self.access_token),
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            scope=self.scope,
            grant=self.grant,
            issued_at=self.issued_at,
            expires_at=self.expires_at,
            revoked=self.revoked,
            family=self.family.number,
        )


@define(eq=False)
class Ledger:
    """
    Every issued token, indexed by access token and refresh token.

    Attributes:
        issued: Number of issued tokens.
        replays: How often a refresh token was presented again.
    """

    issued: int = 0
    replays: int = 0
    _families: int = 0
    _in_order: deque[Token] = field(factory=deque[Token], repr=False)
    _by_access: dict[str, Token] = field(factory=dict[str, Token], repr=False)
    _by_refresh: dict[str, Token] = field(factory=dict[str, Token], repr=False)

    def issue(
        self, *, scope: str, grant: str, now: float, expires_in: int, family: Family | None = None
    ) -> Token:
        """Issue a token, by default into a new family."""
        if family is None:
            self._families += 1
            family = Family(self._families)
        token = Token(
            access_token=secrets.token_hex(20),
            refresh_token=secrets.token_hex(20),
            scope=scope,
            grant=grant,
            issued_at=now,
            expires_at=now + expires_in,
            family=family,
        )
        family.members = [member for member in family.members if member.live(now)]
        family.members.append(token)
        self.issued += 1
        self._in_order.append(token)
        self._by_access[token.access_token] = token
        self._by_refresh[token.refresh_token] = token
        self._forget(now)
        return token

    def find(self, access_token: str) -> Token | None:
        """Find a token by its access token, including expired ones."""
        return self._by_access.get(access_token)

    def find_refresh(self, refresh_token: str) -> Token | None:
        """Find a token by its refresh token, including spent ones."""
        return self._by_refresh.get(refresh_token)

    def present(self, refresh_token: str) -> None:
        """Record that a refresh token was received; the second time counts as a replay."""
        token = self._by_refresh.get(refresh_token)
        if token is None:
            return
        if token.presented:
            self.replays += 1
        token.presented = True

    def views(self) -> tuple[TokenView, ...]:
        """Return all tokens, the oldest first."""
        return tuple(token.view() for token in self._in_order)

    def revoke_all(self) -> None:
        """Revoke every token."""
        for token in self._in_order:
            token.revoked = True

    def expire_all(self, now: float) -> None:
        """Expire every token that has not expired yet."""
        for token in self._in_order:
            token.expires_at = min(token.expires_at, now)

    def _forget(self, now: float) -> None:
        while len(self._in_order) > HISTORY and not self._in_order[0].live(now):
            oldest = self._in_order.popleft()
            del self._by_access[oldest.access_token]
            del self._by_refresh[oldest.refresh_token]


def revoke_family(family: Family) -> None:
    """Revoke a token and all tokens refreshed from it."""
    for member in family.members:
        member.revoked = True
