"""Regressions: edge cases that failed once."""

import json
from decimal import Decimal

import pytest

from flexiti_async.api.widget import Widget
from flexiti_async.checkout.state import decode_checkout
from flexiti_async.config.parsing import problem_with_base_url
from flexiti_async.errors import RecordUnreadable, TokenError
from flexiti_async.protocol.json_codec import UnfitError, encode
from flexiti_async.protocol.oauth import Granted, read_grant
from flexiti_async.protocol.redact import mask, mask_text, mask_url, printable
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import structure
from flexiti_async.protocol.token import Scope
from flexiti_async.tokens.record import Failure, Record, decode_record, encode_record

KEY = "k"


@pytest.mark.parametrize("value", [5, None, True, []], ids=str)
def test_a_stored_token_that_is_no_text(value: object) -> None:
    """A record or checkout whose token is not a text is unreadable, not an error of msgspec's."""
    token = {"token_id": "a", "access_token": value, "lifetime": 1, "remaining": 1}
    record = {"v": 1, "key": KEY, "token": token}
    checkout = {"reference_id": "r", "idempotency_key": "k", "sharing": "shared", "token": token}
    with pytest.raises(RecordUnreadable):
        decode_record(json.dumps(record), KEY)
    with pytest.raises(RecordUnreadable):
        decode_checkout(json.dumps({"v": 2, "key": KEY, "checkout": checkout}), KEY)


def test_payloads_are_ascii() -> None:
    """Stores need no encodings: even a French message is stored as ASCII."""
    record = Record(KEY, failure=Failure("transient", "Réessayez…", 1.0, 1, "f"))

    assert encode_record(record).isascii()
    assert record == decode_record(encode_record(record), KEY)


@pytest.mark.parametrize("attempts", [-1, 2**31 + 1, -(10**400)], ids=["-1", "large", "huge"])
def test_attempts_that_cannot_be(attempts: int) -> None:
    """An impossible count makes a record unreadable, not the back-off overflow."""
    failure = {"kind": "x", "message": "", "back_off": 1, "attempts": attempts, "fingerprint": ""}
    with pytest.raises(RecordUnreadable, match="not between 0 and"):
        decode_record(json.dumps({"v": 1, "key": KEY, "failure": failure}), KEY)


@pytest.mark.parametrize("canary", ["4111111111111111", "canary.smith@example.com", "ab" * 20])
def test_nothing_telling_survives_the_cut(canary: str) -> None:
    """Texts are masked before they are cut: no half of a number or token is left at the end."""
    shown = {before: mask_text("x" * before + " " + canary) for before in range(150, 215)}

    assert {} == {before: text for before, text in shown.items() if canary[:6] in text}


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\u202e", "\u200b", "\ud800"], ids=ascii)
def test_odd_characters(odd: str) -> None:
    """Line separators, direction marks and lone surrogates are replaced."""
    assert "a?b" == printable(f"a{odd}b")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/#/widget/shop/AT/canary+x==?lang=en", "https://h/#/widget/shop/****?lang=en"),
        ("https://h/?t=canary#/widget/shop/AT?lang=en", "https://h/****"),
    ],
)
def test_masked_urls(url: str, expected: str) -> None:
    """A token may have slashes in it, and a query before the fragment is not shown."""
    assert expected == mask_url(url)


def test_a_number_that_python_does_not_write() -> None:
    """Numbers of thousands of digits have a mask too."""
    assert "number of more than 300 digits" == mask(10**5000)


@pytest.mark.parametrize(
    "url",
    ["https://h/a?", "https://h/a#", "https://h h/a", "https://h/a\nb", "https://h/\x00"],
    ids=ascii,
)
def test_base_urls_that_would_eat_the_path(url: str) -> None:
    """A base URL has no empty query or fragment, blanks or controls."""
    assert problem_with_base_url(url) is not None


def test_places_have_the_names_of_the_wire() -> None:
    """The place of a problem has the API's name of the field, not ours."""
    with pytest.raises(UnfitError) as caught:
        structure({"redirection_url": 5}, Widget)

    assert "int instead of str at $.redirection_url" == caught.value.place


@pytest.mark.parametrize("data", ["abc", {"a": 1}, 5], ids=str)
def test_lists_are_arrays(data: object) -> None:
    """A text or an object in place of an array is rejected."""
    with pytest.raises(UnfitError, match="instead of list"):
        structure(data, list[str])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), Decimal("NaN")], ids=str)
def test_no_number_becomes_null(number: object) -> None:
    """A number that JSON does not have is rejected, also as a float."""
    with pytest.raises(ValueError, match="no NaN"):
        encode({"a": [number]})


def test_secrets_of_any_text() -> None:
    """Secrets with any characters can be compared."""
    assert Secret("\udcff") == Secret("\udcff")
    assert Secret("\udcff") != Secret("x")


def test_an_empty_refresh_token_is_none() -> None:
    """A token without a refresh token is a token."""
    body = {"token_type": "bearer", "access_token": "a", "expires_in": 9, "refresh_token": ""}
    answer = HttpResponse(200, {}, json.dumps(body).encode())
    granted = read_grant(answer, reference_id="r", scope=Scope.CUSTOMER, refreshing=False)
    assert not isinstance(granted, TokenError)

    assert Granted(Secret("a"), None, 9.0) == granted
