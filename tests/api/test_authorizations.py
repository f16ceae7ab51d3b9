"""authorization: requests, rejected data and lenient answers."""

from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.api.authorizations import (
    Authorization,
    AuthorizationStatus,
    authorize,
    get_authorization,
)
from flexiti_async.api.captures import Capture
from flexiti_async.api.common import Language
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase, PurchaseType
from flexiti_async.api.sku_data import Product, SkuData
from flexiti_async.errors import FieldError
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.response import HttpResponse, read_answer
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings
from .wire import SESSION, answered, codes, error_kind, rejected, sample, sent

FINANCING = "financing_option"
CARD = "1070015210367982"
ONLINE: dict[str, Any] = {
    "account_number": 10000001,
    "amount": "300.50",
    "transaction_type": "promotional_purchase",
    "plan_id": 101,
    "term": 12,
    "auto_capture": False,
    "reference": "order-4711",
    "widget_session_id": SESSION,
    "sku_data": SkuData(
        purchase_order="PO-1",
        shipping_total="10.00",
        register_id="web",
        transaction_discount_total=Decimal("5.25"),
        transaction_subtotal=260,
        transaction_total="300.50",
        gst_hst=13,
        pst="22.75",
        products=[
            Product(
                sku_id="S-1",
                category="sofas",
                description="A red sofa",
                quantity=2,
                unit_price=130,
                extended_price="260.00",
            )
        ],
    ),
}
IN_STORE: dict[str, Any] = {
    "account_number": "10000001",
    "vcc_number": "1070 0152 1036 7982",
    "amount": 300,
    "transaction_type": PurchaseType.REGULAR,
    "auto_capture": True,
    "verification_code": "1234",
    "request_id": "request-1",
    "external_location_id": "store-7",
    "external_employee_id": "e-42",
}
AUTHORIZE = authorize(OnlinePurchase(**ONLINE))


def online(**changes: Any) -> OnlinePurchase:
    """Build a variant of the online purchase."""
    given: dict[str, Any] = {**ONLINE, **changes}
    return OnlinePurchase(**given)


def in_store(**changes: Any) -> InStorePurchase:
    """Build a variant of the in-store purchase."""
    given: dict[str, Any] = {**IN_STORE, **changes}
    return InStorePurchase(**given)


def test_online() -> None:
    """An online purchase has a widget session, no code, and a customer token."""
    assert sample("authorization_online") == sent(AUTHORIZE)
    assert (Scope.CUSTOMER, Replay.NEVER) == (AUTHORIZE.scope, AUTHORIZE.replay)


def test_in_store() -> None:
    """An in-store purchase has a code instead, and a merchant token."""
    call = authorize(InStorePurchase(**IN_STORE), lang="fr")

    assert sample("authorization_in_store") == sent(call)
    assert (Scope.MERCHANT, Replay.NEVER) == (call.scope, call.replay)


def test_by_id() -> None:
    """A lookup has the number in its path, and is safe to repeat."""
    call = get_authorization(12343)

    assert sample("authorization_by_id") == sent(call)
    assert (Scope.MERCHANT, Replay.SAFE) == (call.scope, call.replay)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (AUTHORIZE, "v2.5.1"),
        (AUTHORIZE.at_version("v2.5"), "v2.5"),
        (get_authorization(1), "v2.5.1"),
        (get_authorization(1).at_version("v2.6"), "v2.6"),
    ],
    ids=map(str, range(4)),
)
def test_version(call: Call[object], expected: str) -> None:
    """The version is the documented one, unless the caller chooses another."""
    assert expected == call.version
    assert (expected in {"v2.5", "v2.6"}) == call.fixed_version


