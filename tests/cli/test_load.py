"""`flexiti-async load`."""

import json
import re

import pytest

from .conftest import STORE_PASSWORD, Command, process
from .test_demo import on_a_terminal

BRIEF = ("load", "--duration", "0.5", "--concurrency", "4")


def test_purchases_are_authorized_and_captured() -> None:
    """By default most customers pay, nobody fails, and the sandbox has seen the captures."""
    ran = process(*BRIEF, "--seed", "7", "--json")
    report = json.loads(ran.out)

    assert (0, "", 1) == (ran.status, ran.err, ran.out.count("\n"))
    assert (0, {}) == (report["failed"], report["failures"])
    assert report["captures"] == report["flows"]["purchase"]["customers"] > 0
    assert report["customers"] == sum(flow["customers"] for flow in report["flows"].values())
    assert 1 <= report["shared_token_requests"] <= 3
    assert 0 < report["flows"]["purchase"]["latency_ms"]["p50"]


def test_summary(command: Command) -> None:
    """For people it has a line for each flow of the mix."""
    ran = command(*BRIEF, "--rate", "40", "--mix", "purchase=1,application=1")
    names = [line[2:15].strip() for line in ran.out.splitlines()[2:]]

    assert (0, "") == (ran.status, ran.err)
    assert ["customers", "purchase", "application", "captures", "tokens", "CPU", "store"] == names


def test_failures(command: Command) -> None:
    """Injected ones are counted and expected; others are an error with the exit status 1."""
    fault = ("--fault", "authorization:drop,times=null", "--mix", "purchase=1", "--rate", "10")
    injected = command(*BRIEF, *fault, "--json")
    down = command(*BRIEF, "--rate", "10", "--store", "redis://127.0.0.1:1/0")

    assert 0 == injected.status
    assert {"OutcomeUnknown"} == set(json.loads(injected.out)["failures"])
    assert 1 == down.status
    assert re.search(r"error: \d+ of \d+ customers failed \(\d+ \w+\)", down.err)


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the number of customers is shown; with --json nothing is."""
    monkeypatch.setenv("TERM", "xterm")
    status, out, shown = on_a_terminal(*BRIEF)
    quiet = on_a_terminal(*BRIEF, "--json")

    assert 0 == status
    assert b"served, 0 failed" in out
    assert b" customers" in shown
    assert (0, b"") == (quiet[0], quiet[2])


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (("--mix", "purchase"), "--mix must be FLOW=WEIGHT"),
        (("--mix", "theft=1"), "the flows are purchase, checkout"),
        (("--mix", "purchase=0"), "above 0"),
        (("--fault", "widget/init:explode"), "--fault "),
        (("--duration", "0"), "duration"),
        (("--concurrency", "0"), "concurrency"),
        (("--rate", "-1"), "rate"),
        (("--store", f"redis://shop:{STORE_PASSWORD}@localhost/0"), "DEMO_STORE instead"),
        (("--store", "nosuch://localhost"), "no store is installed for nosuch://"),
    ],
)
def test_usage_errors(command: Command, argv: tuple[str, ...], line: str) -> None:
    """Each is one line, before anything starts."""
    ran = command("load", *argv)

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert line in ran.err
