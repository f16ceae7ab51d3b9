"""Advice for each error, and who acts on it: what the error catalogue has beyond docstrings."""

from collections.abc import Mapping
from typing import Final

__all__ = ["ADVICE", "AUDIENCES"]

_ASK_FLEXITI: Final = "Send Flexiti the `reference_id`, and offer another payment method."

ADVICE: Final[Mapping[str, str]] = {
    "FlexitiError": "Catch it last: the checkout cannot continue.",
    "ConfigError": "Correct `option`; `suggestion` is the nearest valid name.",
    "ValidationError": (
        "Show `field_errors` beside the form's fields, with the sentences of `customer_text`, and "
        "let the customer correct them. `hint` has the rule for the developer."
    ),
    "MalformedEvent": (
        "Answer the browser with 400 and change nothing. The page's script is wrong, or the event "
        "is a forgery."
    ),
    "CheckoutError": "`resume()` the checkout; its `step` determines which calls are allowed.",
    "CheckoutNotFound": (
        "Call `checkout()` with the key of the order: it raises what is known of a payment, or "
        "starts anew. With the wrong kind, call the method that the text names."
    ),
    "CheckoutExpired": (
        "Its operation did not run. Call `checkout()` with the same key, and send the customer "
        "through the widget again."
    ),
    "CheckoutConflict": (
        "`resume()` the checkout and continue from its step. A double click is a common cause."
    ),
    "EventRefused": "Ignore the event. Repeated ones point to an attack.",
    "CheckoutTokenRejected": "Start a new checkout and send the customer through the widget again.",
    "SessionClosed": "Keep one session open for the life of the process, and close it last.",
    "SessionEntered": "Enter the session once, where the process starts, and share it.",
    "WrongLoop": "Pass a `ClientSession` that was created in this loop, or none.",
    "OperationError": "Handle the classes below; `operation_id` names it in the journal.",
    "OperationInProgress": (
        "Make the call again with the same key after `retry_after` seconds; answer the browser "
        "with 409."
    ),
    "IdempotencyKeyReused": (
        "With `phase` `done`, the order is paid: show it, do not charge again. Otherwise it is "
        "being checked. A new key is right only for something else to pay."
    ),
    "JournalForgot": (
        "Answer with 503 and page the operator, who runs `flexiti-async journal check`, compares "
        "the orders with Flexiti, and then runs `journal accept`."
    ),
    "TransportError": "Handle the classes below: each says whether the call is safe to repeat.",
    "ConnectError": "Try again: nothing was sent. If it persists, run `flexiti-async doctor`.",
    "RequestTimeout": "Try again: this call may be repeated. It was, as often as `retries` says.",
    "ConnectionLost": "Try again: this call may be repeated. It was, as often as `retries` says.",
    "BadHttp": "A proxy may be in the way; run `flexiti-async doctor`.",
    "OutcomeUnknown": (
        "Mark the order as being checked and do not let the customer pay another way. The job of "
        "*Reconcile unknown outcomes* finds out; the same key is harmless, another one is not."
    ),
    "ApiError": "Check `code` and `field_errors`, and keep `reference_id` for Flexiti.",
    "BadRequest": "Correct the fields in `field_errors`; the same request cannot succeed.",
    "PhoneNotReachable": "Ask the customer for another phone number.",
    "Unauthorized": (
        "The call was repeated with a new token. If it persists, run `flexiti-async doctor`."
    ),
    "Forbidden": "Ask Flexiti whether this machine and these credentials may call the API.",
    "InsufficientScope": (
        "Use a method of the session, which has the right scope. In your own `Call`, correct "
        "`scope`."
    ),
    "NotFound": "Check the number in the call, and the environment.",
    "CustomerNotIdentified": "Send the customer through the widget first.",
    "Conflict": "Check `code`: it is a decision, not a failure. Do not repeat the call.",
    "WrongInputs": "Show `field_errors` beside the form's fields.",
    "InvalidRole": "Ask Flexiti to permit this call for these credentials.",
    "GeneralError": _ASK_FLEXITI,
    "AuthenticationFailure": "Correct `merchant_username` and `merchant_password`.",
    "AccountNotUsable": "Offer another payment method.",
    "AgreementRequired": "Let the customer accept the cardholder agreement, then continue.",
    "AmountExceeded": "Use a smaller amount; `authorizations.get` has the rest.",
    "ApplicationDeclined": "Offer another payment method, without the reason.",
    "ApplicationNotCreated": "Let the customer apply again, in a new checkout.",
    "ApplicationPending": (
        "Inform the customer that Flexiti will be in touch; offer another payment method."
    ),
    "AuthorizationEnded": "Authorize a new purchase for further amounts.",
    "CardAccountMismatch": "Ask the customer for the card again.",
    "CreditExceeded": "Offer a smaller purchase or another payment method.",
    "CustomerExists": "Start a purchase (`PurchaseWidget`) instead of an application.",
    "LocationNotFound": "Correct the location's number, or ask Flexiti to add the location.",
    "NotPermitted": "Ask Flexiti to permit this call; `code` names the permission.",
    "NotVerified": "Send the customer through the widget again (in store: `verify()` again).",
    "PlanNotAvailable": "Use a plan that `plans()` returned for this account and amount.",
    "ReturnTooLate": "Refund the customer outside Flexiti, or ask Flexiti.",
    "TriesExceeded": "Offer another payment method; the account is locked for some time.",
    "WrongTransactionType": "Correct the transaction type; the API's page of the call lists them.",
    "WrongVerification": "Ask the customer for the code or the answer again.",
    "Throttled": "Wait for `retry_after` seconds.",
    "ServerError": "Try again later, after `retry_after` seconds if set.",
    "MalformedAnswer": (
        "Look for a newer release of this library, and report it to Flexiti with the "
        "`reference_id`."
    ),
    "TokenError": "Offer another payment method for `retry_after` seconds.",
    "TokenUnavailable": "Try again after `retry_after` seconds; no request is sent before that.",
    "TokenThrottled": "Wait for `retry_after` seconds. Check that all processes share one store.",
    "TokenRejected": (
        "Wait for `retry_after` seconds. If it persists, send Flexiti the `reference_id`."
    ),
    "TokenMisconfigured": (
        "Correct the credentials or the environment; `flexiti-async doctor` checks both."
    ),
    "LifetimeTooShort": "Lower `flow_ttl` or `min_ttl`.",
    "TokenDeadlock": "Give the trace callback, resolver or store its own session.",
    "ClockError": "Correct this machine's clock, or find the cause of slow answers.",
    "StoreError": 'Repair the store; with `on_store_failure="degrade"` sales continue meanwhile.',
    "StoreUnavailable": "Start the store or correct its URL; `flexiti-async doctor` checks it.",
    "RecordUnreadable": "Run all processes with the same `token_keys` and the same release.",
}
"""Advice by class name."""

