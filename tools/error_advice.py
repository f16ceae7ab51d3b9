"""What to do about each error: the half of the error catalogue that is in no docstring."""

from collections.abc import Mapping
from typing import Final

__all__ = ["ADVICE"]

_ASK_FLEXITI: Final = "Give Flexiti the `reference_id`; to the customer, offer another way to pay."

ADVICE: Final[Mapping[str, str]] = {
    "FlexitiError": "Catch it where nothing else fits: the checkout goes no further.",
    "ConfigError": "Correct `option`; `suggestion` is the nearest name. Nothing else helps.",
    "ValidationError": (
        "Show `field_errors` beside the form's fields (`customer_text` has the words for "
        "customers) and let the customer correct them."
    ),
    "MalformedEvent": (
        "Answer the browser with 400 and change nothing. It is a mistake in the page's script, or "
        "a forgery."
    ),
    "CheckoutError": "Look at `step` of a resumed checkout: it tells what may come next.",
    "CheckoutNotFound": "Start a new checkout: this one has ended with its token.",
    "CheckoutExpired": (
        "Start a new checkout; what is authorized already goes on by its number, in "
        "`flexiti.authorizations`."
    ),
    "CheckoutConflict": (
        "`resume()` the checkout and go on from the step that it shows; a double click ends here."
    ),
    "CheckoutUnsettled": (
        "Ask Flexiti whether the call ran (`authorizations.all`, or the portal), then say so by "
        "`settle()`. Do not repeat the call."
    ),
    "EventRefused": "Ignore the event. If it comes again and again, somebody is trying.",
    "CheckoutTokenRejected": "Start a new checkout and send the customer through the widget again.",
    "SessionClosed": "Keep one session open for the life of the process; close it last.",
    "SessionEntered": "Enter the session once, where the process starts, and share it.",
    "WrongLoop": "Lend a `ClientSession` that was made in this loop, or lend none.",
    "TransportError": "Try again, or ask the customer to; the two below say what is safe.",
    "ConnectError": "Try again: nothing was sent. If it stays, run `flexiti-async doctor`.",
    "RequestTimeout": "Try again: this call may be repeated. It was, as often as `retries` says.",
    "ConnectionLost": "Try again: this call may be repeated. It was, as often as `retries` says.",
    "BadHttp": "A proxy may be in the way; run `flexiti-async doctor`.",
    "OutcomeUnknown": (
        "Do not repeat it. Look up `reference_id` at Flexiti, then go on as it turned out; a "
        "checkout waits in a step of its own until `settle()` says so."
    ),
    "ApiError": "Look at `code` and `field_errors`, and keep `reference_id` for Flexiti.",
    "BadRequest": "Correct what `field_errors` name; a request like this is never right.",
    "PhoneNotReachable": "Ask the customer for another phone number.",
    "Unauthorized": (
        "Nothing at once: a new token was tried. If it stays, run `flexiti-async doctor`."
    ),
    "Forbidden": "Ask Flexiti whether this machine and these credentials may call the API.",
    "InsufficientScope": (
        "Use a method of the session: it takes the scope that the call needs. In a call of your "
        "own, correct its `scope`."
    ),
    "NotFound": "Check the number that was asked for, and the environment.",
    "CustomerNotIdentified": "Send the customer through the widget first.",
    "Conflict": "Look at `code`: it is a decision, not a failure. Do not repeat the call.",
    "WrongInputs": "Show `field_errors` beside the form's fields.",
    "InvalidRole": "Ask Flexiti to allow these credentials the call.",
    "GeneralError": _ASK_FLEXITI,
    "AuthenticationFailure": "Correct `merchant_username` and `merchant_password`.",
    "AccountNotUsable": "Offer another way to pay.",
    "AgreementRequired": "Let the customer accept the cardholder agreement, then go on.",
    "AmountExceeded": "Take a smaller amount; what is left stands in `authorizations.get`.",
    "ApplicationDeclined": "Offer another way to pay. Do not tell the customer why.",
    "ApplicationNotCreated": "Let the customer apply again, in a new checkout.",
    "ApplicationPending": (
        "Tell the customer that Flexiti will be in touch; offer another way to pay."
    ),
    "AuthorizationEnded": "Nothing: it is closed. For more money, a new purchase is needed.",
    "CardAccountMismatch": "Ask for the card again.",
    "CreditExceeded": "Offer a smaller purchase or another way to pay.",
    "CustomerExists": "Begin a purchase (`PurchaseWidget`) instead of an application.",
    "LocationNotFound": "Correct the location's number, or ask Flexiti to add the location.",
    "NotPermitted": "Ask Flexiti to allow this merchant the call; `code` names the permission.",
    "NotVerified": "Send the customer through the widget again (in store: `verify()` again).",
    "PlanNotAvailable": "Take a plan that `plans()` gave for this account and this amount.",
    "ReturnTooLate": "Settle it with the customer outside Flexiti, or ask Flexiti.",
    "TriesExceeded": "Offer another way to pay; the account is locked for a while.",
    "WrongTransactionType": "Correct the transaction type: the API's page of the call lists them.",
    "WrongVerification": "Ask the customer for the code or the answer again.",
    "Throttled": "Wait for `retry_after` seconds.",
    "ServerError": "Try again later, after `retry_after` seconds if it says so.",
    "MalformedAnswer": (
        "Nothing on your side: tell Flexiti, with the `reference_id`; and look for a newer release"
        " of this library."
    ),
    "TokenError": "Offer another way to pay for as long as `retry_after` says.",
    "TokenUnavailable": "Try again after `retry_after` seconds; nobody is asked before.",
    "TokenThrottled": "Wait for `retry_after` seconds. Do all processes share one store?",
    "TokenRejected": (
        "Wait for `retry_after` seconds; if it stays, give Flexiti the `reference_id`."
    ),
    "TokenMisconfigured": (
        "Correct the credentials or the environment: `flexiti-async doctor` helps."
    ),
    "LifetimeTooShort": "Ask for less: lower `flow_ttl` or `min_ttl`.",
    "TokenDeadlock": "Give the trace callback, resolver or store a session of its own.",
    "ClockError": "Have this machine's clock set; look for what delays answers.",
    "StoreError": 'Look after the store; with `on_store_failure="degrade"` sales go on meanwhile.',
    "StoreUnavailable": "Start the store or correct its URL: `flexiti-async doctor` tries it.",
    "RecordUnreadable": "Give all processes the same `token_keys` and the same release.",
}
"""By the name of the class."""
