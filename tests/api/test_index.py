"""The index of endpoints: complete, correct, and its table."""

import json
import re
import subprocess
import sys
from pathlib import Path

import endpoint_index
import pytest
from endpoint_index import ENDPOINTS, Endpoint, markdown, report, statement

from flexiti_async import FlexitiSession, api, resources
from flexiti_async.api.endpoints import NAMES, OAUTH_TOKEN
from flexiti_async.protocol.call import BaseCall

from .wire import SAMPLES, sample, sent

# Spec section 0: row, method, path below the version, version, scope.
SPEC = """
1  POST oauth/token - -
2  POST merchants/login v2.5 customer
3  POST widget/init v2.5 customer
4  POST i18n v2.5 customer
5  GET  terms-and-conditions v2.5 customer
6  POST information v2.5 customer
7  POST customers/driverslicense v2.5 customer
8  GET  customers/search v2.5 merchant
9  GET  customers/lookup v2.5 merchant
10 POST apply v2.5 customer
11 POST account/{}/verify v2.5 merchant
12 POST accounts/{}/calculate-interest v2.5.1 customer
13 POST accounts/{}/close v2.5 customer
14 POST transactions v2.5.1 merchant
15 POST authorization v2.5.1 customer
16 POST authorization/{}/release v2.5 merchant
17 POST authorization/{}/capture v2.5 merchant
18 POST authorization/{}/capture/{}/return v2.5 merchant
19 POST accounts/{}/refund v2.5 merchant
20 GET  authorizations v2.5.1 merchant
21 GET  authorization/{} v2.5.1 merchant
22 GET  captures v2.5.1 merchant
""".strip().splitlines()
CALLS = [(endpoint, endpoint.call) for endpoint in ENDPOINTS if endpoint.call is not None]
EACH = pytest.mark.parametrize(("endpoint", "call"), CALLS, ids=[e.name for e, _ in CALLS])


def test_every_row_of_the_specification() -> None:
    """The index has the rows of spec section 0, with their methods, paths, versions, scopes."""
    rows = [
        [
            str(endpoint.row),
            call.method if call else "POST",
            _path(call) if call else endpoint.name,
            call.version if call else "-",
            call.scope.value if call else "-",
        ]
        for endpoint, call in ((endpoint, endpoint.call) for endpoint in ENDPOINTS)
    ]

    assert [line.split() for line in SPEC] == rows


def _path(call: BaseCall[object]) -> str:
    own = call.path.removeprefix("client-id/{client_id}/")
    return re.sub(r"\{\w+\}", "{}", own)


def test_names() -> None:
    """Each endpoint has its own name, and each name is in the index."""
    names = [endpoint.name for endpoint in ENDPOINTS]

    assert len(names) == len(set(names))
    assert set(names) == NAMES


@EACH
def test_functions(endpoint: Endpoint, call: BaseCall[object]) -> None:
    """The function is a public name of `flexiti_async.api`, with a docstring."""
    function = getattr(api, endpoint.function)

    assert function.__doc__
    assert endpoint.name == call.endpoint


@EACH
def test_samples(endpoint: Endpoint, call: BaseCall[object]) -> None:
    """The sample of each endpoint is of this endpoint."""
    expected = sample(endpoint.sample)
    pattern = "/flexiti/pos-api/" + re.sub(
        r"\\\{\w+\\\}", "[^/]+", re.escape(f"{call.version}/{call.path}")
    )

    assert (SAMPLES / f"{endpoint.sample}.json").is_file()
    assert (call.method, bool(call.body)) == (expected["method"], bool(sent(call)["body"]))
    assert re.fullmatch(pattern, expected["url"])


@EACH
def test_places_in_a_session(endpoint: Endpoint, call: BaseCall[object]) -> None:
    """The session has each endpoint under the name in the table."""
    group, _, method = endpoint.at.rpartition(".")
    owner = getattr(resources, group.capitalize()) if group else FlexitiSession

    assert callable(getattr(owner, method)), call.endpoint


def test_table() -> None:
    """The table has a head and a row for each endpoint, and no empty name."""
    lines = markdown().splitlines()

    assert 2 + len(SPEC) == len(lines)
    assert {len(lines[0].split(" | "))} == {len(line.split(" | ")) for line in lines}
    assert f"| 1 | `{OAUTH_TOKEN}` | documented | POST `v2.5/oauth/token` |" in lines[2]
    assert (
        "| 9 | `customers/lookup` | documented | "
        "GET `v2.5/client-id/{client_id}/customers/lookup` | `lookup` | `.customers.lookup()` | "
        "merchant | safe | [5.7](../specification/5-other-endpoints.md#section-5.7) | "
        "`customers_lookup.json` |  |"
    ) in lines


def test_a_report_fills_the_table(tmp_path: Path) -> None:
    """A report of a test environment says what is verified; one of a sandbox does not."""
    file = tmp_path / "report.json"
    data = {"api": "training", "day": "2026-12-01", "verified": {"refund": "v2.5.1"}}
    file.write_text(json.dumps(data), encoding="utf-8")
    verified = report(file)
    [row] = [line for line in markdown(verified).splitlines() if "| `refund` | **" in line]

    assert "| **verified** at v2.5.1, 2026-12-01, training |" in row
    assert "1 of 22 endpoints have been verified against Flexiti." == statement(verified)
    file.write_text(json.dumps({**data, "api": "http://127.0.0.1:8099"}), encoding="utf-8")
    with pytest.raises(ValueError, match="verifies nothing"):
        report(file)


def test_nothing_is_verified_so_far() -> None:
    """Without a report, README and page say so in as many words."""
    readme = (Path(endpoint_index.__file__).parents[1] / "README.md").read_text(encoding="utf-8")

    assert {} == report()
    assert "no call has been verified against Flexiti itself" in statement({})
    assert "no call has been verified against Flexiti itself" in readme


def test_as_a_program() -> None:
    """As a program it prints the table and nothing else."""
    run = subprocess.run(
        [sys.executable, "-P", "-m", "endpoint_index"],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "utf-8", "PYTHONPATH": ":".join(sys.path)},
    )

    assert (0, b"", markdown()) == (run.returncode, run.stderr, run.stdout.decode())
