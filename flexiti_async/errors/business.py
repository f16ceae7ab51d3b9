"""Answers of the API that a shop acts upon: one class for what is done, not for each code."""

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
    """`user_not_able_to_purchase`, `user_not_active`: this account cannot buy now."""


class AgreementRequired(Conflict):
    """`tos_agreement_required`: the customer has not accepted the cardholder agreement."""


class AmountExceeded(Conflict):
    """
    More than is left to capture, release, return, refund or pay in a day.

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
    """`authorization_ended`: it is closed; nothing is left to capture or release."""


class CardAccountMismatch(Conflict):
    """`vcc_account_mismatch`: the card is not one of this account."""


class CreditExceeded(Conflict):
    """`credit_exceeded`, `not_enough_credit`: the customer's credit does not reach."""


class CustomerExists(Conflict):
    """`customer_already_exists`: the applicant has an account; let them buy with it."""


class LocationNotFound(Conflict):
    """`external_location_id_not_found`: Flexiti does not know this shop of the merchant."""


class NotPermitted(Conflict):
    """
    This merchant, or this account, may not do this.

    `not_permitted`, `auth_not_allowed` (no pre-authorization set up), `account_type_not_permitted`,
    `merchant_override_is_not_allowed`, `regular_purchase_bypass_is_not_allowed`,
    `merchant_not_support_nonprime_regularpurchase`.
    """


class NotVerified(Conflict):
    """`not_verified`: the widget session (in store the `request_id`) does not fit; verify again."""


class PlanNotAvailable(Conflict):
    """`plan_term_not_set`, `plan_term_not_available`: take a plan of calculate-interest."""


class ReturnTooLate(Conflict):
    """`return_date_exceeded`: more than 100 days have passed."""


class TriesExceeded(Conflict):
    """`tries_exceed`: more than 3 wrong answers in 48 hours; ask for another payment method."""


class WrongTransactionType(Conflict):
    """`wrong_transaction_type`, `invalid_transaction_type`: not for this kind of transaction."""


class WrongVerification(Conflict):
    """
    The customer's code or answer is wrong or missing; ask again.

    `wrong_verification_code`, `verification_code_required`, `piw_mismatch`,
    `secret_answer_mismatch`.
    """


class CustomerNotIdentified(NotFound):
    """`customer_identity_not_found`: the customer has not been through the widget."""


class PhoneNotReachable(BadRequest):
    """`sms_not_valid_phone`: no text message reaches this number; take another format."""
