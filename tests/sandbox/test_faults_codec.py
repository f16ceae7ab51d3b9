"""Rules as JSON and as short text: nothing is lost on the way, and nothing odd gets in."""

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
from flexiti_async.sandbox.faults.rules import Rule
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
    Rule,
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
def test_round_trip(rule: Rule) -> None:
    """A rule that is written and read is the same, through JSON as through the JSON of a text."""
    text = json.dumps(rule_to_json(rule))

    assert rule == rule_from_json(json.loads(text))
    assert rule == rule_from_text(text)


@given(value=json_values)
def test_any_json(value: object) -> None:
    """JSON of any kind is a rule, a fault or a condition, or it is a `ValueError`."""
    for candidate in (value, {"fault": value}, {"fault": {"kind": "drop"}, "only": value}):
        with suppress(ValueError):
            assert isinstance(rule_from_json(candidate), Rule)


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
    """A setting may be given any JSON; what is taken can be written again."""
    with suppress(ValueError):
        rule = rule_from_json({"fault": {"kind": fault, "status": 200, name: value}})

        assert rule == rule_from_json(json.loads(json.dumps(rule_to_json(rule))))


@given(text=st.text() | st.from_regex(r"(oauth/token|\*):\w+(,[\w.]+=[^,]*){0,3}", fullmatch=True))
def test_any_text(text: str) -> None:
    """A text of any kind is a rule or a `ValueError`."""
    with suppress(ValueError):
        assert isinstance(rule_from_text(text), Rule)


TOKEN = "oauth/token"
TEXTS = {
    "oauth/token:status=503": Rule(faults.Answer(503), TOKEN),
    "oauth/token:status=503,times=3": Rule(faults.Answer(503), TOKEN, 3),
    "oauth/token:answer,status=429,retry_after=2,retry_after_date=true": Rule(
        faults.Answer(429, retry_after=2, retry_after_date=True), TOKEN
    ),
    "widget/init:drop": Rule(faults.Drop(), "widget/init"),
    "*:delay,seconds=0.2,times=null,probability=0.1,seed=7": Rule(
        faults.Delay(0.2), None, None, 0.1, 7
    ),
    "*:reset,times=null,only.headers.x-worker=2": Rule(
        faults.Reset(), times=None, only=Only(headers={"x-worker": "2"})
    ),
    "*:hang,only.address=127.0.0.2,only.grant=refresh_token": Rule(
        faults.Hang(), only=Only(address="127.0.0.2", grant="refresh_token")
    ),
    "oauth/token:status=502,headers.X.y=1,body=123": Rule(
        faults.Answer(502, {"X.y": "1"}, b"123"), TOKEN
    ),
    "oauth/token:redirect,url=https://evil.example/?a=b:c": Rule(
        faults.Redirect("https://evil.example/?a=b:c"), TOKEN
    ),
    "oauth/token:alter,fields.expires_in=-5": Rule(faults.Alter({"expires_in": -5}), TOKEN),
    "oauth/token:malformed,shape=half": Rule(faults.Malformed("half"), TOKEN),
    '{"fault": {"kind": "answer", "status": 200, "body_base64": "/w=="}}': Rule(
        faults.Answer(200, body=b"\xff")
    ),
}


@pytest.mark.parametrize("text", TEXTS)
def test_short_text(text: str) -> None:
    """The short text says all that is needed on a command line."""
    assert TEXTS[text] == rule_from_text(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "ENDPOINT:FAULT"),
        ("drop", "ENDPOINT:FAULT"),
        ("oauth/token:", "ENDPOINT:FAULT"),
        ("oauth/tokn:drop", "no endpoint is called 'oauth/tokn'"),
        (":drop", "no endpoint is called ''"),
        ("oauth/token:dorp", "no such fault; there are: answer, "),
        ("oauth/token:drop,times", "NAME=VALUE"),
        ("oauth/token:drop,status=503", "drop has no 'status'; there are: commit"),
        ("oauth/token:endless,x=1", "endless has no 'x'"),
        ("oauth/token:status=503,status=500", "status is set twice"),
        ("oauth/token:status=503,headers.a=1,headers.a=2", "a is set twice"),
        ("oauth/token:status=503,headers=1,headers.a=2", "headers is set twice"),
        ("oauth/token:status=503,kind=drop", "kind is set twice"),
        ("oauth/token:answer", "answer needs status"),
        ("oauth/token:status=many", "status must be a whole number"),
        ("oauth/token:status=1000", "status must be between 200 and 599"),
        ("oauth/token:delay,seconds=NaN", "seconds must be"),
        ("oauth/token:drop,commit=yes", "commit must be true or false"),
        ("oauth/token:drop,times=0", "at least once"),
        ("oauth/token:drop,times=1.5", "a whole number of times"),
        ("oauth/token:drop,probability=2", "probability must be"),
        ("oauth/token:drop,only=x", "only must be an object"),
        ("oauth/token:drop,only.user=x", "only has no 'user'"),
        ("oauth/token:drop,only.address=here", "IP address"),
        (f"oauth/token:drop,only.headers.cookie={CANARY}", "cookie holds a secret"),
        (f"oauth/token:status=200,body_base64={CANARY}", "base 64"),
        (f"oauth/token:alter,omit={CANARY}", "omit must be a list"),
        (f"oauth/token:malformed,shape={CANARY}", "shape must be one of: html, "),
        (f"oauth/token:status={CANARY}", "status must be"),
        ('{"fault": {"kind": "drop"}', "no JSON"),
        ('{"fault": {"kind": "delay", "seconds": Infinity}}', "no JSON"),
        ("{}", "needs a fault"),
        ('{"fault": "drop"}', "a fault must be an object"),
        ('{"fault": {"kind": ["drop"]}}', "no such fault"),
        ('{"fault": {"kind": "drop"}, "time": 2}', "a rule has no 'time'; there are: fault, "),
        ('{"fault": {"kind": "answer", "status": 200, "body": 5}}', "body of an answer is a text"),
        (
            '{"fault": {"kind": "answer", "status": 200, "body": "", "body_base64": ""}}',
            "not both",
        ),
    ],
)
def test_bad_text(text: str, told: str) -> None:
    """What is wrong is told in a sentence that quotes no value."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is looked at below
        rule_from_text(text)

    assert told in str(caught.value)
    assert CANARY not in str(caught.value)


def test_json_of_a_rule() -> None:
    """Only what is not as by default is written."""
    rule = Rule(faults.Answer(503, {"A": "b"}, b"\xff"), TOKEN, None, 0.5, only=Only(scope="x"))
    written: dict[str, Any] = dict(rule_to_json(rule))

    assert {
        "fault": {"kind": "answer", "status": 503, "headers": {"A": "b"}, "body_base64": "/w=="},
        "endpoint": TOKEN,
        "times": None,
        "probability": 0.5,
        "only": {"scope": "x"},
    } == written
    assert {"fault": {"kind": "drop"}} == rule_to_json(Rule(faults.Drop()))


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, "\ud800", "", b"\xff"])
def test_json_that_hurts(text: str | bytes) -> None:
    """JSON that the standard library gives up on is no JSON."""
    with pytest.raises(ValueError, match="that is no JSON"):
        read_json(text)
