"""`flexiti-async verify`, against the sandbox in both profiles and against another server."""

import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import frozen

from flexiti_async.api.endpoints import NAMES
from flexiti_async.cli.verify.assumptions import ASSUMPTIONS
from flexiti_async.sandbox import RequestRecord, Sandbox, faults
from flexiti_async.sandbox.endpoints.oauth_rules import PROFILES

from ..support.patience import PATIENCE
from .conftest import CLIENT_SECRET, DOB, EMAIL, SCRIPT, VCC_NUMBER, Command, Ran
from .different_server import ELSEWHERE, DifferentServer, different_server

CUSTOMER = {
    "account_number": "20009100",
    "vcc_number": VCC_NUMBER,
    "first_name": "Johanna",
    "last_name": "Canary-Smith",
    "dob": DOB,
    "postal_code": "M1M1M1",
    "email": EMAIL,
    "phone_number": "2312312345",
    "address_1": "445 Canary Street",
    "city": "Toronto",
    "province": "ON",
}
"""All of it but the province is secret: `Ran` and `Report` reject what shows it."""
PERSONAL = [value for name, value in CUSTOMER.items() if name not in {"city", "province"}]


@frozen
class Report:
    """Both forms of a report."""

    markdown: str
    data: dict[str, Any]

    def __attrs_post_init__(self) -> None:
        shown = [each for each in (*PERSONAL, CLIENT_SECRET) if each in self.markdown]
        assert [] == shown
        assert [] == [each for each in (*PERSONAL, CLIENT_SECRET) if each in json.dumps(self.data)]

    def of(self, outcome: str) -> dict[str, str]:
        """Return the names of the assumptions of an outcome, each with what was found."""
        rows = self.data["assumptions"]
        return {each["name"]: each["found"] for each in rows if each["outcome"] == outcome}

    @property
    def steps(self) -> list[str]:
        """The steps that were made."""
        return [each["step"] for each in self.data["exchanges"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the customer's file into a folder."""
    (tmp_path / "customer.json").write_text(json.dumps(CUSTOMER), encoding="utf-8")
    return tmp_path


def read(folder: Path) -> Report:
    """Read a report."""
    text = (folder / "report.json").read_text(encoding="utf-8")
    markdown = (folder / "report.md").read_text(encoding="utf-8")
    return Report(markdown, cast("dict[str, Any]", json.loads(text)))


def in_person(sandbox: Sandbox, folder: Path, *argv: str) -> tuple[int, Report]:
    """Run the command as a process, and use each widget that it opens as the customer."""
    known = sandbox.account(20009100)
    for name in ("first_name", "last_name", "dob"):
        setattr(known, name, CUSTOMER[name])
    files = ("--customer", str(folder / "customer.json"), "--report", str(folder / "report"))
    running = subprocess.Popen(
        [SCRIPT, "verify", *files, *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert running.stdin is not None
    assert running.stdout is not None
    for line in running.stdout:
        if "#/widget/" in line:
            running.stdin.write(f"{json.dumps(sandbox.play(line.strip()))}\n")
            running.stdin.flush()
    running.stdin.close()
    status = running.wait(PATIENCE)
    running.stdout.close()
    return status, read(folder)


def end_tokens_soon(sandbox: Sandbox) -> Callable[[RequestRecord], None]:
    """Return a listener after whose cue tokens live for a second, so that one can expire."""

    def heard(record: RequestRecord) -> None:
        if record.endpoint == "merchants/login":
            sandbox.expires_in = 1

    return heard


@pytest.mark.parametrize("profile", PROFILES)
def test_the_sandbox(sandbox: Sandbox, folder: Path, profile: str) -> None:
    """The differences of each profile are found, and nothing has to be set."""
    setattr(sandbox, "oauth", profile)  # noqa: B010 - a name is converted when it is assigned
    sandbox.on_request = end_tokens_soon(sandbox)
    status, report = in_person(
        sandbox, folder, "--purchase", "--application", "D-NO_HIT", "--late-refresh"
    )
    contradicted = {
        "documented": {"HTTP Basic", "code of a late refresh", "no bearer"},
        "oauth2-server": {"scope of a refresh"},
    }[profile]

    assert contradicted == set(report.of("contradicted"))
    assert (0, []) == (status, report.data["set"])
    assert "D-NO_HIT: declined" == report.of("confirmed")["test keys"]
    assert (
        "the token before: 401 invalid_token"
        == (report.of("confirmed")["refresh revokes the access token"])
    )
    untouched = {"information", "customers/driverslicense", "close", "transactions", "verify"}
    assert NAMES - untouched == set(report.data["verified"])
    assert {"refund", "return", "release", "late refresh"} <= set(report.steps)
    assert len(ASSUMPTIONS) == sum(report.data["counts"].values())


def test_a_different_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each difference is found, with the option to set; the exit status is 1."""
    monkeypatch.setenv("FLEXITI_ACCOUNT_TYPE_PLACE", "nested")
    with different_server(CLIENT_SECRET) as server:
        _configure(monkeypatch, server)
        status, report = in_person(server.sandbox, folder, "--purchase")

    [place] = [each for each in report.data["set"] if each.startswith("account_type_place: ")]
    assert 1 == status
    assert place.endswith((": top_level", ": omitted"))  # it takes either
    assert {
        place,
        "i18n_method: get",
        "refresh_revokes_access: no",
        "api_versions: terms-and-conditions=v2.5.1",
        "api_versions: authorization/capture=v2.5.1",
        "api_versions: refund=v2.5.1",
    } == set(report.data["set"])
    found = report.of("contradicted")
    assert "error_fields in place of field_errors" == found["field errors"]
    assert "widget/init (invalid): 409 wrong_input" == found["code of invalid inputs"]
    assert found["annual_rates"].endswith(
        "apr in place of promotional_purchase.0.terms.0.annual_rates"
    )
    assert "403 forbidden, read as Forbidden" == found["insufficient scope"]
    assert "200, an empty list" == report.of("confirmed")["customer without a match"]
    assert "v2.5.1" == report.data["verified"]["authorization/capture"]
    assert "`api_versions: refund=v2.5.1`" in report.markdown


def test_a_widget_that_leads_elsewhere(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL is not shown to anybody, and the report says which origin to allow."""
    monkeypatch.setenv("FLEXITI_CLIENT_AUTH", "form")

    def configure(server: DifferentServer) -> None:
        server.bare = True

    with different_server(CLIENT_SECRET, configure) as server:
        _configure(monkeypatch, server)
        ran = _verify(command, folder, "--purchase")
    report = read(folder)

    assert 1 == ran.status
    assert f"widget_origins: {ELSEWHERE}:443" in report.data["set"]
    assert "handle_event: old_widget=True" in report.data["set"]
    assert "#/widget" not in ran.out
    assert "path of authorization" in report.of("open")


def test_a_server_that_wants_http_basic(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a token nearly everything is open, but the report says what to set."""

    def configure(server: DifferentServer) -> None:
        server.only_basic = True

    with different_server(CLIENT_SECRET, configure) as server:
        _configure(monkeypatch, server)
        ran = _verify(command, folder)
    report = read(folder)

    assert 1 == ran.status
    assert ["client_auth: basic"] == report.data["set"]
    assert {"oauth/token"} == set(report.data["verified"])
    assert len(report.of("open")) > 50
    assert "→ set client_auth: basic" in ran.out


def test_a_number_that_no_call_can_use(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The purchase stops where the number is needed, and the report is written."""
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))

    def configure(server: DifferentServer) -> None:
        server.plays = server.long_numbers = True

    with different_server(CLIENT_SECRET, configure) as server:
        _configure(monkeypatch, server)
        ran = _verify(command, folder, "--purchase")
        [made] = server.sandbox.authorizations
    report = read(folder)

    assert [line for line in ran.errors if line.startswith("note: stopped: an answer has")]
    assert str(made.authorization_id) not in ran.err
    assert "found" == report.of("confirmed")["number of an authorization"]
    assert "capture" not in report.steps
    assert report.data["reference_id"] == server.sandbox.requests[0].reference_id


def test_a_customer_who_is_not_valid(command: Command, sandbox: Sandbox, folder: Path) -> None:
    """The data are checked before anything is sent."""
    customer = {**CUSTOMER, "dob": "1977-13-32"}
    (folder / "customer.json").write_text(json.dumps(customer), encoding="utf-8")
    ran = _verify(command, folder)

    assert "dob" in ran.err
    assert () == sandbox.requests
    assert not (folder / "report.json").exists()


def test_without_a_customer(command: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    """No call is made that needs one, no money moves, and the rest is judged."""
    ran = command("verify", "--report", str(tmp_path / "report"))
    report = read(tmp_path)

    assert 0 == ran.status
    assert () == sandbox.authorizations
    assert "not called or not answered: plans" == report.of("open")["version of calculate-interest"]
    assert "account_type" in report.of("open")
    assert "insufficient scope" in report.of("confirmed")
    assert "note: refresh without scope" in ran.errors


def test_an_api_that_is_down(command: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing is confirmed or contradicted by answers that say nothing."""
    sandbox.inject(faults.Answer(503), times=None)
    ran = command("verify", "--report", str(tmp_path / "report"))
    report = read(tmp_path)

    assert 0 == ran.status
    assert {} == report.of("confirmed") | report.of("contradicted")
    assert {} == report.data["verified"]


@pytest.mark.usefixtures("sandbox")
def test_an_api_that_cannot_be_reached(command: Command, tmp_path: Path) -> None:
    """The report is written, and the command fails."""
    url = "http://127.0.0.1:1/flexiti/pos-api"  # nobody listens there
    ran = command("verify", "--base-url", url, "--report", str(tmp_path / "report"))

    assert 1 == ran.status
    assert "error: no call was answered by http://127.0.0.1:1" in ran.errors[-1]
    assert {} == read(tmp_path).data["verified"]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("--environment", "production"), "never runs in production"),
        (("--base-url", "https://POSAPI.flexiti.fi./flexiti/pos-api"), "never runs in production"),
        (("--purchase",), "needs an account_number"),
        (("--application", "A-RR_L"), "needs in --customer: first_name"),
        (("--application", "John"), "takes a test key"),
        (("--amount", "1000000"), "dollars from 10.00 to 2000.00"),
        (("--amount", "NaN"), "dollars from 10.00 to 2000.00"),
        (("--customer", "/no/such/file"), "not a file of JSON"),
    ],
)
def test_a_wrong_command_line(
    command: Command, sandbox: Sandbox, argv: tuple[str, ...], expected: str
) -> None:
    """It is refused before anything is sent."""
    ran = command("verify", *argv)

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert expected in ran.err
    assert () == sandbox.requests


def test_a_customer_with_other_fields(command: Command, tmp_path: Path) -> None:
    """They are refused, and the error lists the fields, not the values."""
    file = tmp_path / "customer.json"
    for text in ('{"card": "canary"}', "[]", "canary"):
        file.write_text(text, encoding="utf-8")
        ran = command("verify", "--customer", str(file))

        assert 2 == ran.status
        assert "canary" not in ran.err


def test_the_table() -> None:
    """Each assumption has a name of its own, and is about an endpoint."""
    names = [each.name for each in ASSUMPTIONS]
    rows = {number for each in ASSUMPTIONS for number in each.spec.split(", ")}
    # Those about the portal itself, and the ones that no code depends on.
    left_out = {38, 39, 42}

    assert len(names) == len(set(names))
    assert set() == {each.endpoint for each in ASSUMPTIONS} - NAMES
    assert [] == [n for n in range(1, 47) if f"8.{n}" not in rows and n not in left_out]


def _configure(monkeypatch: pytest.MonkeyPatch, server: DifferentServer) -> None:
    monkeypatch.setenv("FLEXITI_BASE_URL", server.url)
    monkeypatch.setenv("FLEXITI_CLIENT_ID", server.sandbox.client_id)
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", CLIENT_SECRET)


def _verify(command: Command, folder: Path, *argv: str) -> Ran:
    files = ("--customer", str(folder / "customer.json"), "--report", str(folder / "report"))
    return command("verify", *files, *argv)
