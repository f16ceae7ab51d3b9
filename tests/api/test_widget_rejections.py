"""widget/init, rejected data: each row of the start page's table, before anything is sent."""

from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.api.widget import ApplyWidget, PurchaseWidget
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.secret import Secret

from ..support.canaries import sightings
from .test_widget_body import APPLICANT, JOHN, PERSON, WHO

ROWS: list[tuple[str, str, object, str, str | None]] = [
    # field, param, given, msg, masked value
    *(
        (name, f"{PERSON}.{name}", given, msg, shown)
        for name, longest in (("first_name", 80), ("last_name", 130))
        for given, msg, shown in (
            ("x" * (longest + 1), "length", f"{longest + 1} characters"),
            ("a\nb", "invalid", "3 characters"),
            ("\x00", "invalid", "1 character"),
            (5, "wrong format", "number of 1 digit"),
            (b"John", "wrong format", "bytes"),
        )
    ),
    ("postal_code", f"{PERSON}.postal_code", "K1A 0B1 00000", "length", "11 characters"),
    ("postal_code", f"{PERSON}.postal_code", 5, "wrong format", "number of 1 digit"),
    ("postal_code", f"{PERSON}.postal_code", b"K1A0B1", "wrong format", "bytes"),
    ("dob", f"{PERSON}.dob", "24-07-1988", "wrong format", "10 characters"),
    ("dob", f"{PERSON}.dob", "1988/07/24", "wrong format", "10 characters"),
    ("dob", f"{PERSON}.dob", "1988-7-24", "wrong format", "9 characters"),
    ("dob", f"{PERSON}.dob", "1988-07-24T00:00:00", "wrong format", "19 characters"),
    ("dob", f"{PERSON}.dob", "1988-02-30", "invalid", "10 characters"),
    ("dob", f"{PERSON}.dob", 19880724, "wrong format", "number of 8 digits"),
]
APPLY_ROWS: list[tuple[str, str, object, str, str | None]] = [
    *ROWS,
    *(
        (name, f"{PERSON}.{name}", given, "required", shown)
        for name in JOHN
        for given, shown in ((None, None), ("", "0 characters"))
    ),
    ("first_name", f"{PERSON}.first_name", "  ", "required", "0 characters"),
    *(
        (name, name, given, "required", shown)
        for name in ("email", "phone_number", "address_1", "city", "province")
        for given, shown in ((None, None), ("", "0 characters"))
    ),
    ("email", "email", "john", "wrong format", "4 characters"),
    ("email", "email", "@email.com", "wrong format", "10 characters"),
    ("email", "email", "john@", "wrong format", "5 characters"),
    ("email", "email", "john@localhost", "wrong format", "14 characters"),
    ("email", "email", "john@email.", "wrong format", "11 characters"),
    ("email", "email", "john smith@email.com", "wrong format", "20 characters"),
    ("email", "email", "john@ema\nil.com", "wrong format", "15 characters"),
    ("email", "email", "a@b@email.com", "wrong format", "13 characters"),
    ("email", "email", "x" * 91 + "@email.com", "length", "101 characters"),
    ("email", "email", 5, "wrong format", "number of 1 digit"),
    ("phone_number", "phone_number", 999999999, "length", "number of 9 digits"),
    ("phone_number", "phone_number", 12312312345, "length", "number of 11 digits"),
    ("phone_number", "phone_number", 26135550100, "length", "number of 11 digits"),
    ("phone_number", "phone_number", 106135550100, "length", "number of 12 digits"),
    ("phone_number", "phone_number", "613555010", "length", "number of 9 digits"),
    ("phone_number", "phone_number", 0, "invalid", "number of 1 digit"),
    ("phone_number", "phone_number", -6135550100, "invalid", "number of 10 digits"),
    ("phone_number", "phone_number", "call me", "wrong format", "7 characters"),
    ("phone_number", "phone_number", "+44 20 7946 0958", "wrong format", "16 characters"),
    ("phone_number", "phone_number", 6135550100.0, "wrong format", "float"),
    ("phone_number", "phone_number", True, "wrong format", "true"),
    ("address_1", "address_1", "x" * 251, "length", "251 characters"),
    ("address_1", "address_1", "a\tb", "invalid", "3 characters"),
    ("address_1", "address_1", ["x"], "wrong format", "list"),
    ("address_2", "address_2", "x" * 101, "length", "101 characters"),
    ("address_2", "address_2", 5, "wrong format", "number of 1 digit"),
    ("city", "city", "x" * 101, "length", "101 characters"),
    ("city", "city", 5, "wrong format", "number of 1 digit"),
    ("province", "province", "XX", "invalid", "2 characters"),
    ("province", "province", "Ontari", "invalid", "6 characters"),
    ("tos_agreement", "tos_agreement", False, "invalid", "false"),
    ("tos_agreement", "tos_agreement", "true", "invalid", "4 characters"),
    ("tos_agreement", "tos_agreement", 1, "invalid", "number of 1 digit"),
    ("account_type", f"{WHO}.account_type", "private", "invalid", "7 characters"),
    ("account_type", f"{WHO}.account_type", 5, "invalid", "number of 1 digit"),
    ("lang", "lang", "de", "invalid", "2 characters"),
    ("lang", "lang", "english", "invalid", "7 characters"),
    ("lang", "lang", "de-CA", "invalid", "2 characters"),
    ("lang", "lang", 5, "invalid", "number of 1 digit"),
]
PURCHASE_ROWS: list[tuple[str, str, object, str, str | None]] = [
    *ROWS,
    ("account_number", f"{WHO}.account_number", 10**14, "length", "number of 15 digits"),
    ("account_number", f"{WHO}.account_number", "1" * 15, "length", "number of 15 digits"),
    ("account_number", f"{WHO}.account_number", "1" * 21, "wrong format", "21 characters"),
    ("account_number", f"{WHO}.account_number", -1, "invalid", "number of 1 digit"),
    ("account_number", f"{WHO}.account_number", "20OO9100", "wrong format", "8 characters"),
    ("account_number", f"{WHO}.account_number", "٣", "wrong format", "1 character"),
    ("account_number", f"{WHO}.account_number", 5.0, "wrong format", "float"),
    ("account_number", f"{WHO}.account_number", Decimal(5), "wrong format", "Decimal"),
    ("account_number", f"{WHO}.account_number", True, "wrong format", "true"),
    ("vcc_number", f"{WHO}.vcc_number", "1" * 17, "length", "secret"),
    ("vcc_number", f"{WHO}.vcc_number", "1070 0152 1036 79820", "length", "secret"),
    ("vcc_number", f"{WHO}.vcc_number", "1070O15210367982", "wrong format", "secret"),
    ("vcc_number", f"{WHO}.vcc_number", "٣", "wrong format", "secret"),
    ("vcc_number", f"{WHO}.vcc_number", Secret("x"), "wrong format", "secret"),
    ("vcc_number", f"{WHO}.vcc_number", 10**16, "length", "secret"),
    ("vcc_number", f"{WHO}.vcc_number", -1, "wrong format", "number of 1 digit"),
    ("lang", "lang", "de", "invalid", "2 characters"),
]


