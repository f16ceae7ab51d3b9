"""transactions: key and hash of a payment, which make the call safe to repeat."""

import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.api.transactions import (
    Transaction,
    TransactionRequest,
    TransactionType,
    context_hash,
    idempotency_key,
    make_transaction,
)
from flexiti_async.errors import FieldError
from flexiti_async.protocol.call import BaseCall, Replay
from flexiti_async.protocol.request import RequestBuilder
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings
from .wire import BASE, answered, codes, error_kind, rejected, sample, sent

CARD = "1070015210367982"
WHO = {
    "account_number": "10000001",
    "vcc_number": "1070 0152 1036 7982",
    "customer_id": "1234567-12345",
}
PAYMENT: dict[str, Any] = {
    "transaction_type": "instore_payment",
    "amount": 30,
    **WHO,
    "verification_code": "1234",
    "request_id": "request-1",
    "external_location_id": "store-7",
    "external_employee_id": "e-42",
}
REQUEST = TransactionRequest(**PAYMENT)


def paying(**changes: Any) -> TransactionRequest:
    """Build a variant of the transaction."""
    given: dict[str, Any] = {**PAYMENT, **changes}
    return TransactionRequest(**given)


def on_the_wire(
    call: BaseCall[object], client_id: str = "shop", token: str = "token"
) -> tuple[str, str, bytes]:
    """Return the two headers and the bytes of the body, as sent."""
    request = RequestBuilder(BASE, client_id).call(call, Secret(token), "ref-1")
    headers = request.headers
    return headers["x-idempotency-key"], headers["x-context-hash"], request.body or b""


def test_wire() -> None:
    """The call is the specification's, with the documented key; it is safe to repeat."""
    call = make_transaction(REQUEST, payment_id="order-1")
    request = sent(call)
    expected = sample("transactions")
    hashed = request["headers"].pop("x-context-hash")

    assert expected == request
    assert hashlib.sha256(on_the_wire(call)[2]).hexdigest() == hashed
    assert (Scope.MERCHANT, Replay.SAFE) == (call.scope, call.replay)


def test_without_a_payment_id() -> None:
    """Without a payment id the call has no key, and is never repeated automatically."""
    call = make_transaction(REQUEST)

    assert {**sample("transactions"), "headers": {}} == sent(call)
    assert Replay.NEVER is call.replay


@pytest.mark.parametrize("payment_id", [None, "order-1"])
def test_version(payment_id: str | None) -> None:
    """The version is the documented one, unless the caller chooses another."""
    call = make_transaction(REQUEST, payment_id=payment_id)

    assert ("v2.5.1", False) == (call.version, call.fixed_version)
    assert "/v2.5/" in sent(call.at_version("v2.5"))["url"]


def test_language() -> None:
    """The language of the answer is English or French."""
    assert {"lang": "fr"} == make_transaction(REQUEST, lang="fr").query
    assert ["lang"] == [
        error.param for error in rejected(make_transaction, {"request": REQUEST, "lang": "de"})
    ]


IDS = st.text(min_size=1, max_size=40).filter(str.strip)


@given(IDS, IDS)
def test_key(one: str, other: str) -> None:
    """Each payment has its own key, which is a valid header."""
    key = idempotency_key(one)

    assert (one == other) == (key == idempotency_key(other))
    assert 32 == len(key)
    assert set(key) <= set("0123456789abcdef")


def test_key_is_for_ever() -> None:
    """The key of a payment must not change between releases: this is `printf … | sha256sum`."""
    assert "44045e1358d12a31bc065bc023d7717d" == idempotency_key("order-1")


def test_the_id_is_used_verbatim() -> None:
    """An id is used verbatim: normalizing it could merge two payments."""
    ids = ["order-1", "order-1 ", "Order-1", "order-1\n", "órder-1", "\ud800"]

    assert len(ids) == len({idempotency_key(payment_id) for payment_id in ids})


@pytest.mark.parametrize("payment_id", ["", " ", "\n"])
def test_an_empty_payment_id(payment_id: str) -> None:
    """An empty payment id is rejected, because all payments would share it."""
    given = {"request": REQUEST, "payment_id": payment_id}

    assert (FieldError("payment_id", "required"),) == rejected(make_transaction, given)


def test_key_and_hash_do_not_depend_on_the_client() -> None:
    """Key and hash depend on no credentials, token or time: after a restart they are the same."""
    first = on_the_wire(make_transaction(REQUEST, payment_id="p"), "shop", "token-1")
    again = TransactionRequest(**dict[str, Any](reversed(PAYMENT.items())))
    second = on_the_wire(make_transaction(again, payment_id="p"), "other", "token-2")

    assert first == second


AMOUNTS = st.decimals("0.01", "1000", places=2)


