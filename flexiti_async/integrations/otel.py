"""
OpenTelemetry: spans and metrics of a session. Needs the extra `otel`.

```python
from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.integrations.otel import Telemetry

config = FlexitiConfig(environment="training", client_id="shop", client_secret="…")
flexiti = FlexitiSession(config, listeners=[Telemetry()])
```

`Telemetry` is a listener (`events/types.py`): it needs only the API of OpenTelemetry, and does
nothing until the shop sets up an SDK. Names follow the semantic conventions where those have one
(`error.type`, `http.response.status_code`, `http.request.resend_count`); all others begin with
`flexiti.`. No attribute contains a secret or personal data, and no attribute of a metric has more
values than there are endpoints, scopes and classes of errors.

| metric | unit | description | attributes |
|---|---|---|---|
| `flexiti.call.duration` | s | duration of calls | endpoint, scope, outcome, `error.type`, status |
| `flexiti.call.retries` | {retry} | retries of calls | endpoint, `error.type` |
| `flexiti.token.age` | s | age of the token that a call used | scope |
| `flexiti.token.remaining` | s | remaining life of the token that a call used | scope |
| `flexiti.token.refreshes` | {refresh} | refreshes of the shared token, by cause | scope, cause |
| `flexiti.token.request.duration` | s | duration of token requests | scope, grant, `error.type` |
| `flexiti.token.adopted` | {token} | tokens of other processes, from the store | scope |
| `flexiti.token.rejected` | {token} | tokens that the API rejected (401) | scope |
| `flexiti.token.reuse_prevented` | {token} | tokens that were not used, by reason | scope, reason |
| `flexiti.token.wait.duration` | s | time that callers waited for a token | scope, served |
| `flexiti.token.waiters` | {caller} | callers that waited for the same token | scope |
| `flexiti.checkouts` | {checkout} | steps of checkouts | step, place, flow, captured, reason |
| `flexiti.checkout.duration` | s | time from a checkout's start to a step | step, place, flow |
| `flexiti.operations` | {operation} | calls moving money | operation.kind, outcome, `error.type` |
| `flexiti.operations.pending` | {operation} | operations without an outcome, as last listed | |
| `flexiti.operations.pending.age` | s | age of the oldest operation without an outcome | |
| `flexiti.journal.lost` | {operation} | calls not sent: the journal may have lost records | |
| `flexiti.store.degraded` | s | time without the store, up to now | scope |
| `flexiti.clock.skew` | s | seconds by which this machine's clock is ahead of the API's | |

`flexiti.checkout.step` is `started`, `verified`, `declined`, `cancelled`, `failed`, `authorized`,
`applied` or `expired` (`events/checkouts.py`), `.place` is `online` or `in_store`, `.flow` is
`purchase` or `apply`; `.captured` says whether an authorization has captured the amount, too.

Pending operations are observed once the shop calls `count_pending`, in the job that reconciles them
and in one process only: a listing for every export would cost too much. The age goes on rising
between two calls, so it shows a job that has stopped, too.

| span | kind | covers |
|---|---|---|
| `flexiti {endpoint}` | client | a call, with its retries |
| `flexiti oauth/token` | client | a token request |
| `flexiti operation {kind}` | internal | an operation, from its claim to its outcome |
| `flexiti checkout` | internal | a checkout, from its start to a step that may be its last |

Spans of calls and operations are children of the shop's current span. Token requests, for which
many callers may wait, and checkouts, which span many requests, have traces of their own, linked to
that span.

Each outcome of an operation and each step of a checkout is an event of the shop's current span as
well, `flexiti.operation` and `flexiti.checkout`. The `flexiti.reference_id` of spans and events is
the same for all that belongs to one checkout; metrics have none.
"""

import threading
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry.context import (
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY,  # pyright: ignore[reportPrivateUsage]
    attach,
    detach,
    set_value,
)
from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation, get_meter
from opentelemetry.trace import TracerProvider, get_tracer

