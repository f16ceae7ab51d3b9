"""
OpenTelemetry: spans and metrics of what happens in a session. Needs the extra `otel`.

```python
from flexiti_async import FlexitiSession
from flexiti_async.integrations.otel import Telemetry

async with FlexitiSession.from_env(listeners=[Telemetry()]) as flexiti:
    ...
```

It is a listener (`events/types.py`) and nothing else: it needs the API of OpenTelemetry only,
and does nothing until the shop sets up an SDK. Names follow the semantic conventions where those
have one (`error.type`, `http.response.status_code`, `http.request.resend_count`); the rest begins
with `flexiti.`. No attribute holds a secret or personal data, and none of a metric has more values
than there are endpoints, scopes and classes of errors.

| metric | unit | what | attributes |
|---|---|---|---|
| `flexiti.call.duration` | s | whole calls, repeats included | endpoint, scope, outcome, status |
| `flexiti.call.retries` | {retry} | repeats of calls | endpoint, `error.type` |
| `flexiti.token.age` | s | how old a token was when a call used it | scope |
| `flexiti.token.remaining` | s | what it still had to live then | scope |
| `flexiti.token.flights` | {flight} | why tokens were got | scope, cause |
| `flexiti.token.request.duration` | s | token requests | scope, grant, `error.type` |
| `flexiti.token.adopted` | {token} | tokens found in the store: another process got them | scope |
| `flexiti.token.refused` | {token} | tokens that the API refused (401) | scope |
| `flexiti.token.reuse_prevented` | {token} | tokens left alone, and why | scope, reason |
| `flexiti.token.wait.duration` | s | waits of callers for a token | scope, served |
| `flexiti.token.waiters` | {caller} | how many waited together | scope |
| `flexiti.store.degraded` | s | time without the store, the outage that lasts included | scope |
| `flexiti.clock.skew` | s | by how much this machine's clock is ahead of the API's | |
"""

import threading
from collections.abc import Iterable, Mapping
from typing import Final

from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation, get_meter
from opentelemetry.trace import TracerProvider, get_tracer

from flexiti_async._version import __version__
from flexiti_async.clock import SYSTEM_CLOCK, Clock
from flexiti_async.events.types import (
    AccessTokenRejected,
    CallFinished,
    CallRetried,
    ClockSkewed,
    Event,
    RefreshStarted,
    ReusePrevented,
    StoreDegraded,
    StoreRejoined,
    TokenAdopted,
    TokenEvent,
    TokenFailed,
    TokenIssued,
    TokenWaited,
)
from flexiti_async.integrations.otel_spans import CANCELLED, DONE, GRANT, Spans, grant_of

__all__ = ["Telemetry"]

_NAME: Final = "flexiti_async"

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LIFE: Final = (0.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0)
"""Buckets over a token's life: most are about its end, where a flow is lost."""
_CALLERS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


