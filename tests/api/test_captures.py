"""capture, release and return: requests, rejected data and answers."""

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.api.captures import Capture, Release, capture, release
from flexiti_async.api.returns import Return, return_capture
from flexiti_async.api.sku_data import SkuData
from flexiti_async.errors import FieldError, MalformedAnswer
from flexiti_async.protocol.call import BaseCall, Replay
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings
from .wire import answered, codes, error_kind, read, rejected, sample, sent

Make = Callable[..., BaseCall[object]]
CARD = "1070015210367982"
CAPTURE: dict[str, Any] = {
    "authorization_id": 12343,
    "amount": "100.25",
    "reference": "order-4711",
    "sku_data": SkuData(purchase_order="PO-1"),
}
RELEASE: dict[str, Any] = {"authorization_id": "12343", "amount": Decimal("200.25")}
RETURN: dict[str, Any] = {
    "authorization_id": "12343",
    "capture_id": 678,
    "amount": "50.25",
    "full_return": False,
    "reference": "order-4711",
    "vcc_number": "1070 0152 1036 7982",
    "sku_data": SkuData(transaction_subtotal="-44.47", transaction_total="-50.25"),
}
ALL: Mapping[str, tuple[Make, dict[str, Any]]] = {
    "capture": (capture, CAPTURE),
    "release": (release, RELEASE),
    "return": (return_capture, RETURN),
}


@pytest.mark.parametrize("name", ALL)
def test_wire(name: str) -> None:
    """The specification's call, with a merchant token, and never repeated automatically."""
    make, given = ALL[name]
    call = make(**given)

    assert sample(name) == sent(call)
    assert (Scope.MERCHANT, Replay.NEVER) == (call.scope, call.replay)


@pytest.mark.parametrize("name", ALL)
def test_version(name: str) -> None:
    """The portal does not document the version: v2.5, or the caller's choice."""
    make, given = ALL[name]

    assert ("v2.5", False) == (make(**given).version, make(**given).fixed_version)
    assert "/v2.5.1/client-id/shop/" in sent(make(**given).at_version("v2.5.1"))["url"]


def test_minimal_calls() -> None:
    """Missing fields are not sent; a release of the whole rest has no body."""
    assert {"amount": 5} == sent(capture(1, 5))["body"]
    assert sent(release(1))["body"] is None
    assert {} == sent(release(1))["query"]
    assert {"full_return": True} == sent(return_capture(1, 2, full_return=True))["body"]
    assert {"amount": Decimal("0.01")} == sent(return_capture(1, 2, amount="0.01"))["body"]


def test_languages() -> None:
    """A capture answers in English or French; the other two have no language."""
    assert {"lang": "fr"} == capture(1, 5, lang="fr").query
    assert (FieldError("lang", "invalid", "2 characters"),) == rejected(
        capture, {**CAPTURE, "lang": "de"}
    )


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("capture", "/authorization/0012/capture"),
        ("release", "/authorization/0012/release"),
        ("return", "/authorization/0012/capture/678/return"),
    ],
)
def test_leading_zeros(name: str, path: str) -> None:
    """A number given as text keeps its leading zeros in the path."""
    make, given = ALL[name]

    assert sent(make(**{**given, "authorization_id": " 0012 "}))["url"].endswith(path)


