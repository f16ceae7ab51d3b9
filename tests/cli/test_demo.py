"""`flexiti-async demo`."""

import contextlib
import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator

import pytest

from flexiti_async.cli.demo import Outcome
from flexiti_async.cli.load import DONE, WIDGET, Served

from ..support.patience import PATIENCE
from .conftest import SCRIPT, STORE_PASSWORD, Command, process


def test_json() -> None:
    """The installed script prints one JSON object with the figures, and nothing else."""
    ran = process("demo", "--checkouts", "60", "--concurrency", "20", "--json")
    report = json.loads(ran.out)
    figures = {
        name: report[name]
        for name in (
            "checkouts",
            "succeeded",
            "failed",
            "shared_token_requests",
            "dedicated_token_requests",
            "store",
        )
    }

    assert (0, "", 1) == (ran.status, ran.err, ran.out.count("\n"))
    assert {
        "checkouts": 60,
        "succeeded": 60,
        "failed": 0,
        "shared_token_requests": 1,
        "dedicated_token_requests": 6,
        "store": "memory://",
    } == figures
    assert {"p50", "p99"} == report["latency_ms"].keys()
    assert 0 < report["latency_ms"]["p50"] <= report["latency_ms"]["p99"]
    assert report["seconds"] > 0


def test_summary(command: Command) -> None:
    """The summary has the figures and two URLs, and no token."""
    ran = command("demo", "--checkouts", "30", "--concurrency", "7")
    urls = re.findall(r"https?://\S+", ran.out)

    assert (0, "") == (ran.status, ran.err)
    assert "30 succeeded, 0 failed (27 purchases, 3 applications)" in ran.out
    assert "1 for the shared token" in ran.out
    assert "3 for applications" in ran.out
    assert [True, True] == ["/****?" in url for url in urls]
    assert None is re.search(r"[0-9a-f]{40}", ran.out)


def _read_terminal(end: int) -> Iterator[bytes]:
    """Read the output of a terminal until its last writer has closed it."""
    with os.fdopen(end, "rb", buffering=0) as terminal, contextlib.suppress(OSError):
        while part := terminal.read(4096):
            yield part


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the progress is shown on stderr, so that stdout stays one JSON object."""
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [SCRIPT, "demo", "--checkouts", "20", "--json"], stdout=subprocess.PIPE, stderr=theirs
    ) as running:
        os.close(theirs)
        shown = b"".join(_read_terminal(ours))
        out, _ = running.communicate(timeout=PATIENCE)

    assert (0, 20) == (running.returncode, json.loads(out)["succeeded"])
    assert b"20/20" in shown


def test_another_demo_shares_nothing_with_it(command: Command) -> None:
    """A store that holds the token of an earlier demo does not disturb the next one."""
    argv = ("demo", "--checkouts", "3", "--store", "memory://demos", "--json")
    requests = [json.loads(command(*argv).out)["shared_token_requests"] for _ in range(2)]

    assert [1, 1] == requests


def test_store_is_shown_without_its_password(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report contains the store of the environment, without the password in its URL."""
    monkeypatch.setenv("DEMO_STORE", f"memory://shop:{STORE_PASSWORD}@demo")
    shown = [command("demo", "--checkouts", "1", *more) for more in ((), ("--json",))]

    assert ["memory://****@demo" in ran.out for ran in shown] == [True, True]


def test_failed_checkouts(command: Command, odd_stores: str) -> None:
    """Failed checkouts are counted, one line says why, and the exit status is 1."""
    ran = command("demo", "--checkouts", "4", "--store", f"{odd_stores}Forger", "--json")
    report = json.loads(ran.out)

    assert 1 == ran.status
    assert (0, 4) == (report["succeeded"], report["failed"])
    assert {"p50": None, "p99": None} == report["latency_ms"]
    assert 4 == sum(report["failures"].values())
    assert ["error: 4 of 4 checkouts failed"] == [line[:30] for line in ran.errors]


def test_failed_checkouts_in_the_summary(command: Command, odd_stores: str) -> None:
    """The summary works without any checkout that succeeded."""
    ran = command("demo", "--checkouts", "2", "--store", f"{odd_stores}Forger")

    assert 1 == ran.status
    assert "0 succeeded, 2 failed" in ran.out


def test_store_that_is_down(command: Command, odd_stores: str) -> None:
    """A demo whose store is unreachable fails."""
    ran = command("demo", "--checkouts", "3", "--store", f"{odd_stores}Down", "--json")

    assert 1 == ran.status
    assert {"StoreUnavailable": 3} == json.loads(ran.out)["failures"]
    assert ran.err.startswith("error: 3 of 3 checkouts failed (3 StoreUnavailable): ")


@pytest.mark.parametrize("option", ["--checkouts", "--concurrency"])
@pytest.mark.parametrize("value", ["0", "-3", "many", "1.5"])
def test_senseless_numbers(command: Command, option: str, value: str) -> None:
    """A number of checkouts below 1 is a usage error."""
    ran = command("demo", option, value)

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert option in ran.err
    assert value in ran.err


def test_unknown_store(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is not installed is a configuration error, reported without its password."""
    monkeypatch.setenv("DEMO_STORE", f"nosuch://:{STORE_PASSWORD}@localhost/0")
    ran = command("demo")

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert ran.err.startswith("error: no store is installed for nosuch://")


def test_percentiles() -> None:
    """A percentile is the latency within which that many percent had succeeded."""

    def outcome(*took: float) -> Outcome:
        return Outcome([Served(0.0, seconds, WIDGET, DONE) for seconds in took])

    many = outcome(*(number / 1000 for number in range(100, 0, -1)))

    assert [51.0, 100.0] == [many.percentile(percent) for percent in (50, 99)]
    assert 1.0 == outcome(0.001).percentile(99)
    assert None is outcome().percentile(50)


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--checkouts", "1"),
        ("demo", "--shop"),
        ("token", "status"),
        ("journal", "check"),
    ],
)
def test_a_password_is_no_option(command: Command, arguments: tuple[str, ...]) -> None:
    """The process list shows options to every user, so a store URL with a password is refused."""
    ran = command(*arguments, "--store", "redis://shop:hush-canary@localhost/0")

    assert 2 == ran.status
    assert "_STORE instead" in ran.err
    assert "hush-canary" not in ran.err + ran.out