BOTH_ROWS: list[tuple[str, str, object, str, str | None]] = [
    # field, param, given, msg, masked value
    ("account_number", "account_number", None, "required", None),
    ("account_number", "account_number", "", "required", "0 characters"),
    ("account_number", "account_number", 10**14, "length", "number of 15 digits"),
    ("account_number", "account_number", "1O", "wrong format", "2 characters"),
    ("amount", "amount", None, "required", None),
    ("amount", "amount", 1.5, "wrong format", "float"),
    ("amount", "amount", "1.234", "wrong format", "Decimal"),
    ("amount", "amount", 0, "invalid", "Decimal"),
    ("amount", "amount", "-1", "invalid", "Decimal"),
    ("amount", "amount", 10**16, "length", "Decimal"),
    ("amount", "amount", Decimal("NaN"), "wrong format", "Decimal"),
    ("transaction_type", f"{FINANCING}.transaction_type", None, "required", None),
    ("transaction_type", f"{FINANCING}.transaction_type", "deposit", "invalid", "7 characters"),
    ("auto_capture", "auto_capture", None, "required", None),
    ("auto_capture", "auto_capture", "false", "wrong format", "5 characters"),
    ("auto_capture", "auto_capture", 0, "wrong format", "number of 1 digit"),
    ("plan_id", f"{FINANCING}.plan_id", 1000, "length", "number of 4 digits"),
    ("plan_id", f"{FINANCING}.plan_id", 0, "invalid", "number of 1 digit"),
    ("plan_id", f"{FINANCING}.plan_id", "x", "wrong format", "1 character"),
    ("term", f"{FINANCING}.term", 1000, "length", "number of 4 digits"),
    ("term", f"{FINANCING}.term", 1.5, "wrong format", "float"),
    ("vcc_number", "vcc_number", "1" * 17, "length", "secret"),
    ("vcc_number", "vcc_number", "x", "wrong format", "secret"),
    ("reference", "reference", "x" * 41, "length", "41 characters"),
    ("reference", "reference", 47.11, "wrong format", "float"),
    ("sku_data", "sku_data", {"pst": 1}, "wrong format", "dict"),
]
ONLINE_ROWS: list[tuple[str, str, object, str, str | None]] = [
    *BOTH_ROWS,
    ("widget_session_id", "widget_session_id", None, "required", None),
    ("widget_session_id", "widget_session_id", " ", "required", "0 characters"),
    ("widget_session_id", "widget_session_id", 5, "wrong format", "number of 1 digit"),
]
IN_STORE_ROWS: list[tuple[str, str, object, str, str | None]] = [
    *BOTH_ROWS,
    *(
        (name, name, None, "required", None)
        for name in (
            "verification_code",
            "request_id",
            "external_location_id",
            "external_employee_id",
        )
    ),
    ("verification_code", "verification_code", True, "wrong format", "true"),
    ("verification_code", "verification_code", -1, "invalid", "number of 1 digit"),
    ("verification_code", "verification_code", "12\n34", "invalid", "5 characters"),
    ("request_id", "request_id", "x" * 151, "length", "151 characters"),
    ("external_location_id", "external_location_id", 7.0, "wrong format", "float"),
    (
        *("external_location_id", "external_location_id", "x" * 1_000_001),
        *("length", "1000001 characters"),
    ),
    ("external_employee_id", "external_employee_id", "", "required", "0 characters"),
]


@pytest.mark.parametrize(
    ("name", "param", "given", "msg", "shown"), ONLINE_ROWS, ids=map(str, range(len(ONLINE_ROWS)))
)
def test_online_rejects(name: str, param: str, given: object, msg: str, shown: str | None) -> None:
    """Each invalid value is exactly one field error, with the parameter's dotted name."""
    field_errors = rejected(OnlinePurchase, {**ONLINE, name: given})

    assert (FieldError(param, msg, shown),) == field_errors


def test_a_text_without_a_documented_limit() -> None:
    """A million characters are sent; more, refused below, are a mistake."""
    purchase = in_store(external_location_id="x" * 1_000_000)

    assert 1_000_000 == len(purchase.external_location_id)


