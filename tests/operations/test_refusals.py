"""Which answers prove that an operation did not run: the API's tables, code by code."""

import itertools
import json
from collections.abc import Mapping
from typing import Final

import pytest

from flexiti_async.api.endpoints import (
    APPLY,
    AUTHORIZATION,
    CAPTURE,
    REFUND,
    RELEASE,
    RETURN,
    TRANSACTIONS,
)
from flexiti_async.errors import (
    ApiError,
    BadHttp,
    ConfigError,
    ConnectError,
    ConnectionLost,
    FlexitiError,
    JournalForgot,
    OutcomeUnknown,
    RequestTimeout,
    SessionClosed,
    StoreUnavailable,
    TokenUnavailable,
    TransportError,
    ValidationError,
)
from flexiti_async.operations.refusals import REFUSALS, certainly_did_not_run, is_result
from flexiti_async.protocol.response import HttpResponse, error_of

PLACE: Final = "external_location_id_not_found account_type_not_permitted"
SPEC: Final[Mapping[str, str]] = {
    APPLY: f"invalid_role tos_agreement_required customer_already_exists not_verified {PLACE} "
    "wrong_inputs",
    TRANSACTIONS: "invalid_role invalid_transaction_type wrong_verification_code user_not_active "
    "verification_code_required user_not_able_to_purchase limit_payment_amount_24 "
    f"not_enough_credit not_verified {PLACE} vcc_account_mismatch not_found",
    AUTHORIZATION: "not_found customer_identity_not_found invalid_role credit_exceeded "
    "not_permitted auth_not_allowed plan_term_not_set plan_term_not_available "
    f"user_not_able_to_purchase not_verified {PLACE} vcc_account_mismatch wrong_inputs",
    RELEASE: "not_found authorization_ended auth_amount_exceeded not_permitted",
    CAPTURE: "not_found authorization_ended auth_amount_exceeded not_permitted",
    RETURN: "not_found invalid_role capture_amount_exceeded return_date_exceeded not_permitted "
    f"wrong_transaction_type {PLACE} vcc_account_mismatch",
    REFUND: f"not_found invalid_role refunds_limit_exceeded_amount {PLACE} vcc_account_mismatch",
}
"""The refusals of spec section 6.3."""
EVERYWHERE: Final = {"invalid_role", "wrong_inputs", "wrong_input"}
DECISIONS: Final = {
    "application_declined",
    "application_declined_2",
    "application_declined_3",
    "application_marked_pending_1",
    "application_marked_pending_2",
}
NEVER: Final = {
    "general_error",
    "generic_error",
    "application_create_error",
    "tries_exceed",
    "a_code_of_next_year",
    "",
}
CODES: Final = sorted(
    EVERYWHERE | DECISIONS | NEVER | {c for t in SPEC.values() for c in t.split()}
)
STATUSES: Final = (302, 400, 401, 402, 403, 404, 405, 408, 409, 413, 425, 429, 500, 502, 503, 504)


def answered(status: int, body: bytes, endpoint: str) -> ApiError:
    """Return the error of an answer."""
    return error_of(HttpResponse(status, {}, body), reference_id="f" * 32, endpoint=endpoint)


def of_the_api(status: int, endpoint: str, code: str | None) -> ApiError:
    """Return the error of an answer of the API's own."""
    body = {"message": "No.", "url": "/flexiti"} | ({} if code is None else {"error": code})
    return answered(status, json.dumps(body).encode(), endpoint)


@pytest.mark.parametrize("endpoint", SPEC)
def test_the_table_is_the_specs(endpoint: str) -> None:
    """No code more, no code less."""
    assert set(SPEC[endpoint].split()) | EVERYWHERE == REFUSALS[endpoint]


@pytest.mark.parametrize("endpoint", SPEC)
def test_every_status_and_code(endpoint: str) -> None:
    """A listed code with a status of a refusal did not run; everything else may have."""
    for status, code in itertools.product(STATUSES, CODES):
        error = of_the_api(status, endpoint, code)
        listed = code in SPEC[endpoint].split() or code in EVERYWHERE
        refused = status in {400, 402, 403, 404, 409}
        expected = listed and refused
        decided = endpoint == APPLY and code in DECISIONS and refused

        assert (expected, decided) == (certainly_did_not_run(error), is_result(error)), (
            status,
            code,
        )


@pytest.mark.parametrize("endpoint", SPEC)
@pytest.mark.parametrize("status", STATUSES)
def test_a_status_without_a_code(endpoint: str, status: int) -> None:
    """401, 403 and 404 in the API's own JSON did not run; the same of a proxy may have."""
    pages = (b"<h1>No.</h1>", b"", b"{}", b'"no"', b'{"message": "No."}', b"\xff")

    assert (status in {401, 403, 404}) is certainly_did_not_run(of_the_api(status, endpoint, None))
    assert not any(certainly_did_not_run(answered(status, page, endpoint)) for page in pages)


@pytest.mark.parametrize("status", [465, 466, 467])
def test_a_blocked_request(status: int) -> None:
    """Flexiti's own numbers for a request that it blocks, whatever the body."""
    assert certainly_did_not_run(answered(status, b"<h1>Blocked</h1>", REFUND))


@pytest.mark.parametrize("code", ["insufficient_scope", "invalid_token"])
def test_a_token_that_is_not_good_enough(code: str) -> None:
    """Codes that were seen with 401 and 403."""
    assert certainly_did_not_run(of_the_api(401, REFUND, code))
    assert certainly_did_not_run(of_the_api(403, REFUND, code))
    assert not certainly_did_not_run(of_the_api(409, REFUND, code))


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Insufficient scope: authorized scope is insufficient"},
        {"message": "Insufficient scope: authorized scope is insufficient"},
        {"error": "forbidden", "error_description": "insufficient_scope"},
    ],
    ids=map(str, range(3)),
)
def test_an_insufficient_scope_in_any_form(body: Mapping[str, str]) -> None:
    """It says that the call did not run, whichever member says it."""
    assert certainly_did_not_run(answered(403, json.dumps(body).encode(), CAPTURE))


def test_a_call_that_was_built_by_hand() -> None:
    """The tables have no codes for it."""
    assert not certainly_did_not_run(of_the_api(409, "gifts", "wrong_inputs"))
    assert certainly_did_not_run(of_the_api(404, "gifts", None))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectError(), True),
        (ConfigError(), True),
        (SessionClosed(), True),
        (StoreUnavailable(), True),
        (TokenUnavailable(), True),
        (ValidationError(), True),
        (ConnectionLost(), False),
        (RequestTimeout(), False),
        (BadHttp(), False),
        (TransportError(), False),
        (OutcomeUnknown(), False),
        (JournalForgot(), False),
        (FlexitiError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_without_an_answer(error: FlexitiError, expected: bool) -> None:
    """A call that was never sent did not run."""
    assert expected is certainly_did_not_run(error)
