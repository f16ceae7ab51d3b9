"""Answers of every endpoint, one place of which is anything: a value or a typed error."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, cast

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from flexiti_async import PurchaseWidget, api
from flexiti_async.api.endpoints import NAMES, OAUTH_TOKEN
from flexiti_async.errors import ApiError, MalformedAnswer, TokenError
from flexiti_async.protocol.body import HttpResponse
from flexiti_async.protocol.call import BaseCall
from flexiti_async.protocol.oauth import Granted, read_grant
from flexiti_async.protocol.response import read_answer
from flexiti_async.protocol.token import Scope

URL: Final = "https://posapi.example/#/widget/shop/AT?lang=en&x-reference-id=r&widget_session_id=w"
FEE: Final[dict[str, Any]] = {
    "description": "Fee",
    "amount": 1.25,
    "type": "admin_monthly",
    "message": "m",
}
TERM: Final[dict[str, Any]] = {
    "term": 12,
    "term_amount": 25,
    "apr": 0.1,
    "annual_rates": [{"description": "Rate", "rate": 0, "type": "x", "message": "0 %"}],
    "fees": [FEE, FEE],
}
PLANS: Final[dict[str, Any]] = {
    "account_number": 10000001,
    "account_type": "consumer",
    "amount": 300,
    "customer": {"available_credit": 5000, "air": 0.2899, "first_name": "Ada", "last_name": "T"},
    "regular_purchase": {"term_amount": 300, "air": 0.2899, "verify": True, "fees": [FEE]},
    "promotional_purchase": [
        {"plan_id": 101, "plan_name": "A", "terms": [TERM, {**TERM, "term": 24}]},
        {"plan_id": 102, "plan_name": "B", "terms": []},
    ],
}
FOUND: Final[dict[str, Any]] = {
    "customer_id": "1234567-12345",
    "account_number": "00010000001",
    "account_status": "N",
    "tos_agreement": True,
    "credit_limit": "5000.00",
    "creation_date": "2022-01-31",
    "new": {"a": [1]},
}
ACCOUNT: Final[dict[str, Any]] = {
    "available_credit": 4200.5,
    "account_number": 10000001,
    "security_qid": {"id": "12345", "text": "Pet?"},
    "email": "a***@example.com",
    "province": "ON",
    "payment_protection": False,
    "offer_types": [{"plan_name": "A", "plan_id": 101, "term_options": [6, 12]}, {"plan_id": 102}],
}
AUTHORIZATION: Final[dict[str, Any]] = {
    "authorization_id": 7,
    "message": "ok",
    "annual_rates": {"rate": 0},
}
CAPTURE: Final[dict[str, Any]] = {"capture_id": 9, "message": "ok", "amount": "1.00"}
RETURN: Final[dict[str, Any]] = {
    "return_id": 5,
    "reference": "order-1",
    "capture_id": 9,
    "date": "2022-01-31T12:00:00Z",
    "amount": 1.5,
    "remaining_capture_amount": "2.50",
}
LICENCE: Final[dict[str, Any]] = {
    "first_name": "Ada",
    "dob": "1990-01-31",
    "province": "ON",
    "govid_number": 7,
}
LOGIN: Final[dict[str, Any]] = {
    "merchant_name": "S",
    "merchant_id": "007",
    "form_values": {"salutation": [1]},
}
PURCHASE: Final = api.OnlinePurchase(
    account_number=1,
    amount=1,
    transaction_type="regular_purchase",
    auto_capture=False,
    widget_session_id="w",
)
PAYMENT: Final = api.TransactionRequest(
    transaction_type="deposit", amount=1, verification_code=1234, account_number=1
)
ANSWERS: Final[Sequence[tuple[BaseCall[object], object]]] = [
    (api.merchants_login(), LOGIN),
    (api.init_widget(PurchaseWidget(account_number=1)), {"redirection_url": URL, "new": [1]}),
    (api.i18n(), {"a": [1]}),
    (api.terms_and_conditions(), {"a": "b"}),
    (api.information(), {"a": 1}),
    (api.read_driverslicense("@"), LICENCE),
    (api.search(first_name="A", last_name="B", dob="2000-01-01"), [FOUND, {**FOUND, "new": 1}]),
    (api.lookup(account_number=1), ACCOUNT),
    (api.apply({}), {"status": "approved", "id": 3}),
    (api.verify(1, request_id="r"), {"verification_code": 1234, "new": 1}),
    (api.calculate_interest(1, 1), PLANS),
    (api.close(1), {"a": 1}),
    (api.make_transaction(PAYMENT), {"transaction_id": 4}),
    (api.authorize(PURCHASE), AUTHORIZATION),
    (api.release(1), {"a": 1}),
    (api.capture(1, 1), CAPTURE),
    (api.return_capture(1, 2, amount=1), RETURN),
    (api.refund(1, 1), {"a": 1}),
    (api.list_authorizations(), {"authorizations": [AUTHORIZATION, {}], "total": 2, "w": []}),
    (api.get_authorization(1), AUTHORIZATION),
    (api.list_captures(), {"captures": [CAPTURE, {"id": 1}], "total": 2}),
]
TOKEN: Final[dict[str, Any]] = {
    "token_type": "bearer",
    "access_token": "a" * 40,
    "refresh_token": "r" * 40,
    "expires_in": 1200,
    "scope": "customer",
    "new": {"a": 1},
}

Place = tuple[str | int, ...]
LEAVES: Final = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["", "12.0", "0.5", "28.99%", "true", "2022-01-31", 12.0, URL])
)
ANYTHING: Final = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


def places(value: object, at: Place = ()) -> list[Place]:
    """Return the place of every value in JSON."""
    if isinstance(value, Mapping):
        inner = list(cast("Mapping[str | int, object]", value).items())
    elif isinstance(value, list):
        inner = list(enumerate(cast("list[object]", value)))
    else:
        inner = []
    return [at, *(place for key, one in inner for place in places(one, (*at, key)))]


def changed(sample: object, place: Place, value: object) -> object:
    """Return the sample with another value in one place."""
    if not place:
        return value
    answer: Any = json.loads(json.dumps(sample))  # no part is shared
    inner = answer
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return answer


def may_fail(call: BaseCall[object], place: Place) -> bool:
    """Whether a required value is there: the whole, a URL, a list of accounts, a page's items."""
    match call.endpoint:
        case "widget/init":
            return place in {(), ("redirection_url",)}
        case "customers/search":
            return len(place) <= 1
        case "authorizations" | "captures":
            return place in {(), (call.endpoint,)} or (
                len(place) == 2 and place[0] == call.endpoint
            )
        case _:
            return not place


