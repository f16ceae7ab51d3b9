"""The record codec: records survive a round trip, and nothing else is decoded."""

import json
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.clock import Instant
from flexiti_async.errors import RecordUnreadable
from flexiti_async.protocol.record_json import decode_secret, encode_secret
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.tokens.record import (
    Claim,
    Failure,
    Record,
    StoredToken,
    decode_record,
    encode_record,
)

from ..support.canaries import sightings

KEY = "flexiti-token-0000"
CANARY = "canary0123456789abcdef"
STORED = StoredToken("one", Secret(CANARY), lifetime=1200.0, remaining=900.0, minted=1.5e9)
FAILURE = Failure("throttled", "HTTP 429", 12.5, 3, "f" * 16, 429, "slow_down", at=1.75e9)
FULL = Record(KEY, evolve(STORED, pinned=True), Claim(30.0), FAILURE)

texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=40)
spans = st.floats(min_value=0.0, max_value=32 * 86_400.0)
moments = st.none() | st.floats(allow_nan=False, allow_infinity=False)
claims = st.builds(Claim, lease=spans)
failures = st.builds(
    Failure,
    kind=texts,
    message=texts,
    back_off=spans,
    attempts=st.integers(min_value=0, max_value=2**31),
    fingerprint=texts,
    status=st.none() | st.integers(min_value=100, max_value=999),
    code=st.none() | texts,
    at=moments,
)


@st.composite
def stored_tokens(draw: st.DrawFn) -> StoredToken:
    """Draw a token that has no more life than it was granted."""
    remaining, lifetime = sorted((draw(spans), draw(spans)))
    return StoredToken(
        draw(texts),
        Secret(draw(texts)),
        lifetime,
        remaining,
        pinned=draw(st.booleans()),
        minted=draw(moments),
    )


records = st.builds(
    Record,
    key=texts,
    token=st.none() | stored_tokens(),
    claim=st.none() | claims,
    failure=st.none() | failures,
)


def encoded(**changes: Any) -> dict[str, Any]:
    """Encode the full record as JSON, and change fields by their dotted paths."""
    wire: dict[str, Any] = json.loads(encode_record(FULL))
    for path, value in changes.items():
        *outer, last = path.split("__")
        at = wire
        for name in outer:
            at = at[name]
        at[last] = value
    return wire


@given(records)
def test_round_trip(record: Record) -> None:
    """Any record survives a round trip under its own key."""
    assert record == decode_record(encode_record(record), record.key)


def test_wire_format() -> None:
    """The text is JSON of version 1, which releases share and so must not change."""
    assert {
        "v": 1,
        "key": KEY,
        "token": {
            "token_id": "one",
            "access_token": CANARY,
            "lifetime": 1200.0,
            "remaining": 900.0,
            "pinned": True,
            "minted": 1.5e9,
        },
        "claim": {"lease": 30.0},
        "failure": {
            "kind": "throttled",
            "message": "HTTP 429",
            "back_off": 12.5,
            "attempts": 3,
            "fingerprint": "f" * 16,
            "status": 429,
            "code": "slow_down",
            "at": 1.75e9,
            "description": None,
            "reason": None,
            "errno": None,
            "verify_code": None,
        },
    } == json.loads(encode_record(FULL))


def test_fields_of_a_later_release_are_ignored() -> None:
    """A record of the same version with a new field is decoded."""
    assert FULL == decode_record(json.dumps(encoded(new=1, token__new=2)), KEY)


def test_a_record_of_an_older_release_has_no_moments() -> None:
    """A token and a failure without their moment are decoded."""
    older = encoded()
    del older["token"]["minted"], older["failure"]["at"]
    token, failure = evolve(STORED, pinned=True, minted=None), evolve(FAILURE, at=None)

    assert evolve(FULL, token=token, failure=failure) == decode_record(json.dumps(older), KEY)


def test_missing_fields_are_none() -> None:
    """A record with only version and key is empty."""
    assert Record(KEY) == decode_record(json.dumps({"v": 1, "key": KEY}), KEY)


