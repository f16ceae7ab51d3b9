"""Errors while obtaining a token."""

from typing import ClassVar

from flexiti_async.errors.base import FlexitiError

__all__ = [
    "ClockError",
    "LifetimeTooShort",
    "TokenDeadlock",
    "TokenError",
    "TokenMisconfigured",
    "TokenRejected",
    "TokenThrottled",
    "TokenUnavailable",
]


class TokenError(FlexitiError):
    """
    Could not obtain a token.

    Attributes:
        status: HTTP status of the token endpoint, None without an answer.
        code: The API's `error`.
        description: The API's text for people: `error_description` or `message`.
        retry_after: Seconds until a retry makes sense, None if that is unknown.
        reference_id: The `x-reference-id` of the token request.
        reason: Why there was no connection, as in `ConnectError`: `dns`, `connection`, `timeout`,
            `tls`, `certificate`, `proxy`, …; None if there was one.
        errno: The operating system's error number, None without one.
        verify_code: OpenSSL's number for the fault of the certificate, None if it is not about
            that: 10 expired, 18 self-signed, 62 another host name.
    """

    kind: ClassVar[str] = "transient"

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        code: str | None = None,
        description: str | None = None,
        retry_after: float | None = None,
        reference_id: str | None = None,
        reason: str | None = None,
        errno: int | None = None,
        verify_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.description = description
        self.retry_after = retry_after
        self.reference_id = reference_id
        self.reason = reason
        self.errno = errno
        self.verify_code = verify_code


class TokenUnavailable(TokenError):
    """Transient: the token endpoint is unreachable, fails, or does not answer in time."""


class TokenThrottled(TokenError):
    """The token endpoint limits requests (429, or 503 with Retry-After)."""

    kind = "throttled"


class TokenRejected(TokenError):
    """The API rejects the refresh token; `client_credentials` is requested instead."""

    kind = "rejected"


class TokenMisconfigured(TokenError):
    """Client id, client secret, role, scope or merchant credentials are wrong."""

    kind = "misconfigured"


class LifetimeTooShort(TokenError):
    """
    No token lives as long as the caller requires (`min_ttl`, `flow_ttl`).

    Attributes:
        min_ttl: Seconds that the caller requires.
        lifetime: Seconds that the API grants a token.
    """

    kind = "lifetime"

    def __init__(self, message: str = "", *, min_ttl: float = 0.0, lifetime: float = 0.0) -> None:
        super().__init__(message)
        self.min_ttl = min_ttl
        self.lifetime = lifetime


class TokenDeadlock(TokenError):
    """
    A token request asked for its own result, and would have waited for itself forever.

    A trace callback or resolver of the borrowed client session, or the token store, calls the API.
    It needs its own credentials or its own session.
    """

    kind = "deadlock"


class ClockError(TokenError):
    """The token had expired when it arrived: a clock is wrong, or the answer was too slow."""

    kind = "clock"