def rejected(model: type[ApplyWidget | PurchaseWidget], **fields: Any) -> tuple[FieldError, ...]:
    """Return the field errors of an invalid request."""
    with pytest.raises(ValidationError) as caught:
        model(**fields)
    return caught.value.field_errors


@pytest.mark.parametrize(
    ("name", "param", "given", "msg", "shown"), APPLY_ROWS, ids=map(str, range(len(APPLY_ROWS)))
)
def test_apply_rejects(name: str, param: str, given: object, msg: str, shown: str | None) -> None:
    """Each invalid value is exactly one field error, with the parameter's dotted name."""
    field_errors = rejected(ApplyWidget, **{**APPLICANT, name: given})

    assert (FieldError(param, msg, shown),) == field_errors


@pytest.mark.parametrize(
    ("name", "param", "given", "msg", "shown"),
    PURCHASE_ROWS,
    ids=map(str, range(len(PURCHASE_ROWS))),
)
def test_purchase_rejects(
    name: str, param: str, given: object, msg: str, shown: str | None
) -> None:
    """Each invalid value is exactly one field error, also beside a valid identifier."""
    good: dict[str, Any] = {"account_number": 1, "vcc_number": "1"}
    field_errors = rejected(PurchaseWidget, **{**good, name: given})

    assert (FieldError(param, msg, shown),) == field_errors


@pytest.mark.parametrize("name", [name for name in APPLICANT if name != "tos_agreement"])
def test_apply_requires(name: str) -> None:
    """A missing required parameter is reported."""
    given = {key: value for key, value in APPLICANT.items() if key != name}
    param = f"{PERSON}.{name}" if name in JOHN else name

    assert (FieldError(param, "required"),) == rejected(ApplyWidget, **given)


