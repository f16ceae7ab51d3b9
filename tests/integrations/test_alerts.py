"""The alert rules of the example: each fires on what a session really counts, and not before."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from flexiti_async.errors import JournalForgot, OutcomeUnknown
from flexiti_async.integrations.otel import Telemetry
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession
from ..operations.customers import purchase

FILE: Final = Path(__file__).parents[2] / "examples" / "telemetry" / "alerts.yaml"
RULE: Final = re.compile(r"- alert: (\w+)\n +expr: (.+)\n")
EXPRESSION: Final = re.compile(
    r'.*?(?P<increase>increase\()?(?P<name>flexiti_\w+?)(\{flexiti_outcome="(?P<outcome>\w+)"\})?'
    r"(\[15m\])?\)+ > (?P<limit>\d+)"
)
SUFFIXES: Final = {"s": "_seconds"}


@frozen
class Prometheus:
    """As much of Prometheus as the rules need."""

    reader: InMemoryMetricReader
    telemetry: Telemetry

    def values(self) -> dict[tuple[str, str], float]:
        """Return the sums of all numbers, by Prometheus' name and outcome."""
        data = self.reader.get_metrics_data()
        assert data is not None
        found: dict[tuple[str, str], float] = {}
        for metric in (
            m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics
        ):
            counter = "_total" if "is_monotonic" in metric.data.to_json() else ""
            name = metric.name.replace(".", "_") + SUFFIXES.get(str(metric.unit), "") + counter
            for point in metric.data.data_points:
                if isinstance(point, NumberDataPoint):
                    outcome = str((point.attributes or {}).get("flexiti.outcome", ""))
                    key = (name, outcome)
                    found[key] = found.get(key, 0.0) + point.value
        return found

    def firing(self, before: dict[tuple[str, str], float]) -> set[str]:
        """Return the rules that fire, if so much was counted a quarter of an hour ago."""
        now, firing = self.values(), set[str]()
        for name, expression in RULE.findall(FILE.read_text(encoding="utf-8")):
            parts = EXPRESSION.fullmatch(expression)
            assert parts is not None, expression
            key = (parts["name"], parts["outcome"] or "")
            value = now[key] - (before[key] if parts["increase"] else 0.0)
            if value > float(parts["limit"]):
                firing.add(name)
        return firing


@pytest.fixture
def prometheus(clock: ManualClock) -> Iterator[Prometheus]:
    """Yield a listener, and what it has counted."""
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader])
    yield Prometheus(reader, Telemetry(meter_provider=meters, clock=clock))
    meters.shutdown()


async def test_rules_fire(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, prometheus: Prometheus
) -> None:
    """None in good times; then one after the other."""
    store = FaultyStore(clock.boot)
    session = make_session(journal=store)
    session.events.add(prometheus.telemetry)
    wanted = await purchase(session, sandbox)
    await session.authorizations.authorize(wanted, idempotency_key="order-1")
    await prometheus.telemetry.count_pending(session.operations)
    before = prometheus.values()
    assert set() == prometheus.firing(before)

    wanted = await purchase(session, sandbox)
    sandbox.inject(Drop(), endpoint="authorization")
    with pytest.raises(OutcomeUnknown):
        await session.authorizations.authorize(wanted, idempotency_key="order-2")
    assert {"FlexitiOutcomeUnknown"} == prometheus.firing(before)

    await prometheus.telemetry.count_pending(session.operations)
    clock.advance(1790)
    before = prometheus.values()
    assert set() == prometheus.firing(before)
    clock.advance(20)
    assert {"FlexitiOperationPending"} == prometheus.firing(before)

    store.fingerprint = "another server"
    with pytest.raises(JournalForgot):
        await session.authorizations.authorize(wanted, idempotency_key="order-3")
    assert {"FlexitiOperationPending", "FlexitiJournalLost"} == prometheus.firing(before)


async def test_a_conflict_fires(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, prometheus: Prometheus
) -> None:
    """The claim is gone when the answer arrives: the store went back in time."""
    store = FaultyStore(clock.boot)
    session = make_session(journal=store)
    wanted = await purchase(session, sandbox)
    session.events.add(prometheus.telemetry)
    await prometheus.telemetry.count_pending(session.operations)
    before = prometheus.values()
    await session.authorizations.authorize(wanted, idempotency_key="order-1")
    wanted = await purchase(session, sandbox)
    store.snapshot()
    call = session.authorizations.authorize(wanted, idempotency_key="order-2")
    sandbox.latency = {"authorization": 0.3}
    running = asyncio.create_task(call)
    while sandbox.count("authorization") < 2:
        await asyncio.sleep(0.001)
    store.roll_back()
    await running

    assert {"FlexitiOperationConflict"} == prometheus.firing(before)
