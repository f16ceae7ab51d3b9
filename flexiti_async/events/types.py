"""
The events of a session, typed.

A listener is a callable of one argument. It is called at once, in the event loop of the event, and
must not block it. If it raises, the error is logged and has no other effect: telemetry never breaks
a checkout. Events contain no secrets and no personal data; `token_id` is the library's own id of a
token, drawn at random.

```
TokenEvent               (scope)
├── RefreshStarted        a token is being obtained, and why
├── TokenIssued           the token endpoint issued a token by `client_credentials`
├── TokenRefreshed        the token endpoint issued a token by `refresh_token`
├── TokenAdopted          a token of another process was found in the store
├── TokenWaited           a caller had to wait for a token
├── TokenFailed           the token request failed
├── AccessTokenRejected   the API rejected a token (401)
├── ReusePrevented        a token must not be used again, or must not be refreshed
├── StoreDegraded         the store is down: tokens are not shared
└── StoreRejoined         the store is back
ClockSkewed              this machine's clock and the API's differ
CallRetried              a call will be retried
CallFinished             a call has ended
AnswerReceived           an HTTP answer arrived: for `on_answer` of `with_options` only
OddField                 an optional field of an answer could not be read
OperationEvent           (operation_id, kind, idempotency_key, reference_id)
├── OperationDone         a call that moves money ran, and its answer is recorded
├── OperationReplayed     its recorded answer was returned; nothing was sent
├── OperationRefused      it certainly did not run; its key may be used again
├── OperationUnknown      it may or may not have run: somebody has to find out
├── OperationResolved     somebody has recorded the outcome
└── OperationConflict     the API's answer contradicts what the journal had recorded
JournalLost              the journal may have lost records: nothing is sent
```

The events of checkouts are in `events/checkouts.py`.

If sessions of one process share something, such as a token request, the listeners of the session
that started it are notified.
"""

import enum
from collections.abc import Mapping

from attrs import field, frozen

from flexiti_async.errors import FlexitiError, StoreError, TokenError
from flexiti_async.events.listeners import Event, Listener, Listeners
from flexiti_async.protocol.token import Scope

__all__ = [
    "AccessTokenRejected",
    "AnswerReceived",
    "CallFinished",
    "CallRetried",
    "Cause",
    "ClockSkewed",
    "Event",
    "JournalLost",
    "Listener",
    "Listeners",
    "OddField",
    "OperationConflict",
    "OperationDone",
    "OperationEvent",
    "OperationRefused",
    "OperationReplayed",
    "OperationResolved",
    "OperationUnknown",
    "Outcome",
    "RefreshStarted",
    "ReusePrevented",
    "StoreDegraded",
    "StoreRejoined",
    "TokenAdopted",
    "TokenEvent",
    "TokenFailed",
    "TokenIssued",
    "TokenRefreshed",
    "TokenWaited",
]


class Cause(enum.StrEnum):
    """Why a token is being obtained."""

    NO_TOKEN = "no_token"  # noqa: S105 - a reason, not a password
    """No token is cached, or the cached one has expired."""
    DUE = "due"
    """The cached token does not live long enough for a caller."""
    STALE = "stale"
    """The cached token is stale; no caller waits."""
    REJECTED = "rejected"
    """The API rejected the last token."""
    PIN = "pin"
    """The cached token has to be marked as pinned before it is handed out with a `min_ttl`."""
    DEDICATED = "dedicated"
    """A checkout needs a token of its own."""


@frozen(kw_only=True)
class TokenEvent(Event):
    """
    Base of the events about tokens.

    Attributes:
        scope: The token's scope.
    """

    scope: Scope


@frozen(kw_only=True)
class RefreshStarted(TokenEvent):
    """
    A token is being obtained: from the store, another process, or the token endpoint.

    Attributes:
        cause: The reason.
    """

    cause: Cause


