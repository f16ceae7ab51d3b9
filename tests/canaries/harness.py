"""Everything that is secret or personal in one session, and every place where it could show."""

import pickle
from collections.abc import Iterator
from typing import Any, Final

import attrs
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flexiti_async import FlexitiError
from flexiti_async.clock import Clock
from flexiti_async.integrations.otel import Telemetry
from flexiti_async.integrations.problems import problem_of
from flexiti_async.sandbox import Sandbox

from ..support.canaries import sightings

__all__ = ["ACCOUNT", "ANSWER", "PEOPLE", "PERSON", "STORE_PASSWORD", "VCC", "Places"]

STORE_PASSWORD: Final = "hush-canary"
ANSWER: Final = "Rex the canary"
VCC: Final = "1070015210367982"
ACCOUNT: Final = 10000001
PERSON: Final[dict[str, Any]] = {
    "first_name": "Canarina",
    "last_name": "Serin-Tarin",
    "dob": "1988-07-24",
    "postal_code": "K1A0B1",
    "email": "canary.customer@example.com",
    "phone_number": 6135550199,
    "address_1": "77 Aviary Lane",
    "city": "Canaryville",
    "province": "ON",
    "tos_agreement": True,
}
PEOPLE: Final = (
    *(str(value) for name, value in PERSON.items() if name not in {"province", "tos_agreement"}),
    VCC,
    str(ACCOUNT),
    ANSWER,
)


class Places:
    """
    Collects what is shown, place by place, and finds canaries in it.

    Args:
        sandbox: Knows the secrets that were issued.
        clock: Dates metrics.
    """

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        self._sandbox = sandbox
        self._exporter, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        traces, meters = TracerProvider(shutdown_on_exit=False), MeterProvider([self._reader])
        traces.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._providers = (traces, meters)
        self.telemetry = Telemetry(tracer_provider=traces, meter_provider=meters, clock=clock)
        self.shown: dict[str, list[str]] = {}
        self.sessions: list[str] = []
        self._found: list[str] = []

    @property
    def canaries(self) -> list[str]:
        """Every secret and every personal value."""
        issued = [
            text
            for token in self._sandbox.tokens
            for text in (token.access_token, token.refresh_token)
        ]
        known = (self._sandbox.client_secret, self._sandbox.merchant_password, STORE_PASSWORD)
        return [*known, *issued, *self.sessions, *PEOPLE]

    def add(self, place: str, *shown: object) -> None:
        """Note what is shown in a place."""
        self.shown.setdefault(place, []).extend(str(text) for text in shown)

    def add_objects(self, *objects: object) -> None:
        """Note what public objects show of themselves."""
        for one in objects:
            self.add("objects", repr(one), f"{one}", *_hidden_by_attrs(one))
            self.add("pickles", *_pickled(one))

    def add_errors(self, *errors: BaseException) -> None:
        """Note what errors show: texts, attributes, chain, frames, pickles, problem documents."""
        for error in errors:
            self._found += sightings(error, *self.canaries)
            self.add("errors", repr(error), vars(error))
            self.add("pickles", *_pickled(error))
            if isinstance(error, FlexitiError):
                self.add("problems", problem_of(error))

    def close(self) -> None:
        """Note what was recorded and logged by others."""
        self.add("spans", *(span.to_json() for span in self._exporter.get_finished_spans()))
        data = self._reader.get_metrics_data()
        self.add("metrics", "" if data is None else data.to_json())
        self.add("sandbox", *map(repr, self._sandbox.requests))
        for provider in self._providers:
            provider.shutdown()

    def sightings(self) -> list[str]:
        """Return each place with the canary that it shows."""
        canaries = [one.lower() for one in self.canaries if one]
        return self._found + [
            f"{place}: {canary}: {text[:200]}"
            for place, texts in self.shown.items()
            for text in texts
            for canary in canaries
            if canary in text.lower()
        ]


def _hidden_by_attrs(value: object) -> Iterator[str]:
    """Yield what `attrs.asdict` shows without the fields that the repr hides."""
    kind: Any = type(value)
    if attrs.has(kind):
        for field in attrs.fields(kind):
            if field.repr is True:  # a function masks it
                yield repr(getattr(value, field.name))


def _pickled(value: object) -> Iterator[str]:
    for protocol in (0, pickle.HIGHEST_PROTOCOL):
        try:
            yield pickle.dumps(value, protocol).decode("latin-1")
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            yield str(error)
