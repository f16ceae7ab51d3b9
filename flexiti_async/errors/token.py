"""No token is to be had."""

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
    No token is to be had.

    Attributes:
        status: HTTP status of the token endpoint, None without an answer.
        code: The API's `error`.
        retry_after: Seconds until another try can make sense, None where that is unknown.
        reference_id: The `x-reference-id` of the token request.
    """

    kind: ClassVar[str] = "transient"

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        reference_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.reference_id = reference_id


class TokenUnavailable(TokenError):
    """Transient: the token endpoint cannot be reached, fails, or does not answer in time."""


class TokenThrottled(TokenError):
    """The token endpoint asks for patience (429, or 503 with Retry-After)."""

    kind = "throttled"


class TokenRejected(TokenError):
    """The API refuses the refresh token, or an access token that it has only just issued."""

    kind = "rejected"


class TokenMisconfigured(TokenError):
    """Client id, client secret, role, scope or merchant credentials are wrong."""

    kind = "misconfigured"


class LifetimeTooShort(TokenError):
    """
    No token can live as long as this caller asks (`min_ttl`, `flow_ttl`).

    Attributes:
        min_ttl: Seconds asked for.
        lifetime: Seconds that the API grants a token.
    """

    kind = "lifetime"

    def __init__(self, message: str = "", *, min_ttl: float = 0.0, lifetime: float = 0.0) -> None:
        super().__init__(message)
        self.min_ttl = min_ttl
        self.lifetime = lifetime


class TokenDeadlock(TokenError):
    """
    What fetches a token asked for that very token, and would have waited for itself.

    A client session that was lent has a trace callback or a resolver that calls the API, or a
    token store does. Let it use credentials, or a session, of its own.
    """

    kind = "deadlock"


class ClockError(TokenError):
    """A token arrived that has no life left: a clock is wrong, or the answer took too long."""

    kind = "clock"