AUDIENCES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "The customer sees it": (
        (
            "The customer can do something about it, or has to know. `problem_of` has their texts, "
            "in English and French."
        ),
        (
            *("ValidationError", "WrongInputs", "OutcomeUnknown", "OperationInProgress"),
            *("CheckoutNotFound", "CheckoutExpired", "CheckoutConflict", "CheckoutTokenRejected"),
            *("CustomerNotIdentified", "NotVerified", "WrongVerification", "TriesExceeded"),
            *("PhoneNotReachable", "AccountNotUsable", "CardAccountMismatch", "CreditExceeded"),
            *("PlanNotAvailable", "AgreementRequired", "CustomerExists", "ApplicationDeclined"),
            *("ApplicationPending", "ApplicationNotCreated"),
        ),
    ),
    "A bug of the shop": (
        (
            "The program made a call that cannot succeed, or an order cannot be handled this way: "
            "change the code. The customer sees that paying is not possible now."
        ),
        (
            *("MalformedEvent", "EventRefused", "IdempotencyKeyReused", "BadRequest", "NotFound"),
            *("Conflict", "InsufficientScope", "AmountExceeded", "AuthorizationEnded"),
            *("ReturnTooLate", "WrongTransactionType", "LifetimeTooShort", "TokenDeadlock"),
            *("SessionClosed", "WrongLoop", "SessionEntered"),
        ),
    ),
    "Operations": (
        (
            "Network, credentials, configuration, store, or Flexiti itself: somebody who runs the "
            "shop acts, and `flexiti-async doctor` helps."
        ),
        (
            *("ConfigError", "JournalForgot", "ConnectError", "RequestTimeout", "ConnectionLost"),
            *("BadHttp", "Unauthorized", "Forbidden", "InvalidRole", "AuthenticationFailure"),
            *("NotPermitted", "LocationNotFound", "GeneralError", "Throttled", "ServerError"),
            *("MalformedAnswer", "TokenUnavailable", "TokenThrottled", "TokenRejected"),
            *("TokenMisconfigured", "ClockError", "StoreUnavailable", "RecordUnreadable"),
        ),
    ),
    "Classes above them": (
        "`except` catches a whole branch of the tree with one of these.",
        (
            *("FlexitiError", "CheckoutError", "OperationError", "TransportError", "ApiError"),
            *("TokenError", "StoreError"),
        ),
    ),
}
"""By who acts: a sentence about the group, and its classes. Every class is in one group."""