def check_unharmed(read: object, whole: object, place: Place) -> None:
    """Check that everything beside one place is read as if it were not odd."""
    if not place:
        return
    key, inner = place[0], place[1:]
    if isinstance(whole, list):
        every, kept = cast("list[object]", whole), list(cast("list[object]", read))
        others = [one for number, one in enumerate(every) if number != key]
        if len(kept) == len(every):
            check_unharmed(kept.pop(cast("int", key)), every[cast("int", key)], inner)
        assert others == kept
    elif type(read) is type(whole) and attrs.has(type(whole)):
        for one in attrs.fields(cast("type[attrs.AttrsInstance]", type(whole))):
            before, after = getattr(whole, one.name), getattr(read, one.name)
            if one.name == "extra":
                assert {**after, key: 0} == {**before, **after, key: 0}
            elif key != one.metadata.get("flexiti_async.wire_name", one.name):
                assert before == after, one.name
            elif after is not None:
                check_unharmed(after, before, inner)


def answered(call: BaseCall[object], body: object) -> object:
    """Read an answer."""
    return read_answer(call, HttpResponse(200, {}, json.dumps(body).encode()), "ref-1")


def test_every_endpoint_has_an_answer_here() -> None:
    """The table is whole, and each answer of it is read without an odd field."""
    odd: list[str] = []
    for call, sample in ANSWERS:
        answer = HttpResponse(200, {}, json.dumps(sample).encode())
        assert not isinstance(read_answer(call, answer, "ref-1", None, odd), ApiError)

    assert {call.endpoint for call, _ in ANSWERS} | {OAUTH_TOKEN} == NAMES
    assert [] == odd


@settings(max_examples=300)
@given(st.data())
def test_an_odd_value_is_an_error_only_where_it_is_required(data: st.DataObject) -> None:
    """With any value in one place of an answer, all that is beside it is read."""
    call, sample = data.draw(st.sampled_from(ANSWERS))
    place = data.draw(st.sampled_from(places(sample)))
    read = answered(call, changed(sample, place, data.draw(ANYTHING)))

    if isinstance(read, ApiError):
        assert MalformedAnswer is type(read)
        assert may_fail(call, place), (place, read)
    elif not hasattr(call.result, "from_json") and place:
        check_unharmed(read, answered(call, sample), place)
    assert repr(read)


@given(st.sampled_from(places(TOKEN)), ANYTHING)
def test_a_token_is_lost_only_with_what_is_required_of_it(place: Place, value: object) -> None:
    """With any value in another place of the token's answer, the access token is used."""
    body = changed(TOKEN, place, value)
    answer = HttpResponse(200, {}, json.dumps(body).encode())
    read = read_grant(answer, reference_id="r", scope=Scope.CUSTOMER, refreshing=False)

    assert isinstance(read, Granted | TokenError)
    if place and place[0] in {"refresh_token", "new"}:
        assert isinstance(read, Granted)
        assert TOKEN["access_token"] == read.access_token.reveal()


ERROR: Final[dict[str, Any]] = {
    "url": "/flexiti/pos-api/x",
    "message": "Some inputs are wrong!",
    "error": "wrong_inputs",
    "field_errors": [{"param": "email", "msg": "invalid", "value": "x"}],
    "error_fields": None,
}


@given(
    st.sampled_from(places(ERROR)), ANYTHING, st.sampled_from([400, 402, 403, 404, 409, 465, 500])
)
def test_any_error_is_typed_and_keeps_its_code(place: Place, value: object, status: int) -> None:
    """An odd value in one place of an error keeps its class, and the code if that is elsewhere."""
    call, _ = ANSWERS[0]
    body = json.dumps(changed(ERROR, place, value)).encode()
    error = read_answer(call, HttpResponse(status, {}, body), "ref-1")

    assert isinstance(error, ApiError)
    assert status == error.status
    if place and place[0] != "error":
        assert "wrong_inputs" == error.code
    if place and place[0] not in {"field_errors", "error_fields"}:
        assert [("email", "invalid")] == [(one.param, one.msg) for one in error.field_errors]
    assert str(error)


def test_amounts_stay_exact_beside_an_odd_field() -> None:
    """The second reading of an answer is as exact as the first."""
    body = changed(RETURN, ("date",), ["x"])
    read = answered(api.return_capture(1, 2, amount=1), body)

    assert isinstance(read, api.Return)
    assert (Decimal("1.5"), Decimal("2.50")) == (read.amount, read.remaining_capture_amount)
