"""widget/init, the request: the start page's body, with each value's place and type."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from flexiti_async.api.common import AccountType, Language, Province
from flexiti_async.api.widget import (
    AccountTypePlace,
    ApplyWidget,
    Flow,
    PurchaseWidget,
    init_widget,
)
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.json_codec import encode
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

SAMPLES = Path(__file__).parent.parent / "samples"
WHO = "customer_identification"
PERSON = f"{WHO}.personal_information"
JOHN: dict[str, Any] = {
    "first_name": "John",
    "last_name": "Smith",
    "dob": "1988-07-24",
    "postal_code": "m1m1m1",
}
APPLICANT: dict[str, Any] = {
    **JOHN,
    "email": "john@email.com",
    "phone_number": 1231231234,
    "address_1": "Fake 445",
    "city": "Toronto",
    "province": "ON",
    "tos_agreement": True,
}


def sample(name: str) -> dict[str, Any]:
    """Read an example of the start page."""
    body: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return body


def sent(
    widget: ApplyWidget | PurchaseWidget, place: AccountTypePlace = AccountTypePlace.OMITTED
) -> dict[str, Any]:
    """Return the JSON body as sent."""
    call = init_widget(widget, account_type_place=place)
    body: dict[str, Any] = json.loads(encode(call.body))
    return body


def at(body: dict[str, Any], path: str) -> object:
    """Return the value at a dotted path of a body, None if it is missing."""
    value: Any = body
    for name in path.split("."):
        value = value.get(name)
        if value is None:
            return None
    return value


def to_the_letter(name: str) -> bytes:
    """Return an example of the start page without the blanks between its tokens."""
    return json.dumps(sample(name), separators=(",", ":")).encode()


def test_apply_example() -> None:
    """The start page's values build its example of the apply flow, byte for byte."""
    assert to_the_letter("apply") == encode(init_widget(ApplyWidget(**APPLICANT)).body)


def test_buy_example() -> None:
    """The start page's values build its example of the buy flow, byte for byte."""
    widget = PurchaseWidget(account_number=20009100, vcc_number="1070015210367982", **JOHN)

    assert to_the_letter("buy") == encode(init_widget(widget).body)


def test_call() -> None:
    """The call is the start page's, takes a customer token, and is safe to repeat."""
    call = init_widget(PurchaseWidget(account_number=20009100))

    assert ("widget/init", "POST", "v2.5") == (call.endpoint, call.method, call.version)
    assert "client-id/{client_id}/widget/init" == call.path
    assert (Scope.CUSTOMER, Replay.SAFE) == (call.scope, call.replay)


APPLY_ROWS: list[tuple[str, object, str, object]] = [
    # field, given, place in the body, value there
    ("first_name", "x", f"{PERSON}.first_name", "x"),
    ("first_name", "x" * 80, f"{PERSON}.first_name", "x" * 80),
    ("first_name", "Zoé-Anne", f"{PERSON}.first_name", "Zoé-Anne"),
    ("last_name", "x" * 130, f"{PERSON}.last_name", "x" * 130),
    ("last_name", "O'Neil", f"{PERSON}.last_name", "O'Neil"),
    ("dob", "1988-07-24", f"{PERSON}.dob", "1988-07-24"),
    ("dob", "2000-02-29", f"{PERSON}.dob", "2000-02-29"),
    ("dob", datetime.date(1988, 7, 4), f"{PERSON}.dob", "1988-07-04"),
    ("dob", datetime.datetime(1988, 7, 24, 23, 59), f"{PERSON}.dob", "1988-07-24"),  # noqa: DTZ001
    ("postal_code", "K1A 0B1", f"{PERSON}.postal_code", "K1A0B1"),
    ("postal_code", " m1m-1m1 ", f"{PERSON}.postal_code", "m1m1m1"),
    ("lang", "en", "lang", "en"),
    ("lang", "fr", "lang", "fr"),
    ("lang", Language.FRENCH, "lang", "fr"),
    ("tos_agreement", True, "tos_agreement", True),
    ("email", "x" * 90 + "@email.com", "email", "x" * 90 + "@email.com"),
    ("email", "first.last+tag@shop.example.ca", "email", "first.last+tag@shop.example.ca"),
    ("phone_number", 1000000000, "phone_number", 1000000000),
    ("phone_number", 9999999999, "phone_number", 9999999999),
    ("phone_number", "6135550100", "phone_number", 6135550100),
    ("phone_number", "(613) 555-0100", "phone_number", 6135550100),
    ("phone_number", "613.555.0100", "phone_number", 6135550100),
    ("phone_number", " 613 555 0100 ", "phone_number", 6135550100),
    ("phone_number", "+1 613 555 0100", "phone_number", 6135550100),
    ("phone_number", "+1 (613) 555-0100", "phone_number", 6135550100),
    ("phone_number", "1-613-555-0100", "phone_number", 6135550100),
    ("phone_number", "16135550100", "phone_number", 6135550100),
    ("address_1", "x" * 250, "address_1", "x" * 250),
    ("address_2", "x" * 100, "address_2", "x" * 100),
    ("address_2", "", "address_2", None),
    ("address_2", None, "address_2", None),
    ("city", "x" * 100, "city", "x" * 100),
    ("city", "Montréal", "city", "Montréal"),
    *(("province", code, "province", code) for code in Province),
    ("province", "qc", "province", "QC"),
    ("province", " On ", "province", "ON"),
    ("account_number", 20009100, f"{WHO}.account_number", 20009100),
    ("vcc_number", "1070015210367982", f"{WHO}.vcc_number", "1070015210367982"),
]


