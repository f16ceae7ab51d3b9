"""The alert rules of the example: each fires on what a session really counts, and not before."""

import asyncio
import operator
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from attrs import frozen
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from flexiti_async.errors import JournalForgot, OutcomeUnknown, StoreUnavailable
from flexiti_async.integrations.otel import Telemetry
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop
from flexiti_async.testing import FaultyStore, ManualClock

from ..checkout.customers import PLAN, verified
from ..conftest import MakeSession
from ..operations.customers import purchase
from ..support.patience import OVERLAP
from .prometheus import series_of

FILE: Final = Path(__file__).parents[2] / "examples" / "telemetry" / "alerts.yaml"
COMPARISON: Final = re.compile(
    r".*?(?P<increase>increase\()?(?P<name>flexiti_\w+)(\{(?P<matchers>[^}]*)\})?(\[\d+m\])?\)+"
    r" (?P<operator>>|>=|==) (?P<limit>\d+)"
)
OPERATORS: Final = {">": operator.gt, ">=": operator.ge, "==": operator.eq}
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


@frozen
class Prometheus:
    """As much of Prometheus as the rules need."""

    reader: InMemoryMetricReader
    telemetry: Telemetry

    def values(self) -> Values:
        """Return all values by name and labels."""
        return {
            (one.name, frozenset(one.labels.items())): one.value for one in series_of(self.reader)
        }

    def firing(self, before: Values) -> set[str]:
        """Return the rules that fire, if so much was counted when their range began."""
        now = self.values()
        [group] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
        return {
            rule["alert"]
            for rule in group["rules"]
            if all(holds(part, now, before) for part in rule["expr"].split(" and "))
        }


def holds(comparison: str, now: Values, before: Values) -> bool:
    """Whether a comparison of a sum with a number holds."""
    parts = COMPARISON.fullmatch(comparison)
    assert parts is not None, comparison
    wanted = set(re.findall(r'(\w+)="(\w+)"', parts["matchers"] or ""))
    found = [key for key in now if key[0] == parts["name"] and wanted <= key[1]]
    assert found, comparison
    earlier = before if parts["increase"] else {}
    value = sum(now[key] - earlier.get(key, 0.0) for key in found)
    return bool(OPERATORS[parts["operator"]](value, float(parts["limit"])))


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
    sandbox.latency = {"authorization": OVERLAP}
    running = asyncio.create_task(call)
    while sandbox.count("authorization") < 2:
        await asyncio.sleep(0.001)
    store.roll_back()
    await running

    assert {"FlexitiOperationConflict"} == prometheus.firing(before)


async def test_nothing_authorized_fires(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, prometheus: Prometheus
) -> None:
    """The journal is down: five customers are verified, and none can pay."""
    journal = FaultyStore(clock.boot)
    session = make_session(journal=journal)
    session.events.add(prometheus.telemetry)
    await prometheus.telemetry.count_pending(session.operations)
    before = prometheus.values()
    for number in range(5):
        assert set() == prometheus.firing(before)
        checkout = await verified(await session.checkout(f"order-{number}"), sandbox)
        journal.down = True
        with pytest.raises(StoreUnavailable):
            await checkout.authorize("30.00", **PLAN)
        journal.down = False
    assert {"FlexitiNothingAuthorized"} == prometheus.firing(before)

    checkout = await verified(await session.checkout("order-6"), sandbox)
    await checkout.authorize("30.00", **PLAN)
    assert set() == prometheus.firing(before)