@frozen(kw_only=True)
class TokenIssued(TokenEvent):
    """
    The token endpoint issued a token by `client_credentials`.

    Attributes:
        token_id: Id of the new token.
        lifetime: Its lifetime, seconds.
        seconds: Duration of the request, merchants/login included.
        reference_id: The `x-reference-id` of the request.
    """

    token_id: str
    lifetime: float
    seconds: float
    reference_id: str


@frozen(kw_only=True)
class TokenRefreshed(TokenIssued):
    """The token endpoint issued a token by `refresh_token`."""


@frozen(kw_only=True)
class TokenAdopted(TokenEvent):
    """
    A token was taken from the store, without a token request.

    Attributes:
        token_id: Its id.
        remaining: Seconds that it has left.
    """

    token_id: str
    remaining: float


@frozen(kw_only=True)
class TokenWaited(TokenEvent):
    """
    A caller had to wait for a token.

    Attributes:
        seconds: Duration of the wait.
        served: Whether the caller got a token.
        waiters: Callers of this process that were waiting when it began, itself included.
    """

    seconds: float
    served: bool
    waiters: int


@frozen(kw_only=True)
class TokenFailed(TokenEvent):
    """
    The token request failed.

    Attributes:
        error: The classified failure.
        back_off: Seconds until the next attempt, at the earliest.
        seconds: Duration of the request, a second one by another grant included.
    """

    error: TokenError
    back_off: float
    seconds: float


@frozen(kw_only=True)
class AccessTokenRejected(TokenEvent):
    """
    The API rejected a token with a 401.

    Attributes:
        token_id: Its id.
        age: Seconds since it was requested.
        reference_id: The `x-reference-id` of the call that was answered with it.
    """

    token_id: str
    age: float
    reference_id: str | None = None


@frozen(kw_only=True)
class ReusePrevented(TokenEvent):
    """
    A token was not used again, or not refreshed.

    Attributes:
        token_id: Its id.
        reason: `rejected`: the store still holds a token that the API has rejected. `pinned`: the
            token is in customers' browsers, so it is not refreshed. `refresh_token`: the API
            rejected its refresh token as unknown or already used.
    """

    token_id: str
    reason: str


@frozen(kw_only=True)
class StoreDegraded(TokenEvent):
    """
    The store is down; this process obtains private tokens until it is back.

    Attributes:
        error: The store's error.
        reference_id: The `x-reference-id` of the flow that needed the token, if it was one.
    """

    error: StoreError
    reference_id: str | None = None


@frozen(kw_only=True)
class StoreRejoined(TokenEvent):
    """
    The store is back; tokens are shared again.

    Attributes:
        seconds: Duration of the outage.
        private_tokens: Number of private tokens requested meanwhile.
    """

    seconds: float
    private_tokens: int


@frozen(kw_only=True)
class ClockSkewed(Event):
    """
    This machine's clock and the token endpoint's `Date` differ by more than 30 s.

    Tokens do not depend on it, because their life is counted from this machine's request;
    certificates, logs and the store's hosts may.

    Attributes:
        seconds: How far this machine is ahead; negative if it is behind.
    """

    seconds: float


@frozen(kw_only=True)
class CallRetried(Event):
    """
    An attempt of a call failed, and the call will be retried.

    Attributes:
        endpoint: The endpoint's name.
        reference_id: The `x-reference-id` of all attempts.
        attempt: Number of the failed attempt.
        seconds: Seconds until the next one.
        error: The error of the failed one.
    """

    endpoint: str
    reference_id: str
    attempt: int
    seconds: float
    error: FlexitiError


@frozen(kw_only=True)
class AnswerReceived(Event):
    """
    An HTTP answer to an attempt of a call arrived, whatever it says.

    Attributes:
        endpoint: Name of the endpoint.
        reference_id: The `x-reference-id` of the call.
        attempt: Number of the attempt, 1 for the first.
        status: The HTTP status.
        headers: The headers, with names in lower case. Values of cookies and locations, and any
            that has the token in it, are masked.
    """

    endpoint: str
    reference_id: str
    attempt: int
    status: int
    headers: Mapping[str, str] = field(repr=False)


