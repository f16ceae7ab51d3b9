"""`flexiti-async demo`."""

import contextlib
import json
import os
import pty
import re
import socket
import subprocess
from collections.abc import Iterator

import pytest

from flexiti_async.cli.demo import Outcome, percentile
from flexiti_async.cli.driver import DONE, WIDGET, Served

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
            "token_requests",
            "token_requests_without_sharing",
            "measured_without_sharing",
            "store",
        )
    }

    assert (0, "", 1) == (ran.status, ran.err, ran.out.count("\n"))
    assert {
        "checkouts": 60,
        "succeeded": 60,
        "failed": 0,
        "token_requests": 1,
        "token_requests_without_sharing": 60,
        "measured_without_sharing": {"checkouts": 50, "token_requests": 50},
        "store": "memory://",
    } == figures
    for name in ("latency_ms", "latency_ms_one_at_a_time"):
        assert {"p50", "p99"} == report[name].keys()
        assert 0 < report[name]["p50"] <= report[name]["p99"]
    assert report["seconds"] > 0
    assert report["cpu_ms_per_checkout"] > 0


def test_summary(command: Command) -> None:
    """It says what it proves, shows two URLs and no token, and ends with a command to try."""
    ran = command("demo", "--checkouts", "30", "--concurrency", "7")
    urls = re.findall(r"https?://\S+", ran.out)

    assert (0, "") == (ran.status, ran.err)
    assert "1 token request; without sharing: 30" in ran.out
    assert "(30 more checkouts without sharing made 30)" in ran.out
    assert "30 succeeded, 0 failed" in ran.out
    assert re.search(r"CPU +[\d.]+ ms per checkout, without the sandbox", ran.out)
    assert "latency      one at a time: p50 " in ran.out
    assert "7 at once: p50 " in ran.out
    assert [True, True] == ["/****?" in url for url in urls]
    assert None is re.search(r"[0-9a-f]{40}", ran.out)
    assert "  flexiti-async load" == ran.out.splitlines()[-1]


def test_the_second_figure_is_measured() -> None:
    """The sandbox's count without sharing decides, not the number of checkouts."""
    done = [Served(0.0, 0.1, WIDGET, DONE)] * 10

    assert 20 == Outcome(done, unshared=done[:5], unshared_requests=10).without_sharing
    assert None is Outcome(done, unshared=[], unshared_requests=0).without_sharing


def test_the_sandbox_ends_with_the_demo(command: Command) -> None:
    """It runs in a process of its own, which is gone afterwards, also after a failure."""
    command("demo", "--checkouts", "1")
    url = json.loads(command("demo", "--checkouts", "1", "--json").out)["sample_urls"][0]
    port = int(re.findall(r":(\d+)/", url)[0])

    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass


def _read_terminal(end: int) -> Iterator[bytes]:
    """Read the output of a terminal until its last writer has closed it."""
    with os.fdopen(end, "rb", buffering=0) as terminal, contextlib.suppress(OSError):
        while part := terminal.read(4096):
            yield part


def on_a_terminal(*argv: str) -> tuple[int, bytes, bytes]:
    """Run a command whose stderr is a terminal; return the exit status, stdout and the terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([SCRIPT, *argv], stdout=subprocess.PIPE, stderr=theirs) as running:
        os.close(theirs)
        shown = b"".join(_read_terminal(ours))
        out, _ = running.communicate(timeout=PATIENCE)
    return running.returncode, out, shown


def test_progresson_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the progress is shown on stderr; with --json there is none."""
    monkeypatch.setenv("TERM", "xterm")
    status, out, shown = on_a_terminal("demo", "--checkouts", "20")
    quiet = on_a_terminal("demo", "--checkouts", "20", "--json")

    assert 0 == status
    assert b"20 succeeded" in out
    assert b"20 checkouts" in shown
    assert (0, b"") == (quiet[0], quiet[2])
    assert 20 == json.loads(quiet[1])["succeeded"]


def test_another_demo_shares_nothing_with_it(command: Command) -> None:
    """A store that holds the token of an earlier demo does not disturb the next one."""
    argv = ("demo", "--checkouts", "3", "--store", "memory://demos", "--json")
    requests = [json.loads(command(*argv).out)["token_requests"] for _ in range(2)]

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
    assert (0, 4) == (report["succeeded"], report["checkouts"])
    assert {"p50": None, "p99": None} == report["latency_ms"]
    assert 4 <= sum(report["failures"].values()) == report["failed"]
    assert None is report["token_requests_without_sharing"] or 4 < report["failed"]
    assert [f"error: {report['failed']} checkouts failed ("] == [
        line[: line.index("(") + 1] for line in ran.errors
    ]


def test_failed_checkouts_in_the_summary(command: Command, odd_stores: str) -> None:
    """The summary works without any checkout that succeeded."""
    ran = command("demo", "--checkouts", "2", "--store", f"{odd_stores}Forger")

    assert 1 == ran.status
    assert "0 succeeded, 2 failed" in ran.out
    assert "Next" not in ran.out


def test_store_that_is_down(command: Command, odd_stores: str) -> None:
    """A demo whose store is unreachable fails."""
    ran = command("demo", "--checkouts", "3", "--store", f"{odd_stores}Down", "--json")

    assert 1 == ran.status
    assert ["StoreUnavailable"] == list(json.loads(ran.out)["failures"])
    assert re.match(r"error: \d+ checkouts failed \(\d+ StoreUnavailable\): ", ran.err)


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

    def served(*took: float) -> list[Served]:
        return [Served(0.0, seconds, WIDGET, DONE) for seconds in took]

    many = served(*(number / 1000 for number in range(100, 0, -1)))

    assert [51.0, 100.0] == [percentile(many, percent) for percent in (50, 99)]
    assert 1.0 == percentile(served(0.001), 99)
    assert None is percentile(served(), 50)


@pytest.mark.parametrize(
    ("arguments", "store"),
    [
        (("demo", "--checkouts", "1"), "redis://shop:hush-canary@localhost/0"),
        (("demo", "--shop"), "redis://:hush-canary@localhost/0"),
        (("token", "status"), "redis://localhost/0?password=hush-canary"),
        (("journal", "check"), "postgresql://localhost/shop?user=shop&PASSWORD=hush-canary"),
    ],
)
def test_a_password_is_no_option(command: Command, arguments: tuple[str, ...], store: str) -> None:
    """The process list shows options to every user, so a store URL with a password is refused."""
    ran = command(*arguments, "--store", store)

    assert 2 == ran.status
    assert "_STORE instead" in ran.err
    assert "hush-canary" not in ran.err + ran.out
