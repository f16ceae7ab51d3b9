"""Properties that hold for any input: for hypothesis, and for the atheris target."""

import hashlib
from collections.abc import Sequence

import aiohttp

from flexiti_async.api.authorization_lists import list_authorizations
from flexiti_async.api.merchants import merchants_login
from flexiti_async.api.plans import calculate_interest
from flexiti_async.api.widget import PurchaseWidget, init_widget
from flexiti_async.checkout.state import decode_checkout, encode_checkout
from flexiti_async.errors import ApiError, RecordUnreadable
from flexiti_async.protocol.response import HttpResponse, read_answer
from flexiti_async.store.encryption import KeyRing, NotSealedError, key_from_bytes
from flexiti_async.tokens.record import decode_record, encode_record
from flexiti_async.transport.httptools_messages import (
    AnswerReader,
    NotHttpError,
    TooLargeError,
)

KEY = "0123456789abcdef"
RING = KeyRing([key_from_bytes(hashlib.sha256(b"k").digest())])
CALLS = (
    merchants_login(),
    init_widget(PurchaseWidget(account_number=20009100)),
    calculate_interest(1, 1),
    list_authorizations(),
)


def check_answer(answer: HttpResponse) -> None:
    """Check that an answer becomes a value of its call or a typed error, with a working repr."""
    for call in CALLS:
        value = read_answer(call, answer, "0" * 32)
        assert isinstance(value, ApiError | call.result)
        if isinstance(value, ApiError):
            assert value.status == answer.status
            assert value.retry_after is None or 0 <= value.retry_after <= 86_400
            assert value.endpoint == call.endpoint
        assert repr(value)
        assert isinstance(str(value), str)


def check_pieces(pieces: Sequence[bytes], *, closes: bool) -> None:
    """Check that pieces of bytes are one bounded answer, a typed problem, or not yet either."""
    reader = AnswerReader()
    outcome = None
    for piece in pieces:
        outcome = reader.feed(piece)
        if outcome is not None:
            break
    if outcome is None and closes:
        outcome = reader.end()
        assert outcome is not None
    if isinstance(outcome, HttpResponse):
        assert 200 <= outcome.status <= 999
        assert len(outcome.body) <= 4 * 1024 * 1024
        assert all(isinstance(value, str) for value in outcome.headers.values())
        assert isinstance(reader.feed(b"x"), NotHttpError)
    elif outcome is not None:
        assert isinstance(outcome, NotHttpError | TooLargeError | aiohttp.ClientError)
        assert not reader.keeps_connection
        assert outcome.__traceback__ is None


def check_record(payload: str) -> None:
    """Check that a payload raises the one error, or is a record that survives encoding."""
    try:
        record = decode_record(payload, KEY)
    except RecordUnreadable:
        pass
    else:
        assert record == decode_record(encode_record(record), KEY)
    try:
        checkout = decode_checkout(payload, KEY)
    except RecordUnreadable:
        pass
    else:
        assert checkout == decode_checkout(encode_checkout(checkout, KEY), KEY)


def check_seal(payload: str) -> None:
    """Check that a payload that we did not seal raises a typed error."""
    try:
        RING.open(payload, name=KEY)
    except (NotSealedError, RecordUnreadable):
        return
    msg = "a forged payload was opened"
    raise AssertionError(msg)
