"""refund: what is sent, what is refused, and what comes back."""

from typing import Any

import pytest

from flexiti_async.api.refunds import Refund, refund
from flexiti_async.api.sku_data import SkuData
from flexiti_async.errors import FieldError
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings
from .wire import answered, codes, error_kind, refused, sample, sent

CARD = "1070015210367982"
REFUND: dict[str, Any] = {
    "account_number": 10000001,
    "amount": "25.00",
    "reference": "order-4711",
    "capture_id": "678",
    "external_location_id": "store-7",
    "external_employee_id": "e-42",
    "vcc_number": "1070-0152-1036-7982",
    "sku_data": SkuData(purchase_order="PO-1"),
}


def test_wire() -> None:
    """The call is the specification's, is the back office's, and is never repeated by itself."""
    call = refund(**REFUND)

    assert sample("refund") == sent(call)
    assert (Scope.MERCHANT, Replay.NEVER) == (call.scope, call.replay)


@pytest.mark.parametrize(("version", "expected"), [(None, "v2.5"), ("v2.5.1", "v2.5.1")])
def test_version(version: str | None, expected: str) -> None:
    """The portal does not say which version: v2.5, or what the caller knows better."""
    assert expected == refund(1, 5, version=version).version


def test_the_least_that_can_be_said() -> None:
    """What is not given is not sent; a text keeps the zeros of its account number."""
    request = sent(refund("0007", 5))

    assert {"amount": 5} == request["body"]
    assert request["url"].endswith("/accounts/0007/refund")


ROWS: list[tuple[str, object, str, str | None]] = [
    # param, given, msg, what is shown of it
    ("account_number", None, "required", None),
    ("account_number", "", "required", "0 characters"),
    ("account_number", "x", "wrong format", "1 characters"),
    ("account_number", "1/../2", "wrong format", "6 characters"),
    ("account_number", 10**14, "length", "15 characters"),
    ("amount", None, "required", None),
    ("amount", 25.0, "wrong format", "float"),
    ("amount", "25.001", "wrong format", "Decimal"),
    ("amount", -25, "invalid", "Decimal"),
    ("reference", "x" * 41, "length", "41 characters"),
    ("capture_id", 10**9, "length", "10 characters"),
    ("capture_id", "x", "wrong format", "1 characters"),
    ("external_location_id", 7, "wrong format", "number of 1 digits"),
    ("external_employee_id", "a\nb", "invalid", "3 characters"),
    ("vcc_number", "1" * 17, "length", "secret"),
    ("sku_data", [], "wrong format", "list"),
]


@pytest.mark.parametrize(("param", "given", "msg", "shown"), ROWS, ids=map(str, range(len(ROWS))))
def test_refuses(param: str, given: object, msg: str, shown: str | None) -> None:
    """What the table does not allow is exactly one fault, and nothing is sent."""
    assert (FieldError(param, msg, shown),) == refused(refund, {**REFUND, param: given})


def test_refusals_show_nothing_personal() -> None:
    """A refusal shows no account and no card, not even in the frames it went through."""
    with pytest.raises(ValueError, match="amount: invalid") as caught:
        refund("10000001", -5, vcc_number=CARD)

    assert [] == sightings(caught.value, "10000001", CARD)


CODES = codes("""
403 forbidden Forbidden
404 not_found NotFound
409 invalid_role InvalidRole
409 general_error GeneralError
409 refunds_limit_exceeded_amount AmountExceeded
409 external_location_id_not_found LocationNotFound
409 account_type_not_permitted NotPermitted
409 vcc_account_mismatch CardAccountMismatch
409 a_code_of_tomorrow Conflict
""")


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
def test_codes(status: int, code: str, kind: str) -> None:
    """Each documented code has its class, and an unknown one that of its status."""
    assert kind == error_kind(refund(**REFUND), status, code)


@pytest.mark.parametrize("body", [{}, {"refund_id": 5}])
def test_answer(body: dict[str, object]) -> None:
    """The answer is an empty object; what a later API answers is kept as it came."""
    assert Refund(body) == answered(refund(**REFUND), body)
