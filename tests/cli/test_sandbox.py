"""`flexiti-async sandbox`, run as a process."""

import asyncio
import json
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import closing
from decimal import Decimal
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from flexiti_async import FlexitiSession

from ..support.patience import PATIENCE
from .conftest import EMAIL, SCRIPT, Command, process

Start = Callable[..., "subprocess.Popen[str]"]
TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def start() -> Generator[Start, None, None]:
    """Yield a function that starts a sandbox on a free port; stop those still running."""
    started: list[subprocess.Popen[str]] = []

    def start(*argv: str) -> "subprocess.Popen[str]":
        running = subprocess.Popen(
            [SCRIPT, "sandbox", "--port", "0", *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(running)
        return running

    yield start
    for running in started:
        if running.poll() is None:
            running.kill()
        running.communicate(timeout=PATIENCE)


def _welcome(
    running: "subprocess.Popen[str]", facts: dict[str, str] | None = None
) -> tuple[str, dict[str, str]]:
    """Read the printed URL and variables, and the lines in between into `facts`."""
    assert running.stdout is not None
    url = re.findall(r"http://\S+", running.stdout.readline())[0]
    variables: dict[str, str] = {}
    while len(variables) < 4:
        line = running.stdout.readline()
        name, _, value = line.strip().partition("  ")
        if facts is not None:
            facts[name] = value.strip()
        words = shlex.split(line)
        if words[:1] == ["export"]:
            name, _, value = words[1].partition("=")
            variables[name] = value
    assert "\n" == running.stdout.readline()
    return url, variables


def _status(url: str, **headers: str) -> int:
    """Send a request that the sandbox rejects, and return the status."""
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(url, headers=headers), timeout=PATIENCE)  # noqa: S310 - our own sandbox
    refused.value.close()
    return refused.value.code


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_use_it_and_end_it(
    start: Start, monkeypatch: pytest.MonkeyPatch, ending: signal.Signals
) -> None:
    """The sandbox prints all that another command needs, and stops cleanly on Ctrl-C."""
    running = start()
    url, variables = _welcome(running)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = process("init-widget", "--flow", "purchase", "--account-number", "20009100")
    running.send_signal(ending)
    out, err = running.communicate(timeout=PATIENCE)

    assert url == variables["FLEXITI_BASE_URL"]
    assert (0, "") == (ran.status, ran.err)
    assert json.loads(ran.out)["masked_url"].startswith(url)
    assert (0, "", "note: token requests: 1, widget/init: 1\n") == (running.returncode, out, err)


def test_credentials(start: Start) -> None:
    """All its credentials are printed, those of merchants/login too: they are not secret."""
    running = start("--expires-in", "5")
    _, variables = _welcome(running)
    running.terminate()

    assert {
        "FLEXITI_CLIENT_ID": "sandbox-client",
        "FLEXITI_CLIENT_SECRET": "sandbox-client-secret",
    }.items() <= variables.items()
    assert re.fullmatch("sandbox [0-9a-f]{32} sandbox-client", variables["FLEXITI_ACCOUNT"])


def test_lifetime(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tokens have the lifetime that was set."""
    running = start("--expires-in", "77")
    for name, value in _welcome(running)[1].items():
        monkeypatch.setenv(name, value)
    ran = process("token", "refresh", "--json")
    running.terminate()

    assert 77 == json.loads(ran.out)["token"]["lifetime"]


def test_oauth_profile(start: Start) -> None:
    """Its token service is the chosen one."""
    running = start("--oauth", "oauth2-server")
    url, variables = _welcome(running)
    path = f"/v2.5/client-id/{variables['FLEXITI_CLIENT_ID']}/i18n"
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(url + path), timeout=PATIENCE)  # noqa: S310 - our own sandbox
    body = json.loads(refused.value.read())
    running.terminate()

    assert (401, "unauthorized_request") == (refused.value.code, body["error"])


def test_log(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log has a line for each request, without anything that could be a secret."""
    running = start("--log")
    url, variables = _welcome(running)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    shown = process("init-widget", "--flow", "purchase", "--account-number", "1", "--show-url")
    _status(f"{url}/v2.5/{TOKEN}/x?{EMAIL}", **{"x-reference-id": TOKEN})
    running.terminate()
    lines = [line.split("  ")[1:] for line in running.communicate(timeout=PATIENCE)[0].splitlines()]
    token = re.findall(r"/([0-9a-f]{40})\?", json.loads(shown.out)["redirection_url"])[0]

    assert ["POST", "oauth/token", "200", "grant=client_credentials"] == lines[0][:4]
    assert ["POST", "widget/init", "200", "scope=customer"] == lines[1][:4]
    assert ["GET", "/flexiti/pos-api/v2.5/****/x", "404 not_found", "reference=****"] == lines[2]
    assert 3 == len(lines)
    secrets = (token, TOKEN, EMAIL, "sandbox-client-secret")
    assert [] == [secret for secret in secrets if secret in str(lines)]


def test_faults(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults, latency and the clock are set on the command line; the log shows faults."""
    running = start(
        *("--log", "--fault", "widget/init:answer,status=503,retry_after=1,times=null"),
        *("--fault", '{"fault": {"kind": "drop"}, "endpoint": "oauth/token", "times": 3}'),
        *("--latency", "0.01", "--latency", "i18n=3600", "--clock-offset", "-90"),
    )
    url, variables = _welcome(running)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    lost = process("token", "refresh")
    refused = process("init-widget", "--flow", "purchase", "--account-number", "1")
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{url}/none", timeout=PATIENCE)  # noqa: S310 - our own sandbox
    caught.value.close()
    skew = parsedate_to_datetime(caught.value.headers["date"]).timestamp() - time.time()
    running.terminate()
    lines = running.communicate(timeout=PATIENCE)[0].splitlines()
    parts = [line.split("  ") for line in lines]

    assert 1 == lost.status == refused.status
    assert "oauth/token" in lines[0]
    assert "fault=drop" in parts[0]
    assert {"503 general_error", "fault=answer"} <= {part for line in parts for part in line}
    assert skew == pytest.approx(-90, abs=5)


def test_control(start: Start) -> None:
    """Another program controls the sandbox with the URL and token that it prints."""
    running, facts = start("--fault", "*:hang"), dict[str, str]()
    _welcome(running, facts)
    url, token = facts["control URL"], facts["control token"]
    order = Request(  # noqa: S310 - our own sandbox
        f"{url}/clock", b'{"offset": 60}', {"authorization": f"Bearer {token}"}
    )
    with urlopen(order, timeout=PATIENCE) as answer:  # noqa: S310 - as above
        state = json.loads(answer.read())
    refused = _status(f"{url}/state")
    running.terminate()
    _, err = running.communicate(timeout=PATIENCE)

    assert 60 == state["clock_offset"]
    assert [{"fault": {"kind": "hang"}, "left": 1}] == state["faults"]
    assert 401 == refused
    assert token not in err
    assert len(token) >= 32


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("--fault", "drop"), "--fault drop: write ENDPOINT:FAULT"),
        (("--fault", "oauth/tokn:drop"), "'oauth/tokn': did you mean 'oauth/token'?"),
        (("--fault", "oauth/token:dorp"), "unknown kind of fault: did you mean 'drop'?"),
        (("--fault", "*:drop", "--fault", "*:status=1"), "--fault *:status=1: status must be"),
        (("--fault", f"*:status={EMAIL}"), "status must be"),
        (("--fault", "{}"), "--fault {}: a rule needs fault"),
        (("--latency", "slow"), "--latency: write SECONDS, or ENDPOINT=SECONDS"),
        (("--latency", "oauth/token="), "write SECONDS, or ENDPOINT=SECONDS"),
        (("--latency", "oauth/tokn=1"), "no endpoint is called 'oauth/tokn'"),
        (("--latency", "-1"), "the latency of oauth/token must be a number of seconds"),
        (("--latency", "nan"), "the latency of oauth/token must be a number of seconds"),
        (("--clock-offset", "1e10"), "--clock-offset"),
        (("--clock-offset", "soon"), "--clock-offset"),
    ],
)
def test_bad_faults(command: Command, argv: tuple[str, ...], told: str) -> None:
    """A fault, latency or offset that is not valid is a usage error of one line."""
    ran = command("sandbox", "--port", "0", *argv)

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert told in ran.err


def test_log_that_nobody_reads(start: Start) -> None:
    """A sandbox stops without output when the reader of its log has ended."""
    running = start("--log")
    url, _ = _welcome(running)
    assert running.stdout is not None
    running.stdout.close()
    _status(f"{url}/nothing")

    assert 1 == running.wait(timeout=PATIENCE)
    assert running.stderr is not None
    assert "" == running.stderr.read()


def test_port_in_use(command: Command) -> None:
    """A port that is in use is reported in one line."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        ran = command("sandbox", "--port", str(port))

    assert (1, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert ran.err.startswith(f"error: port {port} of 127.0.0.1 is in use")


def test_address_of_another_machine(command: Command) -> None:
    """An address of another machine is reported in one line."""
    ran = command("sandbox", "--port", "0", "--host", "192.0.2.1", "--allow-remote")

    assert (1, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert ran.err.startswith("error: cannot listen on port 0 of 192.0.2.1: ")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])  # noqa: S104
def test_only_loopback(command: Command, host: str) -> None:
    """The sandbox listens beyond loopback only with --allow-remote."""
    ran = command("sandbox", "--port", "0", "--host", host)

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert ran.err.startswith(f"error: {host} is not loopback")
    assert "--allow-remote" in ran.err


def test_allow_remote(start: Start) -> None:
    """A sandbox on all addresses prints one that a command on this machine may use."""
    public = "http://shop.example:8099"
    running = start("--host", "0.0.0.0", "--allow-remote", "--public-url", public)  # noqa: S104
    url, variables = _welcome(running)
    running.terminate()

    assert url == variables["FLEXITI_BASE_URL"]
    assert url.startswith("http://127.0.0.1:")


def test_a_public_url_that_is_none(command: Command) -> None:
    """A public URL with a path is a usage error."""
    ran = command("sandbox", "--public-url", "http://shop.example/a")

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert ran.err.startswith("error: --public-url: public_url must be scheme, host and port")


@pytest.mark.parametrize(
    ("option", "value"), [("--port", "65536"), ("--port", "-1"), ("--expires-in", "0")]
)
def test_senseless_numbers(command: Command, option: str, value: str) -> None:
    """A number out of range is a usage error."""
    ran = command("sandbox", option, value)

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert option in ran.err


def test_credit_limit(start: Start, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    """A load test buys more than the accounts of the sandbox can pay by themselves."""
    running = start("--credit-limit", "1000000")
    _, variables = _welcome(running)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    async def credit() -> object:
        async with FlexitiSession.from_env() as flexiti:
            return (await flexiti.customers.lookup(account_number=10000001)).available_credit

    assert Decimal(1000000) == asyncio.run(credit())
    assert 2 == command("sandbox", "--credit-limit", "-1").status