def test_apply_requires_the_agreement() -> None:
    """The agreement is false by default, as in the table, and must be true."""
    given = {key: value for key, value in APPLICANT.items() if key != "tos_agreement"}

    assert (FieldError("tos_agreement", "invalid", "false"),) == rejected(ApplyWidget, **given)


def test_all_problems_of_nothing() -> None:
    """An empty application reports every required parameter, all together."""
    field_errors = rejected(ApplyWidget)

    assert {
        *(FieldError(f"{PERSON}.{name}", "required") for name in JOHN),
        *(
            FieldError(name, "required")
            for name in ("email", "phone_number", "address_1", "city", "province")
        ),
        FieldError("tos_agreement", "invalid", "false"),
    } == set(field_errors)
    assert 10 == len(field_errors)


def test_problems_are_reported_together() -> None:
    """Problems of every kind are reported together, each once."""
    field_errors = rejected(
        ApplyWidget,
        **{
            **APPLICANT,
            "first_name": "x" * 81,
            "dob": "1988-02-30",
            "email": "john",
            "phone_number": None,
            "address_2": "x" * 101,
            "province": "XX",
            "tos_agreement": False,
            "account_type": "private",
            "lang": "de",
        },
    )

    assert [
        ("address_2", "length"),
        (f"{WHO}.account_type", "invalid"),
        (f"{PERSON}.dob", "invalid"),
        (f"{PERSON}.first_name", "length"),
        ("email", "wrong format"),
        ("lang", "invalid"),
        ("phone_number", "required"),
        ("province", "invalid"),
        ("tos_agreement", "invalid"),
    ] == sorted((error.param, error.msg) for error in field_errors)


ALL = {f"{PERSON}.{name}" for name in JOHN}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {WHO}),
        ({"lang": "fr"}, {WHO}),
        ({"account_number": None, "vcc_number": None}, {WHO}),
        ({"account_number": "", "first_name": " "}, {WHO}),
        ({"first_name": "John"}, ALL - {f"{PERSON}.first_name"}),
        (
            {"last_name": "Smith", "dob": "1988-07-24"},
            ALL - {f"{PERSON}.last_name", f"{PERSON}.dob"},
        ),
        ({**JOHN, "postal_code": None}, {f"{PERSON}.postal_code"}),
        ({**JOHN, "dob": None, "last_name": None}, {f"{PERSON}.dob", f"{PERSON}.last_name"}),
    ],
    ids=map(str, range(8)),
)
def test_purchase_requires_an_identifier(fields: dict[str, Any], expected: set[str]) -> None:
    """Without numbers all personal fields are required; without anything, one of the three."""
    field_errors = rejected(PurchaseWidget, **fields)

    assert {("required", param) for param in expected} == {(f.msg, f.param) for f in field_errors}
    assert len(expected) == len(field_errors)


@pytest.mark.parametrize("model", [ApplyWidget, PurchaseWidget])
def test_unknown_fields(model: type[ApplyWidget | PurchaseWidget]) -> None:
    """A misspelt parameter is rejected with the nearest one, and its value is not shown."""
    fields: dict[str, Any] = {"frist_name": "canary"}
    with pytest.raises(TypeError, match="did you mean 'first_name'") as caught:
        model(**fields)

    assert [] == sightings(caught.value, "canary")


CANARIES: dict[str, Any] = {
    "first_name": "canary\ncanary",
    "last_name": "canary" * 30,
    "dob": "canary",
    "postal_code": "canary-canary",
    "email": "canary",
    "phone_number": "canary",
    "address_1": "canary" * 50,
    "city": ["canary"],
    "province": "canary",
}


def test_no_frame_shows_an_applicant() -> None:
    """Neither the error nor any frame below the caller shows the invalid data."""
    with pytest.raises(ValidationError) as caught:
        ApplyWidget(**CANARIES)

    assert [] == sightings(caught.value, "canary", "CANARY")
    assert 10 == len(caught.value.field_errors)


@pytest.mark.parametrize(
    "fields",
    [
        {"account_number": "4111111111111111", "vcc_number": "41111111111111110"},
        {"vcc_number": 41111111111111111},
        {**JOHN, "postal_code": "4111111111111111"},
    ],
    ids=map(str, range(3)),
)
def test_no_frame_shows_a_number(fields: dict[str, Any]) -> None:
    """A card number in the wrong field is not shown either."""
    with pytest.raises(ValidationError) as caught:
        PurchaseWidget(**fields)

    assert [] == sightings(caught.value, "41111111", "Smith")