@pytest.mark.parametrize(
    ("name", "given", "path", "expected"), APPLY_ROWS, ids=map(str, range(len(APPLY_ROWS)))
)
def test_apply_accepts(name: str, given: object, path: str, expected: object) -> None:
    """The longest values that the table allows are sent, in their place and JSON type."""
    fields: dict[str, Any] = {**APPLICANT, name: given}
    value = at(sent(ApplyWidget(**fields)), path)

    assert expected == value
    assert type(value) in {str, int, bool, type(None)}
    assert isinstance(value, bool) is isinstance(expected, bool)


def test_provinces() -> None:
    """The provinces are exactly the 13 codes of the start page."""
    assert "AB BC MB NB NL NS NT NU ON PE QC SK YT" == " ".join(Province)


PURCHASE_ROWS: list[tuple[dict[str, Any], str, object]] = [
    ({"account_number": 1}, f"{WHO}.account_number", 1),
    ({"account_number": 99999999999999}, f"{WHO}.account_number", 99999999999999),
    ({"account_number": "20009100"}, f"{WHO}.account_number", 20009100),
    ({"account_number": "2000 9100"}, f"{WHO}.account_number", 20009100),
    ({"account_number": 1, "vcc_number": None}, f"{WHO}.vcc_number", None),
    ({"vcc_number": "1"}, f"{WHO}.vcc_number", "1"),
    ({"vcc_number": "0" * 16}, f"{WHO}.vcc_number", "0" * 16),
    ({"vcc_number": "1070 0152 1036 7982"}, f"{WHO}.vcc_number", "1070015210367982"),
    ({"vcc_number": "1070-0152-1036-7982"}, f"{WHO}.vcc_number", "1070015210367982"),
    ({"vcc_number": Secret("1070015210367982")}, f"{WHO}.vcc_number", "1070015210367982"),
    ({**JOHN, "first_name": "x" * 80}, f"{PERSON}.first_name", "x" * 80),
    ({**JOHN, "last_name": "x" * 130}, f"{PERSON}.last_name", "x" * 130),
    ({**JOHN, "dob": datetime.date(1988, 7, 24)}, f"{PERSON}.dob", "1988-07-24"),
    ({**JOHN, "postal_code": "H2X 1Y4"}, f"{PERSON}.postal_code", "H2X1Y4"),
    ({**JOHN, "lang": "fr"}, "lang", "fr"),
    ({"account_number": 1, "lang": Language.FRENCH}, "lang", "fr"),
    ({"account_number": 1, "lang": ""}, "lang", None),
    ({"account_number": 1, "email": "a@b.ca"}, "email", "a@b.ca"),
    ({"account_number": 1, "phone_number": "613-555-0100"}, "phone_number", 6135550100),
    ({"account_number": 1, "address_1": "Fake 445"}, "address_1", "Fake 445"),
    ({"account_number": 1, "address_2": "Apt 5"}, "address_2", "Apt 5"),
    ({"account_number": 1, "city": "Toronto"}, "city", "Toronto"),
    ({"account_number": 1, "province": "Ontario"}, "province", "ON"),
    ({"account_number": 1, "tos_agreement": True}, "tos_agreement", True),
    ({"account_number": 1, "tos_agreement": False}, "tos_agreement", False),
    ({"account_number": 1}, "tos_agreement", None),
    ({"account_number": 1}, "flow", "purchase"),
]


