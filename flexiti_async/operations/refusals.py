"""
Which failed operations certainly did not run: a table of the API's refusals, by endpoint.

Everything that is not in it is unknown: `general_error` (the portal says to contact Flexiti),
`application_create_error` (a third party was slow), codes that nobody knows, 408, 429, 5xx, the
answers of a proxy, a success that cannot be read. Spec sections 6.2 to 6.4.
"""

from collections.abc import Mapping
from typing import Final

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
    CheckoutError,
    ConfigError,
    ConnectError,
    FlexitiError,
    InsufficientScope,
    MalformedAnswer,
    SessionClosed,
    StoreError,
    TokenError,
    ValidationError,
)

__all__ = ["REFUSALS", "certainly_did_not_run", "is_result"]

_ANYWHERE: Final = frozenset({"invalid_role", "wrong_inputs", "wrong_input"})
_PLACE: Final = frozenset({"account_type_not_permitted", "external_location_id_not_found"})
_CARD: Final = frozenset({"vcc_account_mismatch"})

REFUSALS: Final[Mapping[str, frozenset[str]]] = {
    AUTHORIZATION: _ANYWHERE
    | _PLACE
    | _CARD
    | {
        "auth_not_allowed",
        "credit_exceeded",
        "customer_identity_not_found",
        "not_found",
        "not_permitted",
        "not_verified",
        "plan_term_not_available",
        "plan_term_not_set",
        "user_not_able_to_purchase",
    },
    APPLY: _ANYWHERE
    | _PLACE
    | {"customer_already_exists", "not_verified", "tos_agreement_required"},
    CAPTURE: _ANYWHERE
    | {"auth_amount_exceeded", "authorization_ended", "not_found", "not_permitted"},
    RELEASE: _ANYWHERE
    | {"auth_amount_exceeded", "authorization_ended", "not_found", "not_permitted"},
    RETURN: _ANYWHERE
    | _PLACE
    | _CARD
    | {
        "capture_amount_exceeded",
        "not_found",
        "not_permitted",
        "return_date_exceeded",
        "wrong_transaction_type",
    },
    REFUND: _ANYWHERE | _PLACE | _CARD | {"not_found", "refunds_limit_exceeded_amount"},
    TRANSACTIONS: _ANYWHERE
    | _PLACE
    | _CARD
    | {
        "invalid_transaction_type",
        "limit_payment_amount_24",
        "not_enough_credit",
        "not_found",
        "not_verified",
        "user_not_able_to_purchase",
        "user_not_active",
        "verification_code_required",
        "wrong_verification_code",
    },
}
"""The codes of the API's table (spec section 6.3) that say that a call was refused."""

_REFUSED: Final = frozenset({400, 402, 403, 404, 409})
"""Statuses of a refusal with a code; 402 is of older pages."""
_WITHOUT_CODE: Final = frozenset({401, 403, 404})
"""Statuses that the portal describes without a code, in the API's own JSON (spec 6.3, 6.4)."""
_NOT_ALLOWED: Final = frozenset({"insufficient_scope", "invalid_token"})
"""Codes that were seen with 401 and 403."""
_BLOCKED: Final = frozenset({465, 466, 467})
"""Flexiti's own numbers for requests that it blocks; their body is undocumented (spec 6.2)."""
_RESULTS: Final = frozenset(
    {
        "application_declined",
        "application_declined_2",
        "application_declined_3",
        "application_marked_pending_1",
        "application_marked_pending_2",
    }
)
"""Codes of apply that are a decision: the application ran."""

_NEVER_SENT: Final = (
    CheckoutError,
    ConfigError,
    ConnectError,
    SessionClosed,
    StoreError,
    TokenError,
    ValidationError,
)


def certainly_did_not_run(error: FlexitiError) -> bool:
    """
    Whether an operation that failed with this error certainly did not run.

    The error is that of the last request: the caller has to know whether an earlier one of the same
    call has no answer (`Sending.doubtful`).
    """
    if isinstance(error, _NEVER_SENT):
        return True
    if not isinstance(error, ApiError) or isinstance(error, MalformedAnswer):
        return False
    if error.status in _BLOCKED or isinstance(error, InsufficientScope):
        return True
    if error.code is None:
        return error.status in _WITHOUT_CODE and error.url is not None
    if error.status in {401, 403} and error.code in _NOT_ALLOWED:
        return True
    return error.status in _REFUSED and error.code in REFUSALS.get(error.endpoint or "", ())


def is_result(error: FlexitiError) -> bool:
    """Whether an error of apply is a decision about the application, which therefore ran."""
    return (
        isinstance(error, ApiError)
        and error.endpoint == APPLY
        and error.status in _REFUSED
        and error.code in _RESULTS
    )