MONEY_ROWS: list[tuple[str, object, str, str]] = [
    # param, given, msg, masked value
    ("amount", 5.0, "wrong format", "float"),
    ("amount", "5,00", "wrong format", "4 characters"),
    ("amount", "5.001", "wrong format", "Decimal"),
    ("amount", 0, "invalid", "Decimal"),
    ("amount", -5, "invalid", "Decimal"),
    ("amount", "10000000000000000", "length", "Decimal"),
]
ID_ROWS: list[tuple[str, object, str, str]] = [
    ("authorizationId", "", "required", "0 characters"),
    ("authorizationId", "x", "wrong format", "1 character"),
    ("authorizationId", "1/capture", "wrong format", "9 characters"),
    ("authorizationId", 10**16, "length", "17 characters"),
]
BODY_ROWS: list[tuple[str, object, str, str]] = [
    ("reference", "x" * 41, "length", "41 characters"),
    ("reference", 5.0, "wrong format", "float"),
    ("sku_data", {}, "wrong format", "dict"),
]
ROWS = [
    *(("capture", *row) for row in (*MONEY_ROWS, *ID_ROWS, *BODY_ROWS)),
    *(("release", *row) for row in (*MONEY_ROWS, *ID_ROWS)),
    *(("return", *row) for row in (*MONEY_ROWS, *ID_ROWS, *BODY_ROWS)),
    ("return", "captureId", "", "required", "0 characters"),
    ("return", "captureId", 10**9, "length", "10 characters"),
    ("return", "captureId", "..", "wrong format", "2 characters"),
    ("return", "vcc_number", "1" * 17, "length", "secret"),
    ("return", "vcc_number", "x", "wrong format", "secret"),
    ("return", "full_return", "yes", "wrong format", "3 characters"),
]
ARGUMENTS = {"authorizationId": "authorization_id", "captureId": "capture_id"}


@pytest.mark.parametrize(
    ("name", "param", "given", "msg", "shown"), ROWS, ids=map(str, range(len(ROWS)))
)
def test_rejects(name: str, param: str, given: object, msg: str, shown: str) -> None:
    """Each invalid value is exactly one field error, and nothing is sent."""
    make, good = ALL[name]

    field_errors = rejected(make, {**good, ARGUMENTS.get(param, param): given})

    assert (FieldError(param, msg, shown),) == field_errors


def test_capture_requires_an_amount() -> None:
    """The amount of a capture is required."""
    assert (FieldError("amount", "required"),) == rejected(capture, {**CAPTURE, "amount": None})


@pytest.mark.parametrize("full_return", [None, False])
def test_return_requires_an_amount(full_return: bool | None) -> None:
    """A return requires an amount or `full_return=True`."""
    given = {**RETURN, "amount": None, "full_return": full_return}

    assert (FieldError("amount", "required"),) == rejected(return_capture, given)


def test_problems_are_reported_together() -> None:
    """Problems of path and body are reported together."""
    given = {"authorization_id": "x", "capture_id": "y", "amount": 1.5, "reference": "x" * 41}

    assert ["authorizationId", "captureId", "amount", "reference"] == [
        error.param for error in rejected(return_capture, given)
    ]


def test_errors_show_no_card() -> None:
    """An error shows no card number, not even in its frames."""
    with pytest.raises(ValueError, match="amount: invalid") as caught:
        return_capture(1, 2, amount=-5, vcc_number=CARD)

    assert [] == sightings(caught.value, CARD)


def test_calls_show_no_card() -> None:
    """A call shows no card number, and accepts a Secret."""
    call = return_capture(1, 2, amount=5, vcc_number=Secret(CARD))

    assert CARD == sent(call)["body"]["vcc_number"]
    assert CARD not in repr(call)


BOTH = """
403 not_permitted Forbidden
404 not_found NotFound
409 general_error GeneralError
409 generic_error GeneralError
409 authorization_ended AuthorizationEnded
409 auth_amount_exceeded AmountExceeded
409 not_permitted NotPermitted
400 not_found BadRequest
409 a_code_of_tomorrow Conflict
"""
RETURNS = """
403 not_permitted Forbidden
404 not_found NotFound
409 invalid_role InvalidRole
409 general_error GeneralError
409 capture_amount_exceeded AmountExceeded
409 return_date_exceeded ReturnTooLate
409 wrong_transaction_type WrongTransactionType
409 not_permitted NotPermitted
409 external_location_id_not_found LocationNotFound
409 account_type_not_permitted NotPermitted
409 vcc_account_mismatch CardAccountMismatch
409 a_code_of_tomorrow Conflict
"""