@pytest.mark.parametrize(
    ("fields", "path", "expected"), PURCHASE_ROWS, ids=map(str, range(len(PURCHASE_ROWS)))
)
def test_purchase_accepts(fields: dict[str, Any], path: str, expected: object) -> None:
    """The longest values that the table allows are sent, in their place and JSON type."""
    value = at(sent(PurchaseWidget(**fields)), path)

    assert expected == value
    assert type(expected) is type(value)


IDENTIFIERS: list[tuple[dict[str, Any], dict[str, object]]] = [
    ({"account_number": 5}, {"account_number": 5}),
    ({"vcc_number": "5"}, {"vcc_number": "5"}),
    (JOHN, {"personal_information": JOHN}),
    ({"account_number": 5, "vcc_number": "6"}, {"account_number": 5, "vcc_number": "6"}),
    # Beside a number any part of the person is accepted: the server decides which wins.
    (
        {"account_number": 5, "last_name": "Smith"},
        {"account_number": 5, "personal_information": {"last_name": "Smith"}},
    ),
    (
        {"vcc_number": "6", "dob": "1988-07-24"},
        {"vcc_number": "6", "personal_information": {"dob": "1988-07-24"}},
    ),
    ({"account_number": 5, "first_name": ""}, {"account_number": 5}),
    ({"account_number": "", "vcc_number": "6"}, {"vcc_number": "6"}),
]


@pytest.mark.parametrize(("fields", "expected"), IDENTIFIERS, ids=map(str, range(len(IDENTIFIERS))))
def test_one_identifier_suffices(fields: dict[str, Any], expected: dict[str, object]) -> None:
    """Any of the three identifies a customer; empty fields are not sent."""
    body = sent(PurchaseWidget(**fields))

    assert {WHO: expected, "flow": "purchase"} == body


@pytest.mark.parametrize("account_type", list(AccountType))
def test_account_type_places(account_type: AccountType) -> None:
    """The setting decides the only place of the account type."""
    widget = ApplyWidget(**APPLICANT, account_type=account_type)
    nested = sent(widget, AccountTypePlace.NESTED)
    top = sent(widget, AccountTypePlace.TOP_LEVEL)

    assert (account_type, None) == (at(nested, f"{WHO}.account_type"), at(nested, "account_type"))
    assert (None, account_type) == (at(top, f"{WHO}.account_type"), at(top, "account_type"))


def test_account_type_is_omitted_by_default() -> None:
    """Neither the start page nor the newest page has an account type."""
    assert "account_type" not in json.dumps(sent(ApplyWidget(**APPLICANT)))


def test_no_business_account_is_applied_for_as_a_consumer() -> None:
    """An account type that would not be sent is rejected, and the hint names the setting."""
    with pytest.raises(ValidationError, match="account_type_place") as caught:
        init_widget(ApplyWidget(**APPLICANT, account_type="business"))

    assert (FieldError(f"{WHO}.account_type", "invalid"),) == caught.value.field_errors


@pytest.mark.parametrize("place", AccountTypePlace)
def test_purchases_have_no_account_type(place: AccountTypePlace) -> None:
    """The setting has no effect on a purchase."""
    assert "account_type" not in json.dumps(sent(PurchaseWidget(account_number=1), place))


def test_flows() -> None:
    """Each model has its flow."""
    assert (Flow.APPLY, Flow.PURCHASE) == (ApplyWidget.flow, PurchaseWidget.flow)
    assert "apply" == sent(ApplyWidget(**APPLICANT))["flow"]


def test_reprs_show_no_personal_data() -> None:
    """Neither a request nor its call shows personal data in its repr."""
    applicant = ApplyWidget(**APPLICANT)
    buyer = PurchaseWidget(account_number=20009100, vcc_number="1070015210367982", **JOHN)
    shown = repr([applicant, buyer, init_widget(applicant), init_widget(buyer)])

    personal = {*map(str, APPLICANT.values()), "20009100", "1070015210367982"} - {"ON", "True"}

    assert [] == [value for value in personal if value in shown]
    assert "'ON'" not in shown
