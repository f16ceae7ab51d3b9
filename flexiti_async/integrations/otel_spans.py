"""
Spans of calls and of token requests, made when they have ended.

A call's span is a child of whatever span is current where the call was made: the shop's request.
A token request belongs to nobody, since many callers may wait for it: its span begins a trace of
its own, with a link to the span that set it off.
"""

from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    Tracer,
    get_current_span,
)

from flexiti_async.clock import Clock
from flexiti_async.errors import TokenError
from flexiti_async.events.types import (
    CallFinished,
    RefreshStarted,
    TokenFailed,
    TokenIssued,
    TokenRefreshed,
)
from flexiti_async.protocol.oauth import ENDPOINT as TOKEN_ENDPOINT
from flexiti_async.protocol.token import Scope

__all__ = ["CANCELLED", "DONE", "GRANT", "Spans", "grant_of"]

CANCELLED: Final = "cancelled"
DONE: Final = "done"
"""What `CallFinished.outcome` says when it is no error."""
GRANT: Final = "flexiti.grant"


def grant_of(event: TokenIssued) -> str:
    """Name the grant that a token was issued by."""
    return "refresh_token" if isinstance(event, TokenRefreshed) else "client_credentials"


class Spans:
    """
    Make spans.

    Args:
        tracer: Makes them.
        clock: Dates their end; their start is so long before.
    """

    def __init__(self, tracer: Tracer, clock: Clock) -> None:
        self._tracer = tracer
        self._clock = clock
        self._set_off: dict[Scope, SpanContext] = {}

    def flight(self, event: RefreshStarted) -> None:
        """Remember who set a token request off: the request itself runs in no caller's context."""
        self._set_off[event.scope] = get_current_span().get_span_context()

    def call(self, event: CallFinished) -> None:
        """Make the span of a call."""
        began, ended = self._times(event.seconds)
        span = self._tracer.start_span(
            f"flexiti {event.endpoint}", kind=SpanKind.CLIENT, start_time=began
        )
        if span.is_recording():
            span.set_attributes(
                {
                    "flexiti.endpoint": event.endpoint,
                    "flexiti.scope": event.scope.value,
                    "flexiti.reference_id": event.reference_id,
                    "flexiti.outcome": event.outcome,
                    "flexiti.token.age": event.token_age,
                    "flexiti.token.remaining": event.token_remaining,
                }
            )
            if event.attempts > 1:
                span.set_attribute("http.request.resend_count", event.attempts - 1)
            if event.outcome not in {DONE, CANCELLED}:
                _fail(span, event.outcome, event.status)
        span.end(ended)

    def token(self, event: TokenIssued) -> None:
        """Make the span of a token request that gave a token."""
        span, ended = self._token_span(event.seconds, event.scope)
        if span.is_recording():
            span.set_attributes(
                {
                    GRANT: grant_of(event),
                    "flexiti.token.id": event.token_id,
                    "flexiti.token.lifetime": event.lifetime,
                    "flexiti.reference_id": event.reference_id,
                }
            )
        span.end(ended)

    def failure(self, event: TokenFailed) -> None:
        """Make the span of a token request that gave none."""
        span, ended = self._token_span(event.seconds, event.scope)
        if span.is_recording():
            error: TokenError = event.error
            span.set_attribute("flexiti.back_off", event.back_off)
            if error.reference_id is not None:
                span.set_attribute("flexiti.reference_id", error.reference_id)
            _fail(span, type(error).__name__, error.status)
        span.end(ended)

    def _token_span(self, seconds: float, scope: Scope) -> tuple[Span, int]:
        began, ended = self._times(seconds)
        here = get_current_span().get_span_context()  # of a checkout that gets a token of its own
        if not here.is_valid:
            here = self._set_off.pop(scope, here)
        span = self._tracer.start_span(
            f"flexiti {TOKEN_ENDPOINT}",
            context=Context(),
            kind=SpanKind.CLIENT,
            attributes={"flexiti.endpoint": TOKEN_ENDPOINT, "flexiti.scope": scope.value},
            links=[Link(here)] if here.is_valid else None,
            start_time=began,
        )
        return span, ended

    def _times(self, seconds: float) -> tuple[int, int]:
        """Give start and end in nanoseconds since the epoch."""
        ended = int(self._clock.wall() * 1e9)
        return ended - int(seconds * 1e9), ended


def _fail(span: Span, error_type: str, status: int | None) -> None:
    # The class of an error says enough; its text stays out, as everything does that may quote.
    span.set_attribute("error.type", error_type)
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    span.set_status(StatusCode.ERROR)