class Outcome(enum.StrEnum):
    """How a call has ended."""

    DONE = "done"
    """It has a result."""
    FAILED = "failed"
    """It has raised an error."""
    CANCELLED = "cancelled"
    """Its caller was cancelled."""


@frozen(kw_only=True)
class CallFinished(Event):
    """
    A call has ended, successfully or not.

    Attributes:
        endpoint: The endpoint's name.
        reference_id: Its `x-reference-id`.
        scope: Scope of its token.
        seconds: Its duration, including all attempts and the waits between them.
        attempts: Number of attempts.
        token_age: Age of the token at the end of the call, seconds.
        token_remaining: Remaining life of the token at that moment, seconds.
        outcome: How it has ended.
        status: HTTP status of an error answer of the API.
        error: The error of a call that has failed; None otherwise.
        operation: Whether it moves money: an `OperationEvent` says what became of that.
    """

    endpoint: str
    reference_id: str
    scope: Scope
    seconds: float
    attempts: int
    token_age: float
    token_remaining: float
    outcome: Outcome
    status: int | None
    error: FlexitiError | None = None
    operation: bool = False


@frozen(kw_only=True)
class OddField(Event):
    """
    An optional field of an answer could not be read: its model has it in `extra`, as received.

    A session reports each field of an endpoint once.

    Attributes:
        endpoint: The endpoint's name.
        reference_id: The `x-reference-id` of the call.
        problem: The problem, the model and the field, without the value, such as
            `int instead of bool at RegularPurchase.verify`.
    """

    endpoint: str
    reference_id: str
    problem: str


@frozen(kw_only=True)
class OperationEvent(Event):
    """
    Base of the events about calls that move money.

    Attributes:
        operation_id: Id of the operation in the journal.
        kind: `authorize`, `capture`, …
        idempotency_key: The shop's name for what is paid for.
        reference_id: The `x-reference-id` of the request.
        endpoint: The endpoint's name.
        reference: The shop's order number as it is sent; None without one.
    """

    operation_id: str
    kind: str
    idempotency_key: str
    reference_id: str
    endpoint: str
    reference: str | None = None


@frozen(kw_only=True)
class OperationDone(OperationEvent):
    """
    A call ran, and its answer is recorded.

    Attributes:
        seconds: From the claim to the answer.
        recorded: Whether the journal has the answer; if not, it is written again and again.
    """

    seconds: float
    recorded: bool = True


@frozen(kw_only=True)
class OperationReplayed(OperationEvent):
    """The recorded answer was returned, and nothing was sent."""


@frozen(kw_only=True)
class OperationRefused(OperationEvent):
    """
    A call certainly did not run; its key may be used again.

    Attributes:
        error: The error.
        seconds: From the claim to the end.
    """

    error: FlexitiError
    seconds: float


@frozen(kw_only=True)
class OperationUnknown(OperationEvent):
    """
    A call may or may not have run; the journal keeps it until somebody resolves it.

    Attributes:
        error: The error; None if the call was cancelled.
        seconds: From the claim to the end.
    """

    error: FlexitiError | None
    seconds: float


@frozen(kw_only=True)
class OperationResolved(OperationEvent):
    """
    Somebody recorded the outcome of an operation. Only the process that did so is notified.

    Attributes:
        executed: Whether it ran.
        by: The person or job that recorded it.
    """

    executed: bool
    by: str


@frozen(kw_only=True)
class OperationConflict(OperationEvent):
    """
    The API's answer shows that the call ran, but the journal had recorded something else.

    Attributes:
        recorded: The recorded phase: `free`, `absent`, another `pending` or `done`.
    """

    recorded: str


@frozen(kw_only=True)
class JournalLost(Event):
    """
    The journal may have lost records: operations without one raise JournalForgot.

    Attributes:
        error: The error, which names the change.
    """

    error: FlexitiError
