"""
Everything that this library raises on purpose, as one tree.

```
FlexitiError
├── ConfigError                    the configuration is wrong; nothing was sent
├── ValidationError                the data of a call are wrong; nothing was sent  (field_errors)
├── CheckoutError                  the checkout cannot take this step
│   ├── CheckoutNotFound           nothing (any more) is known under this reference id
│   ├── CheckoutConflict           another process took this step
│   └── CheckoutTokenRejected      the API refused the token pinned to a running flow
├── SessionClosed                  the session, or the client session it borrowed, was closed
├── TransportError                 no answer                      (reference_id, endpoint)
│   ├── ConnectError               never sent: the same call may be made again
│   ├── RequestTimeout             sent or not, no answer in time; the call is safe to repeat
│   ├── ConnectionLost             broke off in the middle; the call is safe to repeat
│   ├── BadHttp                    an answer that is not HTTP, or is larger than allowed
│   └── OutcomeUnknown             a call that must not be repeated may or may not have run
├── ApiError                       the API answered                (status, code, field_errors, …)
│   ├── BadRequest                 400, and any 4xx that is not below
│   ├── Unauthorized               401
│   ├── Forbidden                  403, 465, 466, 467
│   │   └── InsufficientScope      403: the endpoint does not take tokens of this scope
│   ├── NotFound                   404
│   ├── Conflict                   409, the API's main error status
│   │   ├── WrongInputs            wrong_inputs: see field_errors
│   │   ├── InvalidRole            invalid_role: these credentials may not do this
│   │   ├── GeneralError           general_error: the portal says to contact Flexiti
│   │   └── AuthenticationFailure  authentication_failure: merchant user name or password
│   ├── Throttled                  429                             (retry_after)
│   ├── ServerError                5xx                             (retry_after)
│   └── MalformedAnswer            an answer that is not what the API documents
├── TokenError                     no token                        (retry_after, reference_id)
│   ├── TokenUnavailable           transient: network, 5xx, no answer in time
│   ├── TokenThrottled             the token endpoint asks for patience
│   ├── TokenRejected              the API refuses a token that it has just issued
│   ├── TokenMisconfigured         client id, secret, role or scope are wrong
│   ├── LifetimeTooShort           no token can live as long as this caller asks
│   └── ClockError                 a token that arrives expired
└── StoreError                     the token store
    ├── StoreUnavailable           down, slow or full
    └── RecordUnreadable           a record of another key, version or key ring
```

Every error carries its data as attributes; the text is made of them. None of them carries a
secret or personal data, and none chains an exception of another library that does. All can be
pickled and copied.
"""

from collections.abc import Sequence
from typing import ClassVar

from attrs import field, frozen

__all__ = [
    "ApiError",
    "AuthenticationFailure",
    "BadHttp",
    "BadRequest",
    "CheckoutConflict",
    "CheckoutError",
    "CheckoutNotFound",
    "CheckoutTokenRejected",
    "ClockError",
    "ConfigError",
    "Conflict",
    "ConnectError",
    "ConnectionLost",
    "FieldError",
    "FlexitiError",
    "Forbidden",
    "GeneralError",
    "InsufficientScope",
    "InvalidRole",
    "LifetimeTooShort",
    "MalformedAnswer",
    "NotFound",
    "OutcomeUnknown",
    "RecordUnreadable",
    "RequestTimeout",
    "ServerError",
    "SessionClosed",
    "StoreError",
    "StoreUnavailable",
    "Throttled",
    "TokenError",
    "TokenMisconfigured",
    "TokenRejected",
    "TokenThrottled",
    "TokenUnavailable",
    "TransportError",
    "Unauthorized",
    "ValidationError",
    "WrongInputs",
]


@frozen
class FieldError:
    """
    One fault of one parameter, in the words of the API (spec section 6.1).

    Attributes:
        param: Name of the parameter; dots mean nesting, as in the API's own tables.
        msg: `required`, `length`, `wrong format` or `invalid`, or what the API said.
        value: The value that was refused, masked; None where there was none.
        hint: What a developer should know of it; empty where `msg` says it all.
    """

    param: str
    msg: str
    value: str | None = None
    hint: str = field(default="", eq=False)

    def __str__(self) -> str:
        shown = "" if self.value is None else f" ({self.value})"
        return f"{self.param}: {self.msg}{shown}{self.hint and f', {self.hint}'}"


class FlexitiError(Exception):
    """Base of every error that this library raises on purpose."""


class ConfigError(FlexitiError, ValueError):
    """
    The configuration is wrong; nothing was sent.

    Attributes:
        option: Name of the option, None if it is not about one.
        suggestion: The nearest valid name, None if nothing is near.
    """

    def __init__(
        self, message: str = "", *, option: str | None = None, suggestion: str | None = None
    ) -> None:
        super().__init__(message)
        self.option = option
        self.suggestion = suggestion


class ValidationError(FlexitiError, ValueError):
    """
    The data of a call are wrong; nothing was sent. All faults are told at once.

    Attributes:
        field_errors: The faults, in the order of the model's fields.
    """

    def __init__(self, message: str = "", *, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message or "; ".join(str(fault) for fault in field_errors))
        self.field_errors = tuple(field_errors)


