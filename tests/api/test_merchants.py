"""merchants/login: the deprecated call, and its answer."""

import json
from collections.abc import Mapping
from typing import Literal

import pytest

from flexiti_async.api.common import Language
from flexiti_async.api.merchants import MerchantLogin, merchants_login
from flexiti_async.errors import MalformedAnswer
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.json_codec import encode
from flexiti_async.protocol.response import HttpResponse, read_answer
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

CANARY = "canary-password"
FORM_VALUES: Mapping[str, object] = {
    "salutation": [{"id": "mr"}],
    "security_qid": [{"id": 4}],
}


def read(body: object) -> object:
    """Read a successful answer."""
    answer = HttpResponse(200, {}, json.dumps(body).encode())
    return read_answer(merchants_login(), answer, "ref-1")


def test_call() -> None:
    """The call is the portal's, takes a customer token, and is safe to repeat."""
    call = merchants_login("merchant", CANARY)

    assert ("merchants/login", "POST", "v2.5") == (call.endpoint, call.method, call.version)
    assert "client-id/{client_id}/merchants/login" == call.path
    assert (Scope.CUSTOMER, Replay.SAFE) == (call.scope, call.replay)


@pytest.mark.parametrize(
    ("username", "password", "expected"),
    [
        (None, None, {}),
        ("m", None, {"merchant_username": "m"}),
        ("m", CANARY, {"merchant_username": "m", "merchant_password": CANARY}),
        ("m", Secret(CANARY), {"merchant_username": "m", "merchant_password": CANARY}),
    ],
)
def test_body(
    username: str | None, password: Secret | str | None, expected: dict[str, str]
) -> None:
    """Name and password are sent if given; later page versions require neither."""
    assert expected == json.loads(encode(merchants_login(username, password).body))


@pytest.mark.parametrize(
    ("lang", "expected"),
    [("en", "en"), ("fr", "fr"), (Language.FRENCH, "fr")],
    ids=["en", "fr", "enum"],
)
def test_language(lang: Literal["en", "fr"] | Language, expected: str) -> None:
    """The language is a query parameter."""
    assert {"lang": expected} == merchants_login(lang=lang).query


def test_language_by_default() -> None:
    """The language is English by default."""
    assert {"lang": "en"} == merchants_login().query


def test_repr_shows_no_password() -> None:
    """Neither the call nor its body shows the password."""
    call = merchants_login("merchant", CANARY)

    assert CANARY not in f"{call} {call.body}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, MerchantLogin()),
        (
            {"merchant_name": "Store", "merchant_id": "007", "form_values": FORM_VALUES},
            MerchantLogin("Store", "007", FORM_VALUES),  # type: ignore[arg-type]
        ),
        ({"merchant_id": 100200}, MerchantLogin(merchant_id="100200")),  # type: ignore[arg-type]
        ({"merchant_id": None}, MerchantLogin()),
        ({"offer_types": [1]}, MerchantLogin(extra={"offer_types": [1]})),
    ],
    ids=map(str, range(5)),
)
def test_answer(body: dict[str, object], expected: MerchantLogin) -> None:
    """The number is read in both spellings, and undocumented fields are kept as received."""
    assert expected == read(body)


def test_malformed() -> None:
    """Anything but an object is malformed; an odd field loses no other."""
    assert isinstance(read([]), MalformedAnswer)
    odd: dict[str, object] = {"merchant_id": 1.5, "form_values": []}
    assert MerchantLogin("Store", extra=odd) == read({"merchant_name": "Store", **odd})
