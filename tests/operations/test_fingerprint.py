"""Fingerprints: what moves the money, and nothing else."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.api.applications import Application, apply
from flexiti_async.api.authorizations import authorize
from flexiti_async.api.captures import capture, release
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase
from flexiti_async.api.refunds import refund
from flexiti_async.api.returns import return_capture
from flexiti_async.api.transactions import TransactionRequest, make_transaction
from flexiti_async.operations.fingerprint import compared_fields, fingerprint_of, is_same
from flexiti_async.protocol.call import OperationCall, Replay
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

from ..api.test_authorizations import IN_STORE, ONLINE
from ..api.test_transactions import PAYMENT
from .acts import Anything

Call = Callable[..., OperationCall[Any]]


def online(**changes: Anything) -> OperationCall[Any]:
    """Build an authorization of a web shop."""
    given: dict[str, Any] = {**ONLINE, **changes}
    lang = given.pop("lang", "en")
    return authorize(OnlinePurchase(**given), lang=lang)


def in_store(**changes: Anything) -> OperationCall[Any]:
    """Build an authorization at a till."""
    given: dict[str, Any] = {**IN_STORE, **changes}
    return authorize(InStorePurchase(**given))


def paid(**changes: Anything) -> OperationCall[Any]:
    """Build a transaction."""
    given: dict[str, Any] = {**PAYMENT, **changes}
    return make_transaction(TransactionRequest(**given))


def captured(**changes: Anything) -> OperationCall[Any]:
    """Build a capture."""
    given: dict[str, Any] = {"authorization_id": 5, "amount": 10, **changes}
    return capture(**given)


def released(**changes: Anything) -> OperationCall[Any]:
    """Build a release."""
    given: dict[str, Any] = {"authorization_id": 5, "amount": 10, **changes}
    return release(**given)


def returned(**changes: Anything) -> OperationCall[Any]:
    """Build a return."""
    given: dict[str, Any] = {"authorization_id": 5, "capture_id": 6, "amount": 10, **changes}
    return return_capture(**given)


def refunded(**changes: Anything) -> OperationCall[Any]:
    """Build a refund."""
    given: dict[str, Any] = {"account_number": 10000001, "amount": 10, **changes}
    return refund(**given)


def applied(**changes: Anything) -> OperationCall[Any]:
    """Build an application, in the places of widget/init."""
    person = {"first_name": "Grace", "last_name": "A", "dob": "1990-01-31", "postal_code": "K1A0B1"}
    person = {name: changes.pop(name, value) for name, value in person.items()}
    return apply({"customer_identification": {"personal_information": person}, **changes})


def by_hand(**body: Any) -> OperationCall[Any]:
    """Build a call by hand."""
    return OperationCall("x", "POST", "x", Scope.MERCHANT, Application, Replay.NEVER, body=body)


SAME: list[tuple[Call, dict[str, Any]]] = [
    (online, {"amount": Decimal("300.500")}),
    (online, {"account_number": "10000001", "plan_id": "101", "term": "12"}),
    (online, {"widget_session_id": "another tab", "lang": "fr", "sku_data": None}),
    (online, {"reference": "order-4711, again"}),
    (in_store, {"verification_code": 9999, "request_id": "another receipt"}),
    (paid, {"verification_code": 9999, "request_id": "another receipt", "amount": "30.00"}),
    (paid, {"external_location_id": "another till"}),
    (captured, {"authorization_id": "5", "amount": "10.00", "reference": "x", "lang": "fr"}),
    (captured, {"amount": Decimal(10)}),
    (released, {"amount": "10.00"}),
    (returned, {"amount": "10.0", "reference": "x"}),
    (refunded, {"account_number": "10000001", "amount": "10.00", "reference": "x"}),
    (applied, {"email": "corrected@example.com", "widget_session_id": "another"}),
    (by_hand, {"a": 1}),
]
OTHER: list[tuple[Call, dict[str, Any]]] = [
    *((online, {"amount": amount}) for amount in ("300.51", 30, 3005)),
    *((online, {name: value}) for name, value in (("account_number", 10000002), ("term", 24))),
    (online, {"plan_id": 102}),
    (online, {"auto_capture": True}),
    (online, {"transaction_type": "regular_purchase", "plan_id": None, "term": None}),
    (in_store, {"amount": 1}),
    (paid, {"amount": 31}),
    (paid, {"transaction_type": "deposit"}),
    (paid, {"account_number": "10000002"}),
    (paid, {"vcc_number": "1070010000000001"}),
    (captured, {"authorization_id": 6}),
    (captured, {"amount": 11}),
    (released, {"amount": None}),
    (returned, {"capture_id": 7}),
    (returned, {"amount": None, "full_return": True}),
    (refunded, {"account_number": 10000002}),
    (refunded, {"capture_id": 3}),
    (applied, {"first_name": "Hopper"}),
    (applied, {"dob": "1990-02-01"}),
    (by_hand, {"a": 2}),
    (by_hand, {"a": True}),
    (by_hand, {"a": None}),
]
BASE: dict[Call, dict[str, Any]] = {by_hand: {"a": 1}}


@pytest.mark.parametrize(("build", "changes"), SAME)
def test_equal_meanings_are_equal(build: Call, changes: Anything) -> None:
    """Spellings, proofs and presentation make no difference."""
    assert _are_same(build, changes)


@pytest.mark.parametrize(("build", "changes"), OTHER)
def test_other_meanings_are_not(build: Call, changes: Anything) -> None:
    """Another amount, account, plan, kind or person is another operation."""
    assert not _are_same(build, changes)


def _are_same(build: Call, changes: dict[str, Any]) -> bool:
    base = compared_fields(build(**BASE.get(build, {})))
    return is_same(fingerprint_of(base, "salt"), compared_fields(build(**changes)), "salt")


def test_numbers_are_exact() -> None:
    """Numbers of many digits differ by one, zero has one spelling, and floats are numbers."""
    numbers = [10**40, 10**40 + 1, 0, Decimal("0.00"), 1.5, Decimal("1.50"), 100]
    plain = [compared_fields(by_hand(a=number)) for number in numbers]

    assert [0, 1, 2, 2, 4, 4, 6] == [plain.index(one) for one in plain]


def test_it_is_salted_and_versioned() -> None:
    """Two records of one operation show nothing in common, and no secret."""
    fields = compared_fields(paid(vcc_number=Secret("1070010000000001")))
    first, second = fingerprint_of(fields, "a"), fingerprint_of(fields, "b")

    assert first != second
    assert first.startswith("1:")
    assert not is_same(first, fields, "b")


def test_an_unknown_version_is_the_same() -> None:
    """If it cannot be compared, the operation is replayed, never executed again."""
    assert is_same("2:whatever", {"amount": "5"}, "salt")
