"""Errors of the API that a shop reacts to: one class per reaction, not per code."""

from flexiti_async.errors.api import BadRequest, Conflict, NotFound

__all__ = [
    "AccountNotUsable",
    "AgreementRequired",
    "AmountExceeded",
    "ApplicationDeclined",
    "ApplicationNotCreated",
    "ApplicationPending",
    "AuthorizationEnded",
    "CardAccountMismatch",
    "CreditExceeded",
    "CustomerExists",
    "CustomerNotIdentified",
    "LocationNotFound",
    "NotPermitted",
    "NotVerified",
    "PhoneNotReachable",
    "PlanNotAvailable",
    "ReturnTooLate",
    "TriesExceeded",
    "WrongTransactionType",
    "WrongVerification",
]


class AccountNotUsable(Conflict):
    """`user_not_able_to_purchase`, `user_not_active`: this account cannot make purchases."""


class AgreementRequired(Conflict):
    """`tos_agreement_required`: the customer has not accepted the cardholder agreement."""


class AmountExceeded(Conflict):
    """
    The amount is above the rest to capture, release, return or refund, or above the daily limit.

    `auth_amount_exceeded`, `capture_amount_exceeded`, `refunds_limit_exceeded_amount`,
    `limit_payment_amount_24` ($10,000 a day).
    """


class ApplicationDeclined(Conflict):
    """`application_declined`, `…_2`, `…_3`: the application is declined (codes removed later)."""


class ApplicationNotCreated(Conflict):
    """`application_create_error`: a third party did not answer Flexiti in time; apply again."""


class ApplicationPending(Conflict):
    """`application_marked_pending_1`, `…_2`: no decision yet (codes removed later)."""


class AuthorizationEnded(Conflict):
    """`authorization_ended`: the authorization is closed, with nothing to capture or release."""


class CardAccountMismatch(Conflict):
    """`vcc_account_mismatch`: the card does not belong to this account."""


class CreditExceeded(Conflict):
    """`credit_exceeded`, `not_enough_credit`: not enough available credit."""


class CustomerExists(Conflict):
    """`customer_already_exists`: the applicant has an account and can buy with it."""


class LocationNotFound(Conflict):
    """`external_location_id_not_found`: Flexiti does not know this location of the merchant."""


class NotPermitted(Conflict):
    """
    This merchant, or this account, may not do this.

    `not_permitted`, `auth_not_allowed` (no pre-authorization set up), `account_type_not_permitted`,
    `merchant_override_is_not_allowed`, `regular_purchase_bypass_is_not_allowed`,
    `merchant_not_support_nonprime_regularpurchase`.
    """


class NotVerified(Conflict):
    """`not_verified`: the widget session (in store: `request_id`) does not match; verify again."""


class PlanNotAvailable(Conflict):
    """`plan_term_not_set`, `plan_term_not_available`: choose a plan of calculate-interest."""


class ReturnTooLate(Conflict):
    """`return_date_exceeded`: more than 100 days have passed."""


class TriesExceeded(Conflict):
    """`tries_exceed`: more than 3 wrong answers in 48 hours; offer another payment method."""


class WrongTransactionType(Conflict):
    """`wrong_transaction_type`, `invalid_transaction_type`: wrong kind of transaction."""


class WrongVerification(Conflict):
    """
    The customer's code or answer is wrong or missing; ask again.

    `wrong_verification_code`, `verification_code_required`, `piw_mismatch`,
    `secret_answer_mismatch`.
    """


class CustomerNotIdentified(NotFound):
    """`customer_identity_not_found`: the customer has not been through the widget."""


class PhoneNotReachable(BadRequest):
    """`sms_not_valid_phone`: no text message reaches this number; use another format."""