@pytest.mark.parametrize(
    ("name", "param", "given", "msg", "shown"),
    IN_STORE_ROWS,
    ids=map(str, range(len(IN_STORE_ROWS))),
)
def test_in_store_rejects(
    name: str, param: str, given: object, msg: str, shown: str | None
) -> None:
    """Each invalid value is exactly one field error, with the parameter's dotted name."""
    field_errors = rejected(InStorePurchase, {**IN_STORE, name: given})

    assert (FieldError(param, msg, shown),) == field_errors


@pytest.mark.parametrize("plan_id", [None, ""])
def test_a_promotional_purchase_needs_a_plan(plan_id: object) -> None:
    """The plan is required for a promotional purchase, and only for it."""
    field_errors = rejected(OnlinePurchase, {**ONLINE, "plan_id": plan_id})
    regular = online(transaction_type="regular_purchase", plan_id=None)

    assert (FieldError(f"{FINANCING}.plan_id", "required"),) == field_errors
    assert regular.plan_id is None


def test_the_longest_of_everything() -> None:
    """The longest valid values are sent."""
    purchase = in_store(
        account_number=10**14 - 1,
        amount="9999999999999999.99",
        plan_id=999,
        term=999,
        reference="x" * 40,
        request_id="x" * 150,
    )
    body = sent(authorize(purchase))["body"]

    assert (10**14 - 1, Decimal("9999999999999999.99")) == (body["account_number"], body["amount"])
    assert {"transaction_type": "regular_purchase", "plan_id": 999, "term": 999} == body[FINANCING]
    assert ("x" * 40, "x" * 150) == (body["reference"], body["request_id"])


def test_a_code_is_for_stores_and_a_widget_session_is_not() -> None:
    """Neither channel accepts the fields of the other."""
    with pytest.raises(TypeError, match="OnlinePurchase has no field 'verification_code'"):
        online(verification_code=1234)
    with pytest.raises(TypeError, match="InStorePurchase has no field 'widget_session_id'"):
        in_store(widget_session_id=SESSION)


@pytest.mark.parametrize(
    ("code", "expected"),
    [(1234, 1234), ("1234", 1234), (" 1234 ", 1234), ("0123", "0123"), ("0", "0"), ("A1", "A1")],
    ids=map(str, range(6)),
)
def test_verification_code(code: int | str, expected: int | str) -> None:
    """A code is sent as a number, unless it has a leading zero."""
    body = sent(authorize(in_store(verification_code=code)))["body"]

    assert expected == body["verification_code"]


def test_nothing_personal_is_shown() -> None:
    """Neither a purchase nor its call shows the account, the card, the session or the code."""
    purchases = (online(vcc_number=Secret(CARD)), in_store(verification_code=987654))
    shown = f"{purchases} {[authorize(purchase) for purchase in purchases]}"

    assert not [c for c in ("10000001", CARD, SESSION, "987654") if c in shown]


def test_errors_show_nothing_personal() -> None:
    """An error shows no account, card or code, not even in its frames."""
    with pytest.raises(ValueError, match="amount: required") as caught:
        in_store(amount=None, verification_code=987654)

    assert [] == sightings(caught.value, "10000001", CARD, "987654")


@pytest.mark.parametrize(
    ("given", "field_errors"),
    [
        ({"authorization_id": ""}, [("authorizationId", "required", "0 characters")]),
        ({"authorization_id": None}, [("authorizationId", "required", None)]),
        ({"authorization_id": "1/2"}, [("authorizationId", "wrong format", "3 characters")]),
        ({"authorization_id": ".."}, [("authorizationId", "wrong format", "2 characters")]),
        ({"authorization_id": 10**16}, [("authorizationId", "length", "17 characters")]),
        ({"authorization_id": True}, [("authorizationId", "wrong format", "true")]),
        ({"authorization_id": 1, "lang": "de"}, [("lang", "invalid", "2 characters")]),
    ],
    ids=map(str, range(7)),
)
def test_by_id_rejects(
    given: dict[str, Any], field_errors: list[tuple[str, str, str | None]]
) -> None:
    """An invalid authorization number gets into no path."""
    assert tuple(FieldError(*error) for error in field_errors) == rejected(get_authorization, given)


