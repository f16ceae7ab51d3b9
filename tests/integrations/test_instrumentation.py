"""Sentry and OpenTelemetry's instrumentation of aiohttp, the real packages."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from flexiti_async import FlexitiConfig
from flexiti_async.integrations.url_masking import UrlMasking

from ..support.patience import PATIENCE

CARD = "1070015210367982"
NAME = "Canarina"
DOB = "1988-07-24"
ACCOUNT = "10000001"
SECRETS = (CARD, NAME, DOB, ACCOUNT)


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    """Return what the two tools recorded, by tool, connections and filter."""
    shop = Path(__file__).with_name("instrumented.py")
    ran = subprocess.run(
        [sys.executable, "-P", str(shop), *SECRETS],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert 0 == ran.returncode, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def secrets_in(what: object) -> set[str]:
    """Return the customer's data in what was recorded."""
    text = json.dumps(what)
    return {secret for secret in SECRETS if secret in text}


def test_a_lent_session_is_recorded_by_both(recorded: dict[str, Any]) -> None:
    """The danger is real: both tools record queries and paths of a session that they patched."""
    assert set(SECRETS) == secrets_in(recorded["sentry, lent"])
    assert set(SECRETS) == secrets_in(recorded["otel, lent"])


def test_the_librarys_own_connections_are_not_recorded(recorded: dict[str, Any]) -> None:
    """Neither tool records requests over the library's own connections, with all its defaults."""
    assert 2 == len(recorded["sentry, own"])  # the message and the transaction
    assert set() == secrets_in(recorded["sentry, own"])
    assert [] == recorded["otel, own"]


@pytest.mark.parametrize("name", ["sentry, masked", "otel, masked"])
def test_filters_mask_a_lent_session(recorded: dict[str, Any], name: str) -> None:
    """With a filter the requests are recorded, and only the API's base is shown."""
    text = json.dumps(recorded[name])

    assert set() == secrets_in(recorded[name])
    assert 3 <= text.count("/****")


def test_one_client_span_per_call(recorded: dict[str, Any]) -> None:
    """Beside `Telemetry` the instrumentation records neither calls nor token requests again."""
    spans = recorded["otel, telemetry"]

    assert set() == secrets_in(spans)
    assert 5 == len(recorded["otel, lent"])
    assert {
        "flexiti oauth/token": 2,  # one for each scope
        "flexiti customers/lookup": 1,
        "flexiti customers/search": 1,
        "flexiti calculate-interest": 1,
    } == Counter(span["name"] for span in spans if "CLIENT" in span["kind"])
    assert 5 == len(spans)


def test_masking_leaves_other_urls_as_they_are() -> None:
    """Other APIs keep their URLs; the API's are masked also with another case or a relative end."""
    config = FlexitiConfig(client_id="a", client_secret="b", base_url="https://api.example.com/pos")
    masking = UrlMasking(config)

    assert [
        "https://api.example.com/pos/****",
        "https://api.example.com/pos/****",
        "https://api.example.com/pos",
        "https://api.example.com/posters?a=1",
        "https://other.example.com/pos?a=1",
    ] == [
        masking.url_filter(url)
        for url in (
            URL("https://api.example.com/pos/v2/accounts/1?a=1"),
            "HTTPS://API.example.com/pos?a=1",
            "https://api.example.com/pos",
            "https://api.example.com/posters?a=1",
            "https://other.example.com/pos?a=1",
        )
    ]


def test_masking_keeps_the_rest_of_a_breadcrumb() -> None:
    """Only URLs of the API, and their parts beside them, are taken out."""
    config = FlexitiConfig(client_id="a", client_secret="b", base_url="https://api.example.com/pos")
    masking = UrlMasking(config)
    other = {"category": "query", "data": {"http.query": "a=1", "url": "https://h.example/?a=1"}}
    ours = {
        "type": "http",
        "data": {
            "url": "https://api.example.com/pos/v2/x",
            "http.query": "vcc=1",
            "http.fragment": "f",
            "http.method": "GET",
        },
    }

    assert other == masking.before_breadcrumb(json.loads(json.dumps(other)))
    assert {
        "type": "http",
        "data": {"url": "https://api.example.com/pos/****", "http.method": "GET"},
    } == masking.before_breadcrumb(ours)
