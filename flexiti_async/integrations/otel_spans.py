"""
Spans of calls, token requests, operations and checkouts, created when these have ended.

The span of a call is a child of the span that is current where the call was made: the shop's
request. A token request belongs to no single caller, since many may wait for it: its span starts a
trace of its own, with a link to the span that caused it.
"""

from collections.abc import Mapping
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

__all__ = ["GRANT", "Spans", "grant_of"]

GRANT: Final = "flexiti.grant"


def grant_of(event: TokenIssued) -> str:
    """Return the grant that a token was issued for."""
    return "refresh_token" if isinstance(event, TokenRefreshed) else "client_credentials"


class Spans:
    """
    Records spans.

    Args:
        tracer: Creates the spans.
        clock: Clock for their end; their start is computed from the duration.
    """

    def __init__(self, tracer: Tracer, clock: Clock) -> None:
        self._tracer = tracer
        self._clock = clock
        self._causes: dict[Scope, SpanContext] = {}

    def refresh(self, event: RefreshStarted) -> None:
        """Remember the span that caused a token request, which runs in no caller's context."""
        self._causes[event.scope] = get_current_span().get_span_context()

    def call(self, event: CallFinished) -> None:
        """Record the span of a call."""
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
                    "flexiti.outcome": event.outcome.value,
                    "flexiti.token.age": event.token_age,
                    "flexiti.token.remaining": event.token_remaining,
                }
            )
            if event.attempts > 1:
                span.set_attribute("http.request.resend_count", event.attempts - 1)
            if event.error is not None:
                _fail(span, type(event.error).__name__, event.status)
        span.end(ended)

    def internal(
        self,
        name: str,
        seconds: float,
        attributes: Mapping[str, str | bool],
        *,
        error_type: str | None = None,
        apart: bool = False,
    ) -> None:
        """
        Record the span of something that is more than one request.

        Args:
            name: Its name.
            seconds: Its duration, up to now.
            attributes: Its attributes.
            error_type: The class of its error.
            apart: In a trace of its own, linked to the span that is current.
        """
        began, ended = self._times(seconds)
        here = get_current_span().get_span_context()
        span = self._tracer.start_span(
            name,
            context=Context() if apart else None,
            attributes=attributes,
            links=[Link(here)] if apart and here.is_valid else None,
            start_time=began,
        )
        if error_type is not None and span.is_recording():
            _fail(span, error_type, None)
        span.end(ended)

    def token(self, event: TokenIssued) -> None:
        """Record the span of a token request that succeeded."""
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
        """Record the span of a token request that failed."""
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
        here = get_current_span().get_span_context()  # of a checkout with a dedicated token
        if not here.is_valid:
            here = self._causes.pop(scope, here)
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
        """Return start and end in nanoseconds since the epoch."""
        ended = int(self._clock.wall() * 1e9)
        return ended - int(seconds * 1e9), ended


def _fail(span: Span, error_type: str, status: int | None) -> None:
    # The class of an error is enough; its text stays out, because it may quote input.
    span.set_attribute("error.type", error_type)
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    span.set_status(StatusCode.ERROR)
