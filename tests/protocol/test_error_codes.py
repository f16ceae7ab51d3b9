"""The API's error codes: each one that a shop reacts to has its class, for its own status."""

import json
from collections.abc import Iterator

import pytest

from flexiti_async import errors
from flexiti_async.errors import (
    ApiError,
    BadRequest,
    Conflict,
    CreditExceeded,
    Forbidden,
    NotFound,
)
from flexiti_async.protocol.response import HttpResponse, error_of

# Spec section 6.3, endpoint by endpoint, and the class of each code.
CODES = """
apply 400 general_error BadRequest
apply 409 application_create_error ApplicationNotCreated
apply 409 tos_agreement_required AgreementRequired
apply 409 customer_already_exists CustomerExists
apply 409 not_verified NotVerified
apply 409 external_location_id_not_found LocationNotFound
apply 409 account_type_not_permitted NotPermitted
apply 409 application_declined ApplicationDeclined
apply 409 application_declined_2 ApplicationDeclined
apply 409 application_declined_3 ApplicationDeclined
apply 409 application_marked_pending_1 ApplicationPending
apply 409 application_marked_pending_2 ApplicationPending
customers/lookup 404 not_found NotFound
customers/lookup 409 user_not_able_to_purchase AccountNotUsable
customers/lookup 409 user_not_active AccountNotUsable
customers/lookup 409 merchant_not_support_nonprime_regularpurchase NotPermitted
verify 400 sms_not_valid_phone PhoneNotReachable
verify 409 merchant_override_is_not_allowed NotPermitted
verify 409 regular_purchase_bypass_is_not_allowed NotPermitted
verify 409 piw_mismatch WrongVerification
verify 409 secret_answer_mismatch WrongVerification
verify 409 tries_exceed TriesExceeded
transactions 409 invalid_transaction_type WrongTransactionType
transactions 409 wrong_verification_code WrongVerification
transactions 409 verification_code_required WrongVerification
transactions 409 limit_payment_amount_24 AmountExceeded
transactions 409 not_enough_credit CreditExceeded
transactions 409 vcc_account_mismatch CardAccountMismatch
authorization 404 customer_identity_not_found CustomerNotIdentified
authorization 409 credit_exceeded CreditExceeded
authorization 409 not_permitted NotPermitted
authorization 409 auth_not_allowed NotPermitted
authorization 409 plan_term_not_set PlanNotAvailable
authorization 409 plan_term_not_available PlanNotAvailable
authorization/release 409 authorization_ended AuthorizationEnded
authorization/release 409 auth_amount_exceeded AmountExceeded
authorization/capture/return 409 capture_amount_exceeded AmountExceeded
authorization/capture/return 409 return_date_exceeded ReturnTooLate
authorization/capture/return 409 wrong_transaction_type WrongTransactionType
refund 409 refunds_limit_exceeded_amount AmountExceeded
"""


def _answer(status: int, code: str, endpoint: str) -> ApiError:
    body = json.dumps({"error": code, "message": "No!"}).encode()
    return error_of(HttpResponse(status, {}, body), reference_id="r", endpoint=endpoint)


def _rows() -> Iterator[tuple[str, int, str, type[ApiError]]]:
    for line in CODES.strip().splitlines():
        endpoint, status, code, name = line.split()
        yield endpoint, int(status), code, getattr(errors, name)


@pytest.mark.parametrize(("endpoint", "status", "code", "expected"), list(_rows()))
def test_codes(endpoint: str, status: int, code: str, expected: type[ApiError]) -> None:
    """Each documented code is its class, and keeps status, code and endpoint."""
    error = _answer(status, code, endpoint)

    assert expected is type(error)
    assert (status, code, endpoint) == (error.status, error.code, error.endpoint)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (402, "not_enough_credit", CreditExceeded),
        (402, "credit_exceeded", CreditExceeded),
        (402, "brand_new", BadRequest),
        (402, "customer_identity_not_found", BadRequest),
        (409, "customer_identity_not_found", Conflict),
        (404, "not_verified", NotFound),
        (400, "not_verified", BadRequest),
        (403, "not_permitted", Forbidden),
    ],
)
def test_another_status(status: int, code: str, expected: type[ApiError]) -> None:
    """A code with a status that the API does not document for it has the class of the status."""
    assert expected is type(_answer(status, code, "x"))