@given(AMOUNTS, st.sampled_from(list(TransactionType)), st.integers(1, 9999))
def test_hash_is_of_the_bytes(amount: Decimal, kind: TransactionType, code: int) -> None:
    """The hash is that of the bytes sent, for every spelling of the data."""
    plain = {**PAYMENT, "amount": amount, "transaction_type": kind, "verification_code": code}
    texts = {**plain, "amount": str(amount), "transaction_type": kind.value}
    texts["verification_code"] = str(code)
    calls = [make_transaction(paying(**g), payment_id="p") for g in (plain, texts)]
    (_, hashed, body), other = (on_the_wire(call) for call in calls)

    assert hashlib.sha256(body).hexdigest() == hashed == context_hash(calls[0].body or {})
    assert on_the_wire(calls[0]) == other
    assert sorted(json.loads(body)) == list(json.loads(body))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "30.01"),
        ("transaction_type", "deposit"),
        ("account_number", 10000002),
        ("vcc_number", None),
        ("customer_id", "1234567-12346"),
        ("verification_code", "1235"),
        ("verification_code", "01234"),
        ("request_id", "request-2"),
        ("external_location_id", None),
        ("external_employee_id", "e-43"),
    ],
)
def test_hash_shows_another_payment(name: str, value: object) -> None:
    """Another payment under the same id has another hash: Flexiti warns of that."""
    other = paying(**{name: value})
    key, hashed, _ = on_the_wire(make_transaction(REQUEST, payment_id="p"))
    other_key, other_hash, _ = on_the_wire(make_transaction(other, payment_id="p"))

    assert key == other_key
    assert hashed != other_hash


@pytest.mark.parametrize(
    "amount", [30, "30", "30.0", "30.00", Decimal(30), Decimal("3E+1")], ids=map(str, range(6))
)
def test_the_same_amount(amount: object) -> None:
    """Every spelling of an amount is the same in the body."""
    request = paying(amount=amount)

    assert on_the_wire(make_transaction(request, payment_id="p")) == on_the_wire(
        make_transaction(REQUEST, payment_id="p")
    )


@pytest.mark.parametrize("kind", list(TransactionType))
def test_types(kind: TransactionType) -> None:
    """Every type of the specification is accepted, as text or as a member."""
    for given_as in (kind, kind.value):
        request = paying(transaction_type=given_as)

        assert kind.value == sent(make_transaction(request))["body"]["transaction_type"]


@pytest.mark.parametrize("name", WHO)
def test_one_of_three_is_enough(name: str) -> None:
    """One of the three identifiers is enough."""
    others = dict.fromkeys(WHO)
    request = paying(**{**others, name: WHO[name]})

    assert {name} == WHO.keys() & sent(make_transaction(request))["body"].keys()


def test_an_identifier_is_required() -> None:
    """Without any identifier, one error says that one of the three identifies the customer."""
    field_errors = rejected(TransactionRequest, {**PAYMENT, **dict.fromkeys(WHO)})

    assert (FieldError("account_number", "required"),) == field_errors
    assert "one of the three identifies the customer" in field_errors[0].hint


ROWS: list[tuple[str, object, str, str | None]] = [
    # field, given, msg, masked value
    ("transaction_type", None, "required", None),
    ("transaction_type", "withdrawal", "invalid", "10 characters"),
    ("amount", None, "required", None),
    ("amount", 30.0, "wrong format", "float"),
    ("amount", "30.001", "wrong format", "Decimal"),
    ("amount", 0, "invalid", "Decimal"),
    ("amount", 10**16, "length", "Decimal"),
    ("verification_code", None, "required", None),
    ("verification_code", "", "required", "0 characters"),
    ("verification_code", 12.5, "wrong format", "float"),
    ("account_number", 10**14, "length", "number of 15 digits"),
    ("account_number", "x", "wrong format", "1 character"),
    ("vcc_number", "1" * 17, "length", "secret"),
    ("customer_id", "1" * 21, "length", "21 characters"),
    ("customer_id", 1234567.0, "wrong format", "float"),
    ("request_id", "x" * 151, "length", "151 characters"),
    ("external_location_id", 7.0, "wrong format", "float"),
    ("external_employee_id", "a\tb", "invalid", "3 characters"),
]


@pytest.mark.parametrize(("name", "value", "msg", "shown"), ROWS, ids=map(str, range(len(ROWS))))
def test_rejects(name: str, value: object, msg: str, shown: str | None) -> None:
    """Each invalid value is exactly one field error, and nothing is sent."""
    assert (FieldError(name, msg, shown),) == rejected(TransactionRequest, {**PAYMENT, name: value})


def test_nothing_personal_is_shown() -> None:
    """Neither request, call nor error and its frames show an identifier or the code."""
    canaries = ("10000001", CARD, "1234567-12345", "987654")
    request = paying(verification_code=987654)
    shown = f"{request} {make_transaction(request, payment_id='p')}"
    with pytest.raises(ValueError, match="amount: required") as caught:
        paying(verification_code=987654, amount=None)

    assert not [canary for canary in canaries if canary in shown]
    assert [] == sightings(caught.value, *canaries)


CODES = codes("""
403 forbidden Forbidden
404 not_found NotFound
409 invalid_role InvalidRole
409 general_error GeneralError
409 invalid_transaction_type WrongTransactionType
409 wrong_verification_code WrongVerification
409 verification_code_required WrongVerification
409 user_not_active AccountNotUsable
409 user_not_able_to_purchase AccountNotUsable
409 limit_payment_amount_24 AmountExceeded
409 not_enough_credit CreditExceeded
409 not_verified NotVerified
409 external_location_id_not_found LocationNotFound
409 account_type_not_permitted NotPermitted
409 vcc_account_mismatch CardAccountMismatch
409 a_code_of_tomorrow Conflict
""")


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
def test_codes(status: int, code: str, kind: str) -> None:
    """Each documented code has its class, and an unknown one the class of its status."""
    assert kind == error_kind(make_transaction(REQUEST), status, code)


@pytest.mark.parametrize("body", [{}, {"transaction_id": 5, "message": "Done"}])
def test_answer(body: dict[str, object]) -> None:
    """The undocumented answer is kept as received."""
    assert Transaction(body) == answered(make_transaction(REQUEST), body)