from flexiti_async._version import __version__
from flexiti_async.clock import SYSTEM_CLOCK, Clock
from flexiti_async.errors import ConfigError
from flexiti_async.events.checkouts import CheckoutEvent
from flexiti_async.events.types import (
    AccessTokenRejected,
    CallFinished,
    CallRetried,
    ClockSkewed,
    Event,
    JournalLost,
    OperationEvent,
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
from flexiti_async.integrations.otel_checkouts import CheckoutTelemetry
from flexiti_async.integrations.otel_operations import OperationMetrics
from flexiti_async.integrations.otel_spans import GRANT, Spans, grant_of
from flexiti_async.integrations.serving import refuse_other
from flexiti_async.operations import Operations

__all__ = ["Telemetry"]

_NAME: Final = "flexiti_async"

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LIFE: Final = (0.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0)
"""Buckets over a token's life, narrow at its end, where a flow can outlive it."""
_CALLERS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


class Telemetry:
    """
    A listener that records events as spans and metrics of OpenTelemetry.

    Pass one to each session: `FlexitiSession(config, listeners=[Telemetry()])`.

    Args:
        tracer_provider: Provider of the tracer; by default the global one.
        meter_provider: Provider of the meter; by default the global one.
        clock: Clock for the times of spans and the length of outages; for tests.

    Raises:
        ConfigError: An argument is of another type.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        _require("tracer_provider", tracer_provider, "get_tracer")
        _require("meter_provider", meter_provider, "get_meter")
        _require("clock", clock, "wall", "boot")
        self._spans = Spans(get_tracer(_NAME, __version__, tracer_provider), clock)
        meter = get_meter(_NAME, __version__, meter_provider)
        self._outages = _Outages(clock)
        self._operations = OperationMetrics(meter, self._spans, clock)
        self._checkouts = CheckoutTelemetry(meter, self._spans)
        self._create_call_instruments(meter)
        self._create_token_instruments(meter)
        meter.create_observable_counter(
            "flexiti.store.degraded",
            [self._outages.observe],
            unit="s",
            description="Time without the token store.",
        )
        self._skew = meter.create_gauge(
            "flexiti.clock.skew",
            unit="s",
            description="Seconds by which this machine's clock is ahead of the API's.",
        )

    @contextmanager
    def around_call(self) -> Generator[None]:
        """
        Keep other instrumentations from recording the HTTP requests of a call, and of a token.

        So each has one client span. Theirs have the URL, and URLs of lookups and searches contain
        names and card numbers. The library's own connections are not instrumented anyway; this is
        for a client session that is lent.
        """
        # The key is private, but the one that instrumentations look at.
        token = attach(set_value(_SUPPRESS_HTTP_INSTRUMENTATION_KEY, value=True))
        try:
            yield
        finally:
            detach(token)

    def __call__(self, event: Event) -> None:
        """Record an event."""
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
            case OperationEvent():
                self._operations.operation(event)
            case JournalLost():
                self._operations.journal_lost()
            case CheckoutEvent():
                self._checkouts(event)
            case _:
                self._token(event)

    async def count_pending(self, operations: Operations) -> int:
        """
        List the operations without an outcome for the two metrics of them; returns their number.

        Args:
            operations: `flexiti.operations`.

        Raises:
            StoreUnavailable: The journal is down; the metrics stay as they are.
            RecordUnreadable: A record cannot be opened; the metrics stay as they are.
            ConfigError: `operations` is of another type.
        """
        refuse_other("operations", operations, Operations, "flexiti.operations of a session")
        return await self._operations.count_pending(operations.pending())

    def _call(self, event: CallFinished) -> None:
        self._spans.call(event)
        attributes: dict[str, str | int] = {
            "flexiti.endpoint": event.endpoint,
            "flexiti.scope": event.scope.value,
            "flexiti.outcome": event.outcome.value,
        }
        if event.error is not None:
            attributes["error.type"] = type(event.error).__name__
        if event.status is not None:
            attributes["http.response.status_code"] = event.status
        self._calls.record(event.seconds, attributes)
        self._age.record(event.token_age, _scope(event))
        self._remaining.record(max(event.token_remaining, 0.0), _scope(event))

    def _token(self, event: Event) -> None:
        match event:
            case RefreshStarted(cause=cause):
                self._spans.refresh(event)
                self._refreshes.add(1, {**_scope(event), "flexiti.cause": cause.value})
            case TokenAdopted():
                self._adopted.add(1, _scope(event))
            case TokenWaited(seconds=seconds, served=served, waiters=waiters):
                self._waits.record(seconds, {**_scope(event), "flexiti.served": served})
                self._waiters.record(waiters, _scope(event))
            case AccessTokenRejected():
                self._rejected.add(1, _scope(event))
            case ReusePrevented(reason=reason):
                self._reuse_prevented.add(1, {**_scope(event), "flexiti.reason": reason})
            case StoreDegraded(scope=scope):
                self._outages.begin(scope.value)
            case StoreRejoined(scope=scope, seconds=seconds):
                self._outages.end(scope.value, seconds)
            case _:  # an event of a later version
                pass

    def _create_call_instruments(self, meter: Meter) -> None:
        self._calls = meter.create_histogram(
            "flexiti.call.duration",
            unit="s",
            description="Duration of calls, including all attempts and the waits between them.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._retries = meter.create_counter(
            "flexiti.call.retries", unit="{retry}", description="Retries of calls."
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
            description="Remaining life of the token that a call used.",
            explicit_bucket_boundaries_advisory=_LIFE,
        )

    def _create_token_instruments(self, meter: Meter) -> None:
        self._refreshes = meter.create_counter(
            "flexiti.token.refreshes",
            unit="{refresh}",
            description="Refreshes of the token, by cause.",
        )
        self._token_request = meter.create_histogram(
            "flexiti.token.request.duration",
            unit="s",
            description="Duration of requests to the token endpoint, including merchants/login.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._adopted = meter.create_counter(
            "flexiti.token.adopted", unit="{token}", description="Tokens adopted from the store."
        )
        self._rejected = meter.create_counter(
            "flexiti.token.rejected", unit="{token}", description="Tokens that the API rejected."
        )
        self._reuse_prevented = meter.create_counter(
            "flexiti.token.reuse_prevented",
            unit="{token}",
            description="Tokens that were not used.",
        )
        self._waits = meter.create_histogram(
            "flexiti.token.wait.duration",
            unit="s",
            description="Time that callers waited for a token.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._waiters = meter.create_histogram(
            "flexiti.token.waiters",
            unit="{caller}",
            description="Callers waiting for the same token, including the one that is counted.",
            explicit_bucket_boundaries_advisory=_CALLERS,
        )


def _require(option: str, value: object, *methods: str) -> None:
    """Raise ConfigError for an argument without some methods; None is the default of each."""
    if value is not None and not all(callable(getattr(value, one, None)) for one in methods):
        msg = f"{option} must have {' and '.join(methods)}, not be {type(value).__name__}"
        raise ConfigError(msg, option=option)


class _Outages:
    """Time without the store, by scope; read by the thread that exports metrics."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._over: dict[str, float] = {}
        self._since: dict[str, float] = {}

    def begin(self, scope: str) -> None:
        """Start an outage."""
        with self._lock:
            self._since.setdefault(scope, self._clock.boot())

    def end(self, scope: str, seconds: float) -> None:
        """End an outage that took so many seconds."""
        with self._lock:
            self._since.pop(scope, None)
            self._over[scope] = self._over.get(scope, 0.0) + seconds

    def observe(self, _: CallbackOptions) -> Iterable[Observation]:
        """Return the seconds up to now."""
        with self._lock:
            at = self._clock.boot()
            total = dict(self._over)
            for scope, since in self._since.items():
                total[scope] = total.get(scope, 0.0) + at - since
        return [Observation(seconds, {"flexiti.scope": scope}) for scope, seconds in total.items()]


def _scope(event: TokenEvent | CallFinished) -> Mapping[str, str]:
    return {"flexiti.scope": event.scope.value}