@pytest.mark.parametrize("lang", ["de", "english", ""])
def test_languages_are_two(lang: str) -> None:
    """The language of the answer is English or French."""
    given = {"purchase": OnlinePurchase(**ONLINE), "lang": lang}

    assert ["lang"] == [error.param for error in rejected(authorize, given)]
    assert {"lang": "fr"} == authorize(OnlinePurchase(**ONLINE), lang=Language.FRENCH).query


CODES = codes("""
404 not_found NotFound
404 customer_identity_not_found CustomerNotIdentified
409 invalid_role InvalidRole
409 credit_exceeded CreditExceeded
409 not_permitted NotPermitted
409 general_error GeneralError
409 auth_not_allowed NotPermitted
409 plan_term_not_set PlanNotAvailable
409 plan_term_not_available PlanNotAvailable
409 user_not_able_to_purchase AccountNotUsable
409 not_verified NotVerified
409 external_location_id_not_found LocationNotFound
409 account_type_not_permitted NotPermitted
409 vcc_account_mismatch CardAccountMismatch
409 wrong_inputs WrongInputs
409 a_code_of_tomorrow Conflict
404 a_code_of_tomorrow NotFound
""")


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
def test_codes(status: int, code: str, kind: str) -> None:
    """Each documented code has its class, and an unknown one the class of its status."""
    assert kind == error_kind(AUTHORIZE, status, code)


def test_answer_of_today() -> None:
    """Named fields are attributes, implied ones properties, and the rest is kept."""
    body = {
        "message": "Approved",
        "annual_rates": {"rate": 0},
        "authorization_id": 12343,
        "capture_id": "678",
        "authorization_status": "opened",
        "tomorrow": [1],
    }
    result = answered(AUTHORIZE, body)

    assert ("Approved", {"rate": 0}, None) == (result.message, result.annual_rates, result.apr)
    assert ("12343", "678") == (result.authorization_id, result.capture_id)
    assert AuthorizationStatus.OPENED is result.authorization_status
    assert [1] == result.extra["tomorrow"]
    assert "tomorrow" not in repr(result)


def test_answer_of_before() -> None:
    """v2.5 answers `apr`, which is kept exactly."""
    result = read_answer(AUTHORIZE, HttpResponse(200, {}, b'{"apr": 0.28990}'), "ref-1")

    assert isinstance(result, Authorization)
    assert "0.28990" == str(result.apr)


@pytest.mark.parametrize(
    ("body", "authorization_id", "status"),
    [
        ({}, None, None),
        ({"id": 5}, "5", None),
        ({"authorizationId": "0012", "authorizationStatus": "on fire"}, "0012", "on fire"),
        ({"authorization_id": "", "authorizationId": 7}, "7", None),
        ({"authorization_id": True, "authorization_status": 5}, None, "5"),
        ({"authorization_id": {"a": 1}, "authorization_status": ["x"]}, None, None),
        ({"authorization_id": None, "annual_rates": [1], "apr": "x"}, None, None),
    ],
    ids=map(str, range(7)),
)
def test_what_is_implied_never_fails(
    body: object, authorization_id: str | None, status: str | None
) -> None:
    """The answer is read with any value in an implied field: the credit is reserved."""
    result = answered(AUTHORIZE, body)

    assert (authorization_id, status) == (result.authorization_id, result.authorization_status)


def test_the_repr_shows_numbers_only() -> None:
    """The repr of an answer has its numbers, and no personal data."""
    made = Authorization(message="Ada!", extra={"authorization_id": 12, "first_name": "Ada"})
    taken = Capture(message="Ada!", extra={"capture_id": 7, "first_name": "Ada"})

    assert "authorization_id='12'" in repr(made)
    assert "capture_id='7'" in repr(taken)
    assert "Ada" not in f"{made!r}{taken!r}"
