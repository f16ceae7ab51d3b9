"""refund: requests, rejected data and answers."""

from typing import Any

import pytest

from flexiti_async.api.refunds import Refund, refund
from flexiti_async.api.sku_data import SkuData
from flexiti_async.errors import FieldError
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings
from .wire import answered, codes, error_kind, rejected, sample, sent

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
    """The specification's call, with a merchant token, and never repeated automatically."""
    call = refund(**REFUND)

    assert sample("refund") == sent(call)
    assert (Scope.MERCHANT, Replay.NEVER) == (call.scope, call.replay)


def test_version() -> None:
    """The portal does not document the version: v2.5, or the caller's choice."""
    assert "v2.5" == refund(1, 5).version
    assert "/v2.5.1/" in sent(refund(1, 5).at_version("v2.5.1"))["url"]


def test_minimal_calls() -> None:
    """Missing fields are not sent; an account number given as text keeps its zeros."""
    request = sent(refund("0007", 5))

    assert {"amount": 5} == request["body"]
    assert request["url"].endswith("/accounts/0007/refund")


ROWS: list[tuple[str, object, str, str | None]] = [
    # param, given, msg, masked value
    ("account_number", None, "required", None),
    ("account_number", "", "required", "0 characters"),
    ("account_number", "x", "wrong format", "1 character"),
    ("account_number", "1/../2", "wrong format", "6 characters"),
    ("account_number", 10**14, "length", "15 characters"),
    ("amount", None, "required", None),
    ("amount", 25.0, "wrong format", "float"),
    ("amount", "25.001", "wrong format", "Decimal"),
    ("amount", -25, "invalid", "Decimal"),
    ("reference", "x" * 41, "length", "41 characters"),
    ("capture_id", 10**9, "length", "10 characters"),
    ("capture_id", "x", "wrong format", "1 character"),
    ("external_location_id", 7.0, "wrong format", "float"),
    ("external_employee_id", "a\nb", "invalid", "3 characters"),
    ("vcc_number", "1" * 17, "length", "secret"),
    ("sku_data", [], "wrong format", "list"),
]


@pytest.mark.parametrize(("param", "given", "msg", "shown"), ROWS, ids=map(str, range(len(ROWS))))
def test_rejects(param: str, given: object, msg: str, shown: str | None) -> None:
    """Each invalid value is exactly one field error, and nothing is sent."""
    assert (FieldError(param, msg, shown),) == rejected(refund, {**REFUND, param: given})


def test_errors_show_nothing_personal() -> None:
    """An error shows no account and no card, not even in its frames."""
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
    """Each documented code has its class, and an unknown one the class of its status."""
    assert kind == error_kind(refund(**REFUND), status, code)


@pytest.mark.parametrize("body", [{}, {"refund_id": 5}])
def test_answer(body: dict[str, object]) -> None:
    """The answer is an empty object; new fields are kept as received."""
    assert Refund(body) == answered(refund(**REFUND), body)
