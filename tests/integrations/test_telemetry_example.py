"""The example of telemetry runs, and its dashboard queries metrics that exist."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final, cast

import pytest
import yaml

from flexiti_async.errors import CheckoutExpired, GeneralError, JournalForgot, TokenMisconfigured
from flexiti_async.integrations import otel
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.page.scenarios import Choice
from flexiti_async.testing import FaultyStore, ManualClock

from ..checkout.customers import APPLICANT, BUY, PLAN, plan, verified
from ..conftest import MakeSession
from ..operations.customers import purchase
from ..support.patience import PATIENCE
from .conftest import Observatory
from .prometheus import label_matchers, metric_names, series_of

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "telemetry"
SUFFIXES: Final = {"s": "_seconds"}
"""How Prometheus writes a unit; braces are left out."""


def documented() -> dict[str, str]:
    """Return the metrics of the module's table with their units."""
    rows = re.findall(r"^\| `(flexiti\.[a-z_.]+)` \| (\S+) \|", otel.__doc__ or "", re.MULTILINE)
    return dict(rows)


def test_the_example_prints_spans_and_metrics() -> None:
    """The program prints the shop's spans, ours, their two events, and the metrics at the end."""
    run = subprocess.run(
        [sys.executable, "-P", "-W", "error", str(EXAMPLE / "shop.py"), "3"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    names = re.findall(r'"name": "([^"]+)"', run.stdout)

    [warning] = run.stderr.splitlines()
    assert warning.startswith("first operation of account")
    assert 3 == names.count("POST /checkout")
    assert 3 == names.count("flexiti widget/init")
    assert "flexiti oauth/token" in names
    metrics = {name for name in names if re.fullmatch(r"flexiti\.[a-z_.]+", name)}
    assert {"flexiti.call.duration", "flexiti.token.refreshes", "flexiti.checkouts"} <= metrics
    assert metrics - {"flexiti.operation", "flexiti.checkout"} <= documented().keys()


def dashboard_queries() -> list[tuple[str, str]]:
    """Return the queries of all panels, with their legends."""
    dashboard = json.loads((EXAMPLE / "dashboard.json").read_text(encoding="utf-8"))
    return [
        (target["expr"], target["legendFormat"])
        for panel in dashboard["panels"]
        for target in panel["targets"]
    ]


def alert_rules() -> list[str]:
    """Return the expressions of all alert rules."""
    rules = yaml.safe_load((EXAMPLE / "alerts.yaml").read_text(encoding="utf-8"))
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


async def test_dashboard_and_alerts_ask_for_what_a_session_emits(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, observatory: Observatory
) -> None:
    """Every metric, label and value of theirs is one of a session that has seen everything."""
    await everything(make_session, sandbox, clock, observatory)
    found = series_of(observatory.reader)
    there = {one.name + suffix for one in found for suffix in one.suffixes}
    labelled = {
        (one.name + suffix, label, value)
        for one in found
        for suffix in one.suffixes
        for label, text in one.labels.items()
        for value in (text, None)
    }
    queries = dashboard_queries()
    expressions = [*(expression for expression, _ in queries), *alert_rules()]

    for expression in expressions:
        assert metric_names(expression) <= there
        assert {*label_matchers(expression)} <= labelled
    for expression, legend in queries:
        shown = set(re.findall(r"{{(\w+)}}", legend))
        assert shown <= {label for _, label, value in label_matchers(expression) if value is None}
    asked = set[str]().union(*map(metric_names, expressions))
    unseen = {one.name for one in found if not asked & {one.name + end for end in one.suffixes}}
    assert set() == unseen
    names = {name.replace(".", "_") + SUFFIXES.get(unit, "") for name, unit in documented().items()}
    assert names == {one.name.removesuffix("_total") for one in found}


async def everything(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, observatory: Observatory
) -> None:
    """Let a session meet everything that it has a metric for."""
    store, journal = FaultyStore(clock.boot), FaultyStore(clock.boot)
    sandbox.clock_offset = -90.0
    session = make_session(store=store, journal=journal)
    session.events.add(observatory.telemetry)
    await make_session(store=store, journal=journal).token()
    await session.token()
    await session.token("merchant")
    sandbox.fail("widget/init", status=503, headers={"Retry-After": "0"})
    for number, choice in enumerate(("cancel", "decline", "retry")):
        checkout = await session.checkout(f"order-{number}")
        widget = await checkout.init_widget(BUY)
        await checkout.handle_event(sandbox.play(widget.redirection_url, cast("Choice", choice)))
    sandbox.fail("widget/init", status=409, times=1)
    with pytest.raises(GeneralError):
        await session.init_widget(BUY)
    checkout = await verified(await session.checkout("order-4"), sandbox)
    await checkout.authorize("30.00", **PLAN)
    await session.authorizations.capture(
        checkout.authorization_id or "", "30.00", idempotency_key="shipment-1"
    )
    checkout = await verified(await session.checkout("order-5"), sandbox)
    await checkout.authorize("30.00", **plan(auto_capture=True))
    checkout = await session.checkout("order-6")
    widget = await checkout.init_widget(APPLICANT)
    await checkout.handle_event(sandbox.play(widget.redirection_url))
    await checkout.apply(APPLICANT)
    await session.authorizations.authorize(
        await purchase(session, sandbox), idempotency_key="order-7"
    )
    left = await verified(await session.checkout("order-8"), sandbox)
    clock.advance(300)
    sandbox.revoke((await session.token()).access_token.reveal())
    await session.init_widget(BUY)
    store.down = True
    clock.advance(1200)
    await session.token()
    with pytest.raises(CheckoutExpired):
        await left.plans("30.00")
    sandbox.fail("oauth/token", status=400, body=b'{"error": "invalid_client"}')
    clock.advance(1200)
    with pytest.raises(TokenMisconfigured):
        await session.token()
    await observatory.telemetry.count_pending(session.operations)
    journal.fingerprint = "another server"
    with pytest.raises(JournalForgot):
        await session.checkout("order-9")


def test_every_alert_has_its_section_in_the_runbook() -> None:
    """Five rules, unknown outcomes first; each names a section, which is there."""
    rules = yaml.safe_load((EXAMPLE / "alerts.yaml").read_text(encoding="utf-8"))
    [group] = rules["groups"]
    page = (EXAMPLE.parents[1] / "docs" / "how-to" / "monitoring.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (Flexiti\w+)$", page, re.MULTILINE)
    names = [rule["alert"] for rule in group["rules"]]

    assert (5, "FlexitiOutcomeUnknown") == (len(names), names[0])
    assert names == headings
    for rule in group["rules"]:
        assert (
            f"docs/how-to/monitoring.md#{rule['alert'].lower()}"
            == (rule["annotations"]["runbook_url"])
        )
        assert rule["labels"]["severity"] in {"page", "ticket"}
