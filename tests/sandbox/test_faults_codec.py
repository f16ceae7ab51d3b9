"""FaultRules as JSON and as short text: they round-trip, and invalid ones are refused."""

import json
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.sandbox import Only, faults
from flexiti_async.sandbox.faults.codec import (
    read_json,
    rule_from_json,
    rule_from_text,
    rule_to_json,
)
from flexiti_async.sandbox.faults.rules import FaultRule
from flexiti_async.sandbox.wire.endpoints import ENDPOINTS, UNKNOWN_ENDPOINT

CANARY = "canary-of-a-secret"

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
finite = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
json_values = st.recursive(
    scalars.filter(lambda value: value not in {float("inf"), float("-inf")}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
members = st.recursive(
    finite,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)
headers = st.dictionaries(
    st.sampled_from(["X-A", "x-b", "server"]), st.text("abc 1é", max_size=5), max_size=2
)
seconds = st.integers(0, 1000) | st.floats(0, 1000)
any_fault: st.SearchStrategy[faults.Fault] = st.one_of(
    st.builds(
        faults.Answer,
        status=st.integers(200, 599),
        headers=headers,
        body=st.none() | st.binary(),
        retry_after=st.none() | st.integers(0, 1000),
        retry_after_date=st.booleans(),
        commit=st.booleans(),
    ),
    st.builds(faults.Redirect, url=st.text("abc:/", min_size=1), status=st.integers(300, 399)),
    st.builds(faults.Delay, seconds=seconds),
    st.builds(faults.Drop, commit=st.booleans()),
    st.builds(faults.Reset, commit=st.booleans()),
    st.builds(faults.Hang, commit=st.booleans()),
    st.builds(faults.Truncate, keep=st.integers(0, 10**6)),
    st.builds(faults.Drip, seconds=seconds),
    st.builds(faults.Malformed, shape=st.sampled_from(get_args(faults.Misshape))),
    st.builds(
        faults.Alter,
        fields=st.dictionaries(st.text("abc"), members, max_size=3),
        omit=st.lists(st.text("abc"), max_size=2).map(tuple),
    ),
    st.builds(faults.Endless),
    st.builds(faults.GzipBomb, size=st.integers(1, 10**9)),
)
any_rule = st.builds(
    FaultRule,
    fault=any_fault,
    endpoint=st.none() | st.sampled_from([*ENDPOINTS, UNKNOWN_ENDPOINT]),
    times=st.none() | st.integers(1, 100),
    probability=st.floats(0, 1, exclude_min=True),
    seed=st.integers(0, 1000),
    only=st.builds(
        Only,
        address=st.none() | st.ip_addresses().map(str),
        headers=headers,
        grant=st.none() | st.text(max_size=5),
        scope=st.none() | st.text(max_size=5),
    ),
)


@given(rule=any_rule)
def test_round_trip(rule: FaultRule) -> None:
    """A rule that is written and read again is equal, from JSON and from JSON in a text."""
    text = json.dumps(rule_to_json(rule))

    assert rule == rule_from_json(json.loads(text))
    assert rule == rule_from_text(text)


@given(value=json_values)
def test_any_json(value: object) -> None:
    """Any JSON is a rule, a fault or a condition, or it raises `ValueError`."""
    for candidate in (value, {"fault": value}, {"fault": {"kind": "drop"}, "only": value}):
        with suppress(ValueError):
            assert isinstance(rule_from_json(candidate), FaultRule)


@given(
    fault=st.sampled_from(["answer", "redirect", "delay", "alter", "gzip-bomb", "malformed"]),
    name=st.sampled_from(
        [
            *("status", "headers", "body", "body_base64", "retry_after", "commit", "url"),
            *("seconds", "fields", "omit", "size", "shape"),
        ]
    ),
    value=json_values,
)
def test_any_value(fault: str, name: str, value: object) -> None:
    """A setting accepts or refuses any JSON; accepted values can be written again."""
    with suppress(ValueError):
        rule = rule_from_json({"fault": {"kind": fault, "status": 200, name: value}})

        assert rule == rule_from_json(json.loads(json.dumps(rule_to_json(rule))))


@given(text=st.text() | st.from_regex(r"(oauth/token|\*):\w+(,[\w.]+=[^,]*){0,3}", fullmatch=True))
def test_any_text(text: str) -> None:
    """Any text is a rule or raises `ValueError`."""
    with suppress(ValueError):
        assert isinstance(rule_from_text(text), FaultRule)


TOKEN = "oauth/token"
TEXTS = {
    "oauth/token:status=503": FaultRule(faults.Answer(503), TOKEN),
    "oauth/token:status=503,times=3": FaultRule(faults.Answer(503), TOKEN, 3),
    "oauth/token:answer,status=429,retry_after=2,retry_after_date=true": FaultRule(
        faults.Answer(429, retry_after=2, retry_after_date=True), TOKEN
    ),
    "widget/init:drop": FaultRule(faults.Drop(), "widget/init"),
    "*:delay,seconds=0.2,times=null,probability=0.1,seed=7": FaultRule(
        faults.Delay(0.2), None, None, 0.1, 7
    ),
    "*:reset,times=null,only.headers.x-worker=2": FaultRule(
        faults.Reset(), times=None, only=Only(headers={"x-worker": "2"})
    ),
    "*:hang,only.address=127.0.0.2,only.grant=refresh_token": FaultRule(
        faults.Hang(), only=Only(address="127.0.0.2", grant="refresh_token")
    ),
    "oauth/token:status=502,headers.X.y=1,body=123": FaultRule(
        faults.Answer(502, {"X.y": "1"}, b"123"), TOKEN
    ),
    "oauth/token:redirect,url=https://evil.example/?a=b:c": FaultRule(
        faults.Redirect("https://evil.example/?a=b:c"), TOKEN
    ),
    "oauth/token:alter,fields.expires_in=-5": FaultRule(faults.Alter({"expires_in": -5}), TOKEN),
    "oauth/token:malformed,shape=half": FaultRule(faults.Malformed("half"), TOKEN),
    '{"fault": {"kind": "answer", "status": 200, "body_base64": "/w=="}}': FaultRule(
        faults.Answer(200, body=b"\xff")
    ),
}


@pytest.mark.parametrize("text", TEXTS)
def test_short_text(text: str) -> None:
    """The short text covers what a command line needs."""
    assert TEXTS[text] == rule_from_text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "ENDPOINT:FAULT"),
        ("drop", "ENDPOINT:FAULT"),
        ("oauth/token:", "ENDPOINT:FAULT"),
        ("oauth/tokn:drop", "no endpoint is called 'oauth/tokn': did you mean 'oauth/token'?"),
        (":drop", "no endpoint is called '': expected one of: oauth/token, "),
        ("oauth/token:dorp", "unknown kind of fault: did you mean 'drop'?"),
        ("oauth/token:drop,times", "NAME=VALUE"),
        ("oauth/token:drop,status=503", "drop has no setting 'status': expected one of: commit"),
        ("oauth/token:endless,x=1", "endless has no setting 'x'"),
        ("oauth/token:status=503,status=500", "status is set twice"),
        ("oauth/token:status=503,headers.a=1,headers.a=2", "a is set twice"),
        ("oauth/token:status=503,headers=1,headers.a=2", "headers is set twice"),
        ("oauth/token:status=503,kind=drop", "kind is set twice"),
        ("oauth/token:answer", "answer needs status"),
        ("oauth/token:status=many", "status must be a whole number"),
        ("oauth/token:status=1000", "status must be a whole number from 200 to 599"),
        ("oauth/token:delay,seconds=NaN", "seconds must be"),
        ("oauth/token:drop,commit=yes", "commit must be true or false"),
        ("oauth/token:drop,times=0", "times must be a whole number of at least 1, or null"),
        ("oauth/token:drop,times=1.5", "times must be a whole number"),
        ("oauth/token:drop,probability=2", "probability must be"),
        ("oauth/token:drop,only=x", "only must be an object"),
        ("oauth/token:drop,only.user=x", "only has no setting 'user'"),
        ("oauth/token:drop,only.address=here", "IP address"),
        (f"oauth/token:drop,only.headers.cookie={CANARY}", "cookie carries a secret"),
        (f"oauth/token:status=200,body_base64={CANARY}", "base 64"),
        (f"oauth/token:alter,omit={CANARY}", "omit must be a list"),
        (f"oauth/token:malformed,shape={CANARY}", "shape must be one of: html, "),
        (f"oauth/token:status={CANARY}", "status must be"),
        ('{"fault": {"kind": "drop"}', "not valid JSON"),
        ('{"fault": {"kind": "delay", "seconds": Infinity}}', "not valid JSON"),
        ("{}", "a rule needs fault"),
        ('{"fault": "drop"}', "a fault must be an object"),
        ('{"fault": {"kind": ["drop"]}}', "unknown kind of fault"),
        (
            '{"fault": {"kind": "drop"}, "time": 2}',
            "a rule has no setting 'time'",
        ),
        (
            '{"fault": {"kind": "answer", "status": 200, "body": 5}}',
            "body must be bytes",
        ),
        (
            '{"fault": {"kind": "answer", "status": 200, "body": "", "body_base64": ""}}',
            "not both",
        ),
    ],
)
def test_bad_text(text: str, expected: str) -> None:
    """The error names the problem in a sentence that quotes no value."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is checked below
        rule_from_text(text)

    assert expected in str(caught.value)
    assert CANARY not in str(caught.value)


def test_all_problems_together() -> None:
    """All problems of a rule are reported in one error, those of nested objects included."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is checked below
        rule_from_text(f"refund:status=1,comit={CANARY},tims=2,times=0,only.adress=::1")

    assert {
        "status must be a whole number from 200 to 599",
        "answer has no setting 'comit': did you mean 'commit'?",
        (
            "answer has no setting 'tims': "
            "expected one of: status, headers, body, retry_after, retry_after_date, commit"
        ),
        "times must be a whole number of at least 1, or null",
        "only has no setting 'adress': did you mean 'address'?",
    } == set(str(caught.value).split("; "))
    assert CANARY not in str(caught.value)


def test_json_of_a_rule() -> None:
    """Fields that have their default are not written."""
    rule = FaultRule(
        faults.Answer(503, {"A": "b"}, b"\xff"), TOKEN, None, 0.5, only=Only(scope="x")
    )
    written: dict[str, Any] = dict(rule_to_json(rule))

    assert {
        "fault": {"kind": "answer", "status": 503, "headers": {"A": "b"}, "body_base64": "/w=="},
        "endpoint": TOKEN,
        "times": None,
        "probability": 0.5,
        "only": {"scope": "x"},
    } == written
    assert {"fault": {"kind": "drop"}} == rule_to_json(FaultRule(faults.Drop()))


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, "\ud800", "", b"\xff"])
def test_unreadable_json(text: str | bytes) -> None:
    """JSON that the standard library cannot read is refused like any other bad JSON."""
    with pytest.raises(ValueError, match="that is not valid JSON"):
        read_json(text)


def test_deeply_nested_json() -> None:
    """Members that are nested too deeply for the standard library are refused, not a crash."""
    nested: object = {}
    for _ in range(100_000):
        nested = {"a": nested}

    with pytest.raises(ValueError, match="fields must be valid JSON"):
        rule_from_json({"fault": {"kind": "alter", "fields": {"a": nested}}})