class CheckoutError(FlexitiError):
    """
    The checkout cannot take this step.

    Attributes:
        reference_id: The `x-reference-id` of the flow.
    """

    def __init__(self, message: str = "", *, reference_id: str | None = None) -> None:
        super().__init__(message)
        self.reference_id = reference_id


class CheckoutNotFound(CheckoutError, LookupError):
    """Nothing is known under this reference id, or not any more: a checkout ends with its token."""


class CheckoutConflict(CheckoutError):
    """Another process took this step of the checkout; `resume()` shows where it stands."""


class CheckoutTokenRejected(CheckoutError):
    """
    The API refused the token that is pinned to a running flow.

    It is not replaced behind the flow's back, because Flexiti ties the flow to that token (spec
    section 2.6). Start a new checkout.
    """


class SessionClosed(FlexitiError, RuntimeError):
    """The session, or the `aiohttp.ClientSession` that it borrowed, was closed."""


class TransportError(FlexitiError):
    """
    There was no answer.

    Attributes:
        reference_id: The `x-reference-id` that the request carried.
        endpoint: The endpoint's name in the API's words, such as `widget/init`.
    """

    def __init__(
        self, message: str = "", *, reference_id: str | None = None, endpoint: str | None = None
    ) -> None:
        super().__init__(message)
        self.reference_id = reference_id
        self.endpoint = endpoint


class ConnectError(TransportError, ConnectionError):
    """No connection was made, so nothing was sent: the same call may be made again."""


class RequestTimeout(TransportError, TimeoutError):
    """No answer came in time. The request may have run; this call is safe to repeat."""


class ConnectionLost(TransportError, ConnectionError):
    """The connection broke before the answer was whole; this call is safe to repeat."""


class BadHttp(TransportError):
    """What came back is not HTTP, or is larger than the client accepts."""


class OutcomeUnknown(TransportError):
    """
    A call that must not be repeated may or may not have run.

    Look its `reference_id` up (in the shop's own records and at Flexiti) before anything else.
    """


class ApiError(FlexitiError):
    """
    The API answered, and the answer is an error (spec section 6).

    Attributes:
        status: HTTP status.
        code: The API's `error`, what a program should match on; None if the body named none.
        message: The API's text for people.
        field_errors: Faults of parameters, values masked.
        reference_id: The `x-reference-id` that the request carried.
        url: Path that the API says the error is about.
        endpoint: The endpoint's name in the API's words, such as `widget/init`.
        retry_after: Seconds to wait before trying again, where the answer said so.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int = 0,
        code: str | None = None,
        field_errors: Sequence[FieldError] = (),
        reference_id: str | None = None,
        url: str | None = None,
        endpoint: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.field_errors = tuple(field_errors)
        self.reference_id = reference_id
        self.url = url
        self.endpoint = endpoint
        self.retry_after = retry_after

    def __str__(self) -> str:
        told = [f"HTTP {self.status}"]
        if self.code:
            told.append(self.code)
        text = f"{' '.join(told)}: {self.message}" if self.message else " ".join(told)
        if self.field_errors:
            text += f" [{'; '.join(str(fault) for fault in self.field_errors)}]"
        where = [self.endpoint] if self.endpoint else []
        if self.reference_id:
            where.append(f"reference id {self.reference_id}")
        return f"{text} ({', '.join(where)})" if where else text


class BadRequest(ApiError):
    """HTTP 400, used by a few endpoints (oauth, apply, verify), or a 4xx without a name here."""


class Unauthorized(ApiError):
    """HTTP 401: the token is wrong or has expired, also after one repeat with a new one."""


class Forbidden(ApiError):
    """HTTP 403, or 465 (payload), 466 (access list), 467 (region), which mean the same."""


class InsufficientScope(Forbidden):
    """HTTP 403: the endpoint does not take tokens of this scope. Never repeated."""


class NotFound(ApiError):
    """HTTP 404."""


class Conflict(ApiError):
    """HTTP 409: a business answer, never repeated. `code` says which."""


class WrongInputs(Conflict):
    """`wrong_inputs`: the API refused parameters; see `field_errors`."""


class InvalidRole(Conflict):
    """`invalid_role`: these credentials may not do this."""


class GeneralError(Conflict):
    """`general_error`: the portal asks to contact Flexiti with the reference id."""


class AuthenticationFailure(Conflict):
    """`authentication_failure`: merchants/login refused the user name or the password."""


class Throttled(ApiError):
    """HTTP 429."""


class ServerError(ApiError):
    """HTTP 5xx."""


class MalformedAnswer(ApiError):
    """
    The answer is not what the API documents: not JSON, wrong types, a redirect.

    The text names the place of the fault, never what stood there.
    """


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


class ClockError(TokenError):
    """A token arrived that has no life left: a clock is wrong, or the answer took too long."""

    kind = "clock"


class StoreError(FlexitiError):
    """The token store."""


class StoreUnavailable(StoreError):
    """The store is down, slow, full, or failed in a way of its own."""


class RecordUnreadable(StoreError):
    """A record of another key, another version or another key ring. It is not taken for absent."""
