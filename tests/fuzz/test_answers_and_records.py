"""Functions that read foreign input accept any input: see `properties.py`."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from flexiti_async.checkout.state import CheckoutState, Sharing, encode_checkout
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.protocol.secret import Secret
from flexiti_async.tokens.record import Claim, Failure, Record, StoredToken, encode_record

from .properties import KEY, RING, check_answer, check_pieces, check_record, check_seal

TOKEN = StoredToken("id", Secret("access"), 1200.0, 600.0)
RECORD = Record(
    KEY, TOKEN, Claim(10.0), Failure("transient", "hors service: arrêté", 5.0, 1, "print", 503, "x")
)
RECORD_TEXT = encode_record(RECORD)
CHECKOUT_TEXT = encode_checkout(CheckoutState("0" * 32, "order-1", TOKEN, Sharing.SHARED), KEY)
SEALED = RING.seal(RECORD_TEXT, name=KEY, nonce=b"n" * 12)

WORDS = st.sampled_from(
    [
        *("error", "message", "field_errors", "error_fields", "param", "msg", "value", "url"),
        *("v", "key", "token", "claim", "failure", "checkout", "lifetime", "remaining", "lease"),
        *("redirection_url", "widget_session_id", "enabled", "id", "name", KEY),
        *("promotional_purchase", "plan_id", "terms", "annual_rates", "authorizations"),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(WORDS | st.text(), inner)
)
TEXTS = JSON.map(json.dumps)  # with NaN and Infinity, which are not JSON and are sent anyway
TIMES = st.integers(0, 10**6).map(str) | st.datetimes().map(
    lambda time: time.strftime("%a, %d %b %Y %H:%M:%S GMT")
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "date", "content-type"]), st.text() | TIMES
)


def bent(text: str) -> st.SearchStrategy[str]:
    """Return a strategy of texts in which a part is replaced."""
    places = st.integers(0, len(text))
    return st.tuples(places, places, st.text(max_size=8) | LEAVES.map(json.dumps)).map(
        lambda cut: text[: min(cut[:2])] + cut[2] + text[max(cut[:2]) :]
    )


@given(st.integers(-1, 1000), HEADERS, st.binary() | TEXTS.map(str.encode))
@example(200, {}, b"[" * 100_000)
@example(200, {}, b"1" * 100_000)
@example(503, {"retry-after": "9" * 10}, b"")
@example(409, {"retry-after": "9" * 10_000}, b'{"field_errors": [{"value": 1e999}]}')
def test_any_answer_is_a_value_or_a_typed_error(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    """`read_answer` is total: status, headers and body may be anything."""
    check_answer(HttpResponse(status, headers, body))


@given(st.text() | TEXTS | bent(RECORD_TEXT) | bent(CHECKOUT_TEXT))
@example('{"new": ' + "[" * 100_000)
@example(RECORD_TEXT)
@example(CHECKOUT_TEXT)
def test_any_payload_is_an_error_or_a_record(payload: str) -> None:
    """A payload from a store is exactly what would be written, or raises one typed error."""
    check_record(payload)


@given((st.text() | bent(SEALED)).filter(lambda payload: payload != SEALED))
def test_a_forged_text_is_not_opened(payload: str) -> None:
    """Every change of a sealed text is detected."""
    check_seal(payload)


@given(st.text(), st.text(), st.binary(min_size=12, max_size=12))
def test_a_sealed_text_is_opened(text: str, name: str, nonce: bytes) -> None:
    """Any text under any name can be sealed and opened again."""
    assert text == RING.open(RING.seal(text, name=name, nonce=nonce), name=name)


LINES = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Go on\r\n", b"HTTP/1.0 200 OK\r\n", b"\r\n"),
        *(b"Content-Length: 2\r\n", b"Transfer-Encoding: chunked\r\n", b"2\r\n{}\r\n", b"0\r\n"),
        *(b"Content-Encoding: gzip\r\n", b"Connection: close\r\n", b"{}", b"X: y\r\n", b"\n"),
    ]
)


@given(pieces=st.lists(LINES | st.binary()), closes=st.booleans())
def test_any_bytes_are_an_answer_or_a_problem(pieces: list[bytes], *, closes: bool) -> None:
    """The reader of the engine httptools accepts anything, and keeps nothing after its outcome."""
    check_pieces(pieces, closes=closes)