@pytest.mark.parametrize(
    ("name", "status", "code", "kind"),
    [
        *(("capture", *row) for row in codes(BOTH)),
        *(("release", *row) for row in codes(BOTH)),
        *(("return", *row) for row in codes(RETURNS)),
    ],
)
def test_codes(name: str, status: int, code: str, kind: str) -> None:
    """Each documented code has its class, and an unknown one the class of its status."""
    make, given = ALL[name]

    assert kind == error_kind(make(**given), status, code)


def test_capture_answer() -> None:
    """The fields implied by the answer of a return are read, and all fields are kept."""
    body = {
        "message": "Captured",
        "capture_id": 678,
        "remaining_capture_amount": "100.25",
        "remaining_authorization_amount": 200,
        "tomorrow": True,
    }
    result = answered(capture(**CAPTURE), body)

    assert ("Captured", "678") == (result.message, result.capture_id)
    assert Decimal("100.25") == result.remaining_capture_amount
    assert Decimal(200) == result.remaining_authorization_amount
    assert result.extra["tomorrow"] is True
    assert "tomorrow" not in repr(result)


@pytest.mark.parametrize("odd", [None, True, "ten", "1e5", {}, [1], ""], ids=map(str, range(7)))
def test_what_is_implied_never_fails(odd: object) -> None:
    """The answer is read with any value in an implied field: the money has moved."""
    names = ("capture_id", "remaining_capture_amount", "remaining_authorization_amount")
    result = answered(capture(**CAPTURE), dict.fromkeys(names, odd))

    assert (None, None) == (
        result.remaining_capture_amount,
        result.remaining_authorization_amount,
    )
    assert dict.fromkeys(names, odd) == result.extra


@pytest.mark.parametrize("body", [{}, {"anything": [1], "message": "Released"}])
def test_release_answer(body: dict[str, object]) -> None:
    """The undocumented answer of a release is kept as received."""
    assert Release(body) == answered(release(1), body)


def test_return_answer() -> None:
    """The answer of a return has the types of its table."""
    body = {
        "return_id": 1234567890123456,
        "reference": "order-4711",
        "capture_id": "678",
        "date": "2022-01-31T12:00:00Z",
        "amount": 50.25,
        "remaining_capture_amount": "50.00",
        "remaining_authorization_amount": 200,
        "tomorrow": 1,
    }
    expected = Return(
        return_id="1234567890123456",  # type: ignore[arg-type]
        reference="order-4711",
        capture_id="678",  # type: ignore[arg-type]
        date=datetime.datetime(2022, 1, 31, 12, tzinfo=datetime.UTC),
        amount=Decimal("50.25"),
        remaining_capture_amount=Decimal("50.00"),
        remaining_authorization_amount=Decimal(200),
        extra={"tomorrow": 1},
    )

    assert expected == answered(return_capture(**RETURN), body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, Return()),
        ({"date": "yesterday"}, Return(date="yesterday")),
        ({"amount": None}, Return()),
    ],
    ids=map(str, range(3)),
)
def test_return_answer_of_other_forms(body: object, expected: Return) -> None:
    """Every field may be missing, and a date in another format is kept as text."""
    assert expected == answered(return_capture(**RETURN), body)


@pytest.mark.parametrize("odd", [{"amount": []}, {"return_id": 1.5}, {"date": 5}], ids=str)
def test_an_odd_field_of_a_return_loses_no_other(odd: dict[str, object]) -> None:
    """The call ran: what can be read of its answer is read."""
    body = {"return_id": 5, "amount": "1.00", "date": None, **odd}
    answer = answered(return_capture(**RETURN), body)

    assert odd == answer.extra
    assert ("return_id" not in odd, "amount" not in odd) == (
        "5" == answer.return_id,
        Decimal("1.00") == answer.amount,
    )


def test_malformed() -> None:
    """A malformed answer has a status that shows that the call ran."""
    error = read(return_capture(**RETURN), [])

    assert isinstance(error, MalformedAnswer)
    assert 200 == error.status


def test_a_capture_of_nothing() -> None:
    """An empty answer is accepted."""
    assert Capture() == answered(capture(**CAPTURE), {})
