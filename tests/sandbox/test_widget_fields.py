"""widget/init: the table of the start page, each row accepted and refused (spec section 4.1)."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from flexiti_async.sandbox import Sandbox
from tests.sandbox.conftest import (
    APPLY,
    BUY,
    CUSTOMER,
    PERSON,
    PROVINCES,
    PURCHASE,
    Answer,
    Api,
    Body,
    changed,
    without,
)

PERSONAL = [f"{PERSON}.{name}" for name in ("first_name", "last_name", "dob", "postal_code")]
ONLY_APPLY = ["tos_agreement", "email", "phone_number", "address_1", "city", "province"]
OPTIONAL = {
    "lang": "fr",
    "address_2": "Unit 5",
    "account_type": "business",
    f"{CUSTOMER}.account_type": "business",
    f"{CUSTOMER}.account_number": 20009100,
    f"{CUSTOMER}.vcc_number": "1070015210367982",
}
TODAY = datetime.fromtimestamp(time.time(), UTC).date()


async def init(api: Api, body: object) -> Answer:
    """Call widget/init with a customer token."""
    return await api.call("widget/init", await api.access_token(), body)


def by_person(**changes: object) -> Body:
    """Build a purchase that contains only the person."""
    body: Body = without(without(BUY, f"{CUSTOMER}.account_number"), f"{CUSTOMER}.vcc_number")
    for name, value in changes.items():
        body = changed(body, f"{CUSTOMER}.{name}", value)
    return body


ACCEPTED: list[tuple[str, object]] = [
    ("flow", "purchase"),
    (f"{CUSTOMER}.account_number", 1),
    (f"{CUSTOMER}.account_number", 99_999_999_999_999),
    (f"{CUSTOMER}.vcc_number", "0" * 16),
    (f"{CUSTOMER}.vcc_number", "1"),
    (f"{CUSTOMER}.vcc_number", ""),
    (f"{PERSON}.first_name", "x" * 80),
    (f"{PERSON}.first_name", "Zoé"),
    (f"{PERSON}.last_name", "x" * 130),
    (f"{PERSON}.dob", TODAY.isoformat()),
    (f"{PERSON}.dob", "2000-02-29"),
    (f"{PERSON}.postal_code", "x" * 10),
    (f"{PERSON}.postal_code", "m1m 1m1"),
    (f"{CUSTOMER}.account_type", "business"),
    (f"{CUSTOMER}.account_type", "consumer"),
    ("account_type", "business"),
    ("account_type", "consumer"),
    ("lang", "en"),
    ("lang", "fr"),
    ("email", "a@b.c"),
    ("email", "x" * 94 + "@ab.ca"),
    ("email", "first.last+tag@shop.example.ca"),
    ("phone_number", 1_000_000_000),
    ("phone_number", 9_999_999_999),
    ("address_1", "x" * 250),
    ("address_2", "x" * 100),
    ("address_2", ""),
    ("city", "Montréal"),
    ("city", "x" * 100),
    *(("province", code) for code in PROVINCES),
]

REFUSED: list[tuple[str, object, str]] = [
    ("flow", "Apply", "invalid"),
    ("flow", "buy", "invalid"),
    ("flow", 1, "wrong format"),
    ("flow", ["apply"], "wrong format"),
    (f"{CUSTOMER}.account_number", "10000001", "wrong format"),
    (f"{CUSTOMER}.account_number", 1.0, "wrong format"),
    (f"{CUSTOMER}.account_number", True, "wrong format"),
    (f"{CUSTOMER}.account_number", None, "wrong format"),
    (f"{CUSTOMER}.account_number", {}, "wrong format"),
    (f"{CUSTOMER}.account_number", 0, "invalid"),
    (f"{CUSTOMER}.account_number", -1, "invalid"),
    (f"{CUSTOMER}.account_number", 100_000_000_000_000, "length"),
    (f"{CUSTOMER}.vcc_number", "0" * 17, "length"),
    (f"{CUSTOMER}.vcc_number", "107001521036798x", "wrong format"),
    (f"{CUSTOMER}.vcc_number", "1070 0152", "wrong format"),
    (f"{CUSTOMER}.vcc_number", "١٢٣٤", "wrong format"),
    (f"{CUSTOMER}.vcc_number", "123\n", "wrong format"),
    (f"{CUSTOMER}.vcc_number", 1070015210367982, "wrong format"),
    (f"{CUSTOMER}.vcc_number", None, "wrong format"),
    (f"{PERSON}.first_name", "x" * 81, "length"),
    (f"{PERSON}.first_name", 5, "wrong format"),
    (f"{PERSON}.last_name", "x" * 131, "length"),
    (f"{PERSON}.last_name", ["x"], "wrong format"),
    (f"{PERSON}.dob", (TODAY + timedelta(days=2)).isoformat(), "invalid"),
    (f"{PERSON}.dob", "1988-02-30", "invalid"),
    (f"{PERSON}.dob", "1900-02-29", "invalid"),
    (f"{PERSON}.dob", "1988-13-01", "invalid"),
    (f"{PERSON}.dob", "0000-01-01", "invalid"),
    (f"{PERSON}.dob", "24-07-1988", "wrong format"),
    (f"{PERSON}.dob", "1988/07/24", "wrong format"),
    (f"{PERSON}.dob", "19880724", "wrong format"),
    (f"{PERSON}.dob", "1988-7-24", "wrong format"),
    (f"{PERSON}.dob", "１９８８-07-24", "wrong format"),
    (f"{PERSON}.dob", "1988-07-244", "length"),
    (f"{PERSON}.dob", 880724, "wrong format"),
    (f"{PERSON}.postal_code", "x" * 11, "length"),
    (f"{CUSTOMER}.account_type", "Business", "invalid"),
    (f"{CUSTOMER}.account_type", None, "wrong format"),
    ("account_type", "personal", "invalid"),
    ("account_type", 1, "wrong format"),
    ("lang", "EN", "invalid"),
    ("lang", "en-CA", "invalid"),
    ("lang", "", "invalid"),
    ("lang", None, "wrong format"),
    ("tos_agreement", False, "invalid"),
    ("tos_agreement", "true", "wrong format"),
    ("tos_agreement", 1, "wrong format"),
    ("email", "john", "invalid"),
    ("email", "john@email", "invalid"),
    ("email", "@email.com", "invalid"),
    ("email", "john@@email.com", "invalid"),
    ("email", "john smith@email.com", "invalid"),
    ("email", "john@email..com", "invalid"),
    ("email", "john@email.com\n", "invalid"),
    ("email", "x" * 95 + "@ab.ca", "length"),
    ("email", 1, "wrong format"),
    ("phone_number", "1231231234", "wrong format"),
    ("phone_number", 1231231234.0, "wrong format"),
    ("phone_number", True, "wrong format"),
    ("phone_number", 999_999_999, "length"),
    ("phone_number", 10_000_000_000, "length"),
    ("phone_number", -1231231234, "invalid"),
    ("address_1", "x" * 251, "length"),
    ("address_1", 445, "wrong format"),
    ("address_2", "x" * 101, "length"),
    ("address_2", None, "wrong format"),
    ("city", "x" * 101, "length"),
    ("province", "on", "invalid"),
    ("province", "ZZ", "invalid"),
    ("province", 5, "wrong format"),
    (CUSTOMER, [], "wrong format"),
    (CUSTOMER, None, "wrong format"),
    (PERSON, "John Smith", "wrong format"),
    (PERSON, None, "wrong format"),
]


@pytest.mark.parametrize("body", [APPLY, BUY, PURCHASE], ids=["apply", "buy", "purchase"])
async def test_examples_are_accepted(api: Api, body: Body) -> None:
    """The examples of the start page are accepted."""
    assert 200 == (await init(api, body)).status


@pytest.mark.parametrize(("param", "value"), ACCEPTED)
async def test_accepted_value(api: Api, param: str, value: object) -> None:
    """A value at the limit is accepted, also where it is not required."""
    full = APPLY if param != "flow" else {**APPLY, **BUY}

    assert 200 == (await init(api, changed(full, param, value))).status


@pytest.mark.parametrize(("param", "value", "msg"), REFUSED)
async def test_refused_value(api: Api, param: str, value: object, msg: str) -> None:
    """A value just beyond the limit is the only field error, with its problem and value."""
    answer = await init(api, changed(APPLY, param, value))

    assert (409, "wrong_inputs") == answer.refusal
    assert [{"param": param, "msg": msg, "value": value}] == answer.body["field_errors"]


@pytest.mark.parametrize(
    ("param", "value", "msg"),
    [row for row in REFUSED if row[0] in {"email", "province", "phone_number"}],
)
async def test_refused_value_in_a_purchase(api: Api, param: str, value: object, msg: str) -> None:
    """A field that a purchase does not need must still be valid if present."""
    assert [(param, msg)] == (await init(api, changed(PURCHASE, param, value))).field_errors


@pytest.mark.parametrize("empty", ["absent", None, ""])
@pytest.mark.parametrize("param", ["flow", *ONLY_APPLY, *PERSONAL])
async def test_required_for_an_application(api: Api, param: str, empty: str | None) -> None:
    """Each field that an application requires is reported if missing."""
    body = without(APPLY, param) if empty == "absent" else changed(APPLY, param, empty)
    answer = await init(api, body)

    assert (409, "wrong_inputs") == answer.refusal
    assert [(param, "required")] == answer.field_errors


@pytest.mark.parametrize("group", [CUSTOMER, PERSON])
async def test_application_without_a_group(api: Api, group: str) -> None:
    """A missing group is reported field by field."""
    assert [(param, "required") for param in PERSONAL] == (
        await init(api, without(APPLY, group))
    ).field_errors


@pytest.mark.parametrize("param", OPTIONAL)
async def test_optional_for_an_application(api: Api, param: str) -> None:
    """Each of the other fields is optional."""
    full = APPLY
    for name, value in OPTIONAL.items():
        full = changed(full, name, value)

    assert 200 == (await init(api, full)).status
    assert 200 == (await init(api, without(full, param))).status


@pytest.mark.parametrize(
    "identification",
    [
        {"account_number": 20009100},
        {"vcc_number": "1070015210367982"},
        BUY[CUSTOMER],
        {"account_number": 20009100, "vcc_number": "", "personal_information": {}},
        {"account_number": 20009100, "personal_information": {"first_name": "John"}},
        {"vcc_number": "1070015210367982", "personal_information": {"last_name": "Smith"}},
    ],
)
async def test_identified_purchase(api: Api, identification: Body) -> None:
    """One number is enough, with any other valid fields."""
    body = {"flow": "purchase", CUSTOMER: identification}

    assert 200 == (await init(api, body)).status


async def test_purchase_by_person(api: Api) -> None:
    """A person with all four fields is enough, also with empty numbers."""
    assert 200 == (await init(api, by_person())).status
    assert 200 == (await init(api, by_person(vcc_number=""))).status


@pytest.mark.parametrize("param", PERSONAL)
async def test_purchase_by_an_incomplete_person(api: Api, param: str) -> None:
    """Without a number, each missing field of the four is reported, but no number."""
    assert [(param, "required")] == (await init(api, without(by_person(), param))).field_errors


@pytest.mark.parametrize(
    "identification", [{}, {"personal_information": {}}, {"vcc_number": ""}], ids=repr
)
async def test_unidentified_purchase(api: Api, identification: Body) -> None:
    """Without any identification, all fields that the page then requires are reported."""
    answer = await init(api, {"flow": "purchase", CUSTOMER: identification})

    missed = [f"{CUSTOMER}.account_number", f"{CUSTOMER}.vcc_number", *PERSONAL]
    assert [(param, "required") for param in missed] == answer.field_errors


async def test_purchase_may_decline_the_agreement(api: Api) -> None:
    """Only applications need the agreement; false is its default."""
    assert 200 == (await init(api, {**PURCHASE, "tos_agreement": False})).status


async def test_all_errors_together(api: Api) -> None:
    """All field errors are reported in one answer, in the order of the page."""
    body = {
        CUSTOMER: {"vcc_number": 5, "personal_information": {"first_name": "x" * 81, "dob": "x"}},
        "flow": "apply",
        "email": "x",
        "province": "XX",
        "shoe_size": 44,
    }

    assert [
        (f"{CUSTOMER}.vcc_number", "wrong format"),
        (f"{PERSON}.first_name", "length"),
        (f"{PERSON}.last_name", "required"),
        (f"{PERSON}.dob", "wrong format"),
        (f"{PERSON}.postal_code", "required"),
        ("tos_agreement", "required"),
        ("email", "invalid"),
        ("phone_number", "required"),
        ("address_1", "required"),
        ("city", "required"),
        ("province", "invalid"),
        ("shoe_size", "invalid"),
    ] == (await init(api, body)).field_errors


async def test_two_account_types_that_disagree(api: Api) -> None:
    """The field has had two places; if both are present, they must be equal."""
    nested = changed(APPLY, f"{CUSTOMER}.account_type", "business")

    assert 200 == (await init(api, {**nested, "account_type": "business"})).status
    answer = await init(api, {**nested, "account_type": "consumer"})
    assert [("account_type", "invalid")] == answer.field_errors


@pytest.mark.parametrize(
    "param",
    ["extra", "Flow", f"{CUSTOMER}.customer_id", f"{PERSON}.middle_name", "personal_information"],
)
async def test_unknown_field(api: Api, sandbox: Sandbox, param: str) -> None:
    """An unknown field is refused by name, unless a setting allows it."""
    body = changed(APPLY, param, {"x": 1})

    assert [(param, "invalid")] == (await init(api, body)).field_errors
    sandbox.allow_unknown_fields = True
    assert 200 == (await init(api, body)).status


async def test_ascii_only(api: Api, sandbox: Sandbox) -> None:
    """A setting restricts texts to ASCII characters."""
    sandbox.ascii_only = True

    assert 200 == (await init(api, APPLY)).status
    assert [("city", "wrong format")] == (
        await init(api, changed(APPLY, "city", "Montréal"))
    ).field_errors