def unreadable(payload: str, key: str = KEY) -> RecordUnreadable:
    """Fail to decode, and return the error."""
    with pytest.raises(RecordUnreadable) as caught:
        decode_record(payload, key)
    return caught.value


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["v", "key", "token", "claim", "failure", "lease", "remaining"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@given(st.text() | json_values.map(json.dumps))
def test_any_text_is_a_record_or_unreadable(payload: str) -> None:
    """Any text is a record of that key, or RecordUnreadable."""
    try:
        record = decode_record(payload, KEY)
    except RecordUnreadable:
        return

    assert KEY == record.key


@given(records, st.integers(min_value=0), st.characters())
def test_damaged_records(record: Record, place: int, character: str) -> None:
    """A record with one wrong character is decoded or unreadable; no other error is raised."""
    payload = encode_record(record)
    place %= len(payload)
    try:
        decode_record(payload[:place] + character + payload[place + 1 :], record.key)
    except RecordUnreadable as error:
        assert record.key in str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("payload", ["[" * 100_000, '{"v":' * 100_000, "\ud800", "", "{}", "null"])
def test_hostile_texts(payload: str) -> None:
    """Texts that are too deep, not encodable or empty are unreadable."""
    assert "not a record" in str(unreadable(payload))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"v": 0}, "version 0"),
        ({"v": 2}, "version 2"),
        ({"key": "another"}, "another key"),
        ({"key": KEY.upper()}, "another key"),
        ({"v": "1"}, "not a record"),
        ({"v": None}, "not a record"),
        ({"token__lifetime": -1}, "not between 0 and 32 days"),
        ({"token__remaining": -0.001}, "not between 0 and 32 days"),
        ({"token__lifetime": 1e300}, "not between 0 and 32 days"),
        ({"token__lifetime": 32 * 86_400 + 1}, "not between 0 and 32 days"),
        ({"token__remaining": 1200.5}, "more life left than it was granted"),
        ({"claim__lease": -1}, "not between 0 and 32 days"),
        ({"claim__lease": 1e12}, "not between 0 and 32 days"),
        ({"failure__back_off": -1}, "not between 0 and 32 days"),
        ({"failure__back_off": 1e12}, "not between 0 and 32 days"),
        ({"token__pinned": "yes"}, "not a record"),
        ({"claim": {}}, "not a record"),
        ({"failure__attempts": 1.5}, "not a record"),
    ],
)
def test_unreadable_records(changes: dict[str, Any], problem: str) -> None:
    """
    Another version, another key and impossible values are unreadable; the error has the reason and
    no secret.
    """
    error = unreadable(json.dumps(encoded(**changes)))

    assert problem in str(error)
    assert KEY in str(error)
    assert [] == sightings(error, CANARY)


@pytest.mark.parametrize("payload", ["NaN", "Infinity", "1e999"])
def test_infinite_durations(payload: str) -> None:
    """A duration that is not a finite number is unreadable."""
    error = unreadable(f'{{"v":1,"key":"{KEY}","claim":{{"lease":{payload}}}}}')

    assert KEY in str(error)


@pytest.mark.parametrize(
    "payload",
    [
        f'{{"access_token":"{CANARY}"}}',
        f'{{"v":1,"key":"{KEY}","token":{{"token_id":"{CANARY}"}}}}',
        f"{CANARY}",
    ],
)
def test_no_secret_in_the_error(payload: str) -> None:
    """The content of an unreadable entry shows neither in the error nor in its frames."""
    assert [] == sightings(unreadable(payload), CANARY)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (Record(KEY), 0.0),
        (Record(KEY, token=STORED), 900.0),
        (Record(KEY, claim=Claim(30.0)), 30.0),
        (Record(KEY, failure=FAILURE), 12.5),
        (Record(KEY, evolve(STORED, remaining=1.0), Claim(30.0), FAILURE), 30.0),
        (FULL, 900.0),
    ],
)
def test_expires_in(record: Record, expected: float) -> None:
    """A record expires with the last of its parts."""
    assert expected == record.expires_in()


def test_repr_has_no_token() -> None:
    """The repr of a record does not show the bearer."""
    assert CANARY not in repr(FULL)


TOKEN = Token(
    token_id="one",
    access_token=Secret(CANARY),
    scope=Scope.CUSTOMER,
    lifetime=1200.0,
    life=1100.0,
    counted_from=Instant(5.0, 6.0),
    pinned=True,
)


def test_token_round_trip() -> None:
    """A token survives the way into a record and out of it, with the given remaining life."""
    stored = StoredToken.of(TOKEN, 900.0)
    at = Instant(7.0, 8.0)

    granted = TOKEN.counted_from.wall - (TOKEN.lifetime - TOKEN.life)
    assert evolve(STORED, pinned=True, minted=granted) == stored
    assert evolve(TOKEN, life=800.0, counted_from=at) == stored.as_token(
        Scope.CUSTOMER, life=800.0, at=at
    )


def test_an_expired_token_has_no_life_stored() -> None:
    """An expired token is stored with a remaining life of zero, not a negative one."""
    assert 0.0 == StoredToken.of(TOKEN, -3.0).remaining


def test_hooks_accept_only_secrets() -> None:
    """The hooks reject everything that is not a Secret."""
    with pytest.raises(NotImplementedError):
        encode_secret(CANARY)
    with pytest.raises(NotImplementedError):
        decode_secret(str, CANARY)
