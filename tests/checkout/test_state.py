"""The checkout codec: saved by one process, resumed by another."""

import json
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.checkout.state import (
    CheckoutState,
    Sharing,
    Step,
    decode_checkout,
    encode_checkout,
)
from flexiti_async.errors import RecordUnreadable
from flexiti_async.protocol.secret import Secret
from flexiti_async.tokens.record import StoredToken

from ..support.canaries import sightings
from ..tokens.test_record import stored_tokens, texts

KEY = "flexiti-checkout-0000"
CANARY = "canary0123456789abcdef"
STATE = CheckoutState(
    reference_id="0123456789abcdef",
    idempotency_key="order-1",
    token=StoredToken("one", Secret(CANARY), lifetime=1200.0, remaining=900.0, pinned=True),
    sharing=Sharing.DEDICATED,
    step=Step.WIDGET,
    session_id="session-1",
    flow="apply",
)


@st.composite
def states(draw: st.DrawFn) -> CheckoutState:
    """Draw a checkout."""
    return CheckoutState(
        reference_id=draw(texts),
        idempotency_key=draw(texts),
        token=draw(stored_tokens()),
        sharing=draw(st.sampled_from(Sharing)),
        step=draw(st.sampled_from(Step)),
        session_id=draw(st.none() | texts),
        flow=draw(st.none() | texts),
        in_store=draw(st.booleans()),
        account_number=draw(st.none() | texts),
        request_id=draw(st.none() | texts),
        verification_code=draw(st.none() | st.builds(Secret, texts)),
        authorization_id=draw(st.none() | texts),
        capture_id=draw(st.none() | texts),
        old_widget=draw(st.booleans()),
        elapsed=draw(st.floats(0, 1e6)),
        expired=draw(st.booleans()),
    )


@given(states(), texts)
def test_round_trip(state: CheckoutState, key: str) -> None:
    """Any checkout survives a round trip, under its own key."""
    assert state == decode_checkout(encode_checkout(state, key), key)


WRITTEN: dict[str, Any] = {
    "v": 2,
    "key": KEY,
    "checkout": {
        "reference_id": "0123456789abcdef",
        "idempotency_key": "order-1",
        "token": {
            "token_id": "one",
            "access_token": CANARY,
            "lifetime": 1200.0,
            "remaining": 900.0,
            "pinned": True,
        },
        "sharing": "dedicated",
        "step": "widget",
        "session_id": "session-1",
        "flow": "apply",
    },
}


def test_wire_format() -> None:
    """The text is JSON of version 2, so that processes of two releases share checkouts."""
    state = evolve(
        STATE,
        step=Step.AUTHORIZED,
        flow="purchase",
        account_number="010000001",
        authorization_id="7",
    )

    assert {
        "v": 2,
        "key": KEY,
        "checkout": {
            **WRITTEN["checkout"],
            "token": {**WRITTEN["checkout"]["token"], "minted": None},
            "step": "authorized",
            "flow": "purchase",
            "in_store": False,
            "account_number": "010000001",
            "request_id": None,
            "verification_code": None,
            "authorization_id": "7",
            "capture_id": None,
            "old_widget": False,
            "elapsed": 0.0,
            "expired": False,
        },
    } == json.loads(encode_checkout(state, KEY))


def test_missing_fields_have_defaults() -> None:
    """A record without later fields is still decoded."""
    assert decode_checkout(json.dumps(WRITTEN), KEY) == STATE


def test_a_new_checkout_is_open() -> None:
    """A new checkout is open and has no widget session."""
    state = CheckoutState("r", "order-1", STATE.token, Sharing.SHARED)

    assert (Step.OPEN, None, None) == (state.step, state.session_id, state.flow)


@given(st.text() | states().map(lambda state: encode_checkout(state, "another")))
def test_a_text_of_another_key_is_unreadable(payload: str) -> None:
    """A text that is not a checkout of this key is RecordUnreadable, never another exception."""
    with pytest.raises(RecordUnreadable):
        decode_checkout(payload, KEY)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("v", 3, "version 3"),
        ("v", 1, "it has version 1, this release reads version 2"),
        ("v", "1", "not a checkout"),
        ("key", "another", "another key"),
        ("checkout", None, "not a checkout"),
        ("checkout.step", "paid", "not a checkout"),
        ("checkout.step", "authorizing", "not a checkout"),
        ("checkout.idempotency_key", None, "not a checkout"),
        ("checkout.sharing", None, "not a checkout"),
        ("checkout.token", None, "not a checkout"),
        ("checkout.token.remaining", -1, "no valid remaining life"),
        ("checkout.token.remaining", 1200.5, "no valid remaining life"),
    ],
)
def test_unreadable_checkouts(path: str, value: object, problem: str) -> None:
    """
    Another version, another key and impossible values are unreadable; the error has the reason and
    no secret.
    """
    wire: dict[str, Any] = json.loads(encode_checkout(STATE, KEY))
    at = wire
    *outer, last = path.split(".")
    for name in outer:
        at = at[name]
    at[last] = value
    with pytest.raises(RecordUnreadable) as caught:
        decode_checkout(json.dumps(wire), KEY)

    assert problem in str(caught.value)
    assert [] == sightings(caught.value, CANARY)


@pytest.mark.parametrize("payload", ["[" * 100_000, "\ud800", CANARY, f'{{"a":"{CANARY}"}}'])
def test_hostile_texts(payload: str) -> None:
    """Texts that are too deep, not encodable or foreign are unreadable and not shown."""
    with pytest.raises(RecordUnreadable, match="not a checkout") as caught:
        decode_checkout(payload, KEY)

    assert [] == sightings(caught.value, CANARY)


def test_repr_has_no_token() -> None:
    """The repr of a checkout shows neither the token, nor the code, nor the account."""
    state = evolve(STATE, account_number=CANARY, verification_code=Secret(CANARY))

    assert CANARY not in repr(state)
