"""The checkout codec: a flow put down in one process and taken up in another."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.errors import RecordUnreadable
from flexiti_async.sansio.checkout_state import (
    CheckoutState,
    Sharing,
    Step,
    decode_checkout,
    encode_checkout,
)
from flexiti_async.sansio.record import StoredToken
from flexiti_async.sansio.secret import Secret

from ..canaries import sightings
from .test_record import stored_tokens, texts

KEY = "flexiti-checkout-0000"
CANARY = "canary0123456789abcdef"
STATE = CheckoutState(
    reference_id="0123456789abcdef",
    token=StoredToken("one", Secret(CANARY), lifetime=1200.0, remaining=900.0, promised=True),
    sharing=Sharing.DEDICATED,
    step=Step.WIDGET,
    session_id="session-1",
    flow="apply",
)

states = st.builds(
    CheckoutState,
    reference_id=texts,
    token=stored_tokens(),
    sharing=st.sampled_from(Sharing),
    step=st.sampled_from(Step),
    session_id=st.none() | texts,
    flow=st.none() | texts,
)


@given(states, texts)
def test_round_trip(state: CheckoutState, key: str) -> None:
    """Any checkout is read as it was written, under its own key."""
    assert state == decode_checkout(encode_checkout(state, key), key)


def test_wire_format() -> None:
    """The text is JSON of version 1: processes of two releases take up each other's checkouts."""
    assert {
        "v": 1,
        "key": KEY,
        "checkout": {
            "reference_id": "0123456789abcdef",
            "token": {
                "token_id": "one",
                "access_token": CANARY,
                "lifetime": 1200.0,
                "remaining": 900.0,
                "promised": True,
            },
            "sharing": "dedicated",
            "step": "widget",
            "session_id": "session-1",
            "flow": "apply",
        },
    } == json.loads(encode_checkout(STATE, KEY))


def test_a_new_checkout_is_open() -> None:
    """A checkout of which nothing has happened is open and knows no session."""
    state = CheckoutState("r", STATE.token, Sharing.SHARED)

    assert (Step.OPEN, None, None) == (state.step, state.session_id, state.flow)


@given(st.text() | states.map(lambda state: encode_checkout(state, "another")))
def test_any_text_is_refused_or_read(payload: str) -> None:
    """What is no checkout of this key is RecordUnreadable, never another exception."""
    with pytest.raises(RecordUnreadable):
        decode_checkout(payload, KEY)


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("v", 2, "version 2"),
        ("v", "1", "not a checkout"),
        ("key", "another", "another key"),
        ("checkout", None, "not a checkout"),
        ("checkout.step", "paid", "not a checkout"),
        ("checkout.sharing", None, "not a checkout"),
        ("checkout.token", None, "not a checkout"),
        ("checkout.token.remaining", -1, "makes no sense"),
        ("checkout.token.remaining", 1200.5, "makes no sense"),
    ],
)
def test_refused(path: str, value: object, fault: str) -> None:
    """Another version, another key and impossible values are refused by their fault, masked."""
    wire: dict[str, Any] = json.loads(encode_checkout(STATE, KEY))
    at = wire
    *outer, last = path.split(".")
    for name in outer:
        at = at[name]
    at[last] = value
    with pytest.raises(RecordUnreadable) as caught:
        decode_checkout(json.dumps(wire), KEY)

    assert fault in str(caught.value)
    assert [] == sightings(caught.value, CANARY)


@pytest.mark.parametrize("payload", ["[" * 100_000, "\ud800", CANARY, f'{{"a":"{CANARY}"}}'])
def test_hostile_texts(payload: str) -> None:
    """Texts too deep, broken or foreign are unreadable and not shown."""
    with pytest.raises(RecordUnreadable, match="not a checkout") as caught:
        decode_checkout(payload, KEY)

    assert [] == sightings(caught.value, CANARY)


def test_repr_has_no_token() -> None:
    """The repr of a checkout does not show the bearer."""
    assert CANARY not in repr(STATE)