class Telemetry:
    """
    A listener that turns events into spans and metrics of OpenTelemetry.

    Give one to each session: `FlexitiSession(config, listeners=[Telemetry()])`.

    Args:
        tracer_provider: Makes the spans; by default the global one.
        meter_provider: Makes the metrics; by default the global one.
        clock: Dates the spans and counts outages; for tests.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._spans = Spans(get_tracer(_NAME, __version__, tracer_provider), clock)
        meter = get_meter(_NAME, __version__, meter_provider)
        self._outages = _Outages(clock)
        self._make_call_instruments(meter)
        self._make_token_instruments(meter)
        meter.create_observable_counter(
            "flexiti.store.degraded",
            [self._outages.observe],
            unit="s",
            description="Time without the token store.",
        )
        self._skew = meter.create_gauge(
            "flexiti.clock.skew",
            unit="s",
            description="By how much this machine's clock is ahead of the API's.",
        )

    def __call__(self, event: Event) -> None:
        """Be told what has happened."""
        match event:
            case CallFinished():
                self._call(event)
            case CallRetried(endpoint=endpoint, error=error):
                attributes = {"flexiti.endpoint": endpoint, "error.type": type(error).__name__}
                self._retries.add(1, attributes)
            case TokenIssued():
                self._spans.token(event)
                attributes = {**_scope(event), GRANT: grant_of(event)}
                self._token_request.record(event.seconds, attributes)
            case TokenFailed():
                self._spans.failure(event)
                attributes = {**_scope(event), "error.type": type(event.error).__name__}
                self._token_request.record(event.seconds, attributes)
            case ClockSkewed(seconds=seconds):
                self._skew.set(seconds)
            case _:
                self._token(event)

    def _call(self, event: CallFinished) -> None:
        self._spans.call(event)
        attributes: dict[str, str | int] = {
            "flexiti.endpoint": event.endpoint,
            "flexiti.scope": event.scope.value,
            "flexiti.outcome": event.outcome,
        }
        if event.outcome not in {DONE, CANCELLED}:
            attributes["error.type"] = event.outcome
        if event.status is not None:
            attributes["http.response.status_code"] = event.status
        self._calls.record(event.seconds, attributes)
        self._age.record(event.token_age, _scope(event))
        self._remaining.record(max(event.token_remaining, 0.0), _scope(event))

    def _token(self, event: Event) -> None:
        match event:
            case RefreshStarted(cause=cause):
                self._spans.flight(event)
                self._flights.add(1, {**_scope(event), "flexiti.cause": cause.value})
            case TokenAdopted():
                self._adopted.add(1, _scope(event))
            case TokenWaited(seconds=seconds, served=served, waiters=waiters):
                self._waits.record(seconds, {**_scope(event), "flexiti.served": served})
                self._waiters.record(waiters, _scope(event))
            case AccessTokenRejected():
                self._refused.add(1, _scope(event))
            case ReusePrevented(reason=reason):
                self._reuse_prevented.add(1, {**_scope(event), "flexiti.reason": reason})
            case StoreDegraded(scope=scope):
                self._outages.begin(scope.value)
            case StoreRejoined(scope=scope, seconds=seconds):
                self._outages.end(scope.value, seconds)
            case _:  # an event of a later version
                pass

    def _make_call_instruments(self, meter: Meter) -> None:
        self._calls = meter.create_histogram(
            "flexiti.call.duration",
            unit="s",
            description="Calls of the API, all attempts and the waits between them included.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._retries = meter.create_counter(
            "flexiti.call.retries", unit="{retry}", description="Repeats of calls."
        )
        self._age = meter.create_histogram(
            "flexiti.token.age",
            unit="s",
            description="Age of the token that a call used.",
            explicit_bucket_boundaries_advisory=_LIFE,
        )
        self._remaining = meter.create_histogram(
            "flexiti.token.remaining",
            unit="s",
            description="Life that the token of a call had left.",
            explicit_bucket_boundaries_advisory=_LIFE,
        )

    def _make_token_instruments(self, meter: Meter) -> None:
        self._flights = meter.create_counter(
            "flexiti.token.flights", unit="{flight}", description="Tokens being got, by cause."
        )
        self._token_request = meter.create_histogram(
            "flexiti.token.request.duration",
            unit="s",
            description="Requests to the token endpoint, merchants/login included.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._adopted = meter.create_counter(
            "flexiti.token.adopted", unit="{token}", description="Tokens found in the store."
        )
        self._refused = meter.create_counter(
            "flexiti.token.refused", unit="{token}", description="Tokens that the API refused."
        )
        self._reuse_prevented = meter.create_counter(
            "flexiti.token.reuse_prevented", unit="{token}", description="Tokens left alone."
        )
        self._waits = meter.create_histogram(
            "flexiti.token.wait.duration",
            unit="s",
            description="Waits of callers for a token.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._waiters = meter.create_histogram(
            "flexiti.token.waiters",
            unit="{caller}",
            description="Callers that waited for a token when one more came, that one included.",
            explicit_bucket_boundaries_advisory=_CALLERS,
        )


class _Outages:
    """How long the store was away, by scope; read by the thread that exports metrics."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._over: dict[str, float] = {}
        self._since: dict[str, float] = {}

    def begin(self, scope: str) -> None:
        """Take note that the store is away."""
        with self._lock:
            self._since.setdefault(scope, self._clock.boot())

    def end(self, scope: str, seconds: float) -> None:
        """Take note that it is back, and how long it was away."""
        with self._lock:
            self._since.pop(scope, None)
            self._over[scope] = self._over.get(scope, 0.0) + seconds

    def observe(self, _: CallbackOptions) -> Iterable[Observation]:
        """Tell the seconds up to now."""
        with self._lock:
            at = self._clock.boot()
            total = dict(self._over)
            for scope, since in self._since.items():
                total[scope] = total.get(scope, 0.0) + at - since
        return [Observation(told, {"flexiti.scope": scope}) for scope, told in total.items()]


def _scope(event: TokenEvent | CallFinished) -> Mapping[str, str]:
    return {"flexiti.scope": event.scope.value}
