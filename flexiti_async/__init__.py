"""
Take payments through Flexiti's POS API v2.5 from an async web shop.

```python
async with FlexitiSession(FlexitiConfig.load()) as flexiti:
    checkout = await flexiti.checkout()
    widget = await checkout.init_widget(PurchaseWidget(account_number=20009100))
    ...  # redirect the customer to widget.redirection_url
```

What is named here is imported when it is first asked for: a shop that only sells pays for no other
page of the API, and `import flexiti_async` costs next to nothing. `FlexitiSession` brings the HTTP
client, and the first session of a process the rest (`flexiti_async.session_parts`): make it before
there is traffic.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final

from flexiti_async._version import __version__

if TYPE_CHECKING:
    from flexiti_async.api.accounts import ClosedAccount, Verification, VerificationFormat
    from flexiti_async.api.applications import Application, application_body
    from flexiti_async.api.authorization_lists import AuthorizationSearch
    from flexiti_async.api.authorizations import Authorization, AuthorizationStatus
    from flexiti_async.api.captures import Capture, Release
    from flexiti_async.api.common import AccountType, Language, Province
    from flexiti_async.api.customer_messages import customer_text, customer_texts
    from flexiti_async.api.customers import (
        AccountStatus,
        CustomerAccount,
        FoundAccount,
        OfferType,
        SecurityQuestion,
    )
    from flexiti_async.api.driverslicense import DriversLicense
    from flexiti_async.api.merchants import MerchantLogin, merchants_login
    from flexiti_async.api.plans import (
        AnnualRate,
        Fee,
        PlanCustomer,
        Plans,
        PromotionalPurchase,
        RegularPurchase,
        Term,
    )
    from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase, PurchaseType
    from flexiti_async.api.reference import I18nMethod, ReferenceData
    from flexiti_async.api.refunds import Refund
    from flexiti_async.api.returns import Return
    from flexiti_async.api.sku_data import Product, SkuData
    from flexiti_async.api.transactions import Transaction, TransactionRequest, TransactionType
    from flexiti_async.api.widget import (
        AccountTypePlace,
        ApplyWidget,
        Flow,
        PurchaseWidget,
        Widget,
        init_widget,
    )
    from flexiti_async.api.widget_events import (
        CUSTOMER_PORTAL,
        Action,
        EventType,
        MfaOption,
        WidgetEvent,
        parse_event,
    )
    from flexiti_async.api.widget_reactions import Reaction
    from flexiti_async.checkout.base import Checkout
    from flexiti_async.checkout.step import Sharing, Step
    from flexiti_async.config.model import FlexitiConfig
    from flexiti_async.config.options import Environment, OnStoreFailure, RefreshRevokesAccess
    from flexiti_async.errors import (
        AccountNotUsable,
        AgreementRequired,
        AmountExceeded,
        ApiError,
        ApplicationDeclined,
        ApplicationNotCreated,
        ApplicationPending,
        AuthenticationFailure,
        AuthorizationEnded,
        BadHttp,
        BadRequest,
        CardAccountMismatch,
        CheckoutConflict,
        CheckoutError,
        CheckoutExpired,
        CheckoutNotFound,
        CheckoutTokenRejected,
        CheckoutUnsettled,
        ClockError,
        ConfigError,
        Conflict,
        ConnectError,
        ConnectionLost,
        CreditExceeded,
        CustomerExists,
        CustomerNotIdentified,
        EventRefused,
        FieldError,
        FlexitiError,
        Forbidden,
        GeneralError,
        InsufficientScope,
        InvalidRole,
        LifetimeTooShort,
        LocationNotFound,
        MalformedAnswer,
        MalformedEvent,
        NotFound,
        NotPermitted,
        NotVerified,
        OutcomeUnknown,
        PhoneNotReachable,
        PlanNotAvailable,
        RecordUnreadable,
        RequestTimeout,
        ReturnTooLate,
        ServerError,
        SessionClosed,
        StoreError,
        StoreUnavailable,
        Throttled,
        TokenDeadlock,
        TokenError,
        TokenMisconfigured,
        TokenRejected,
        TokenThrottled,
        TokenUnavailable,
        TransportError,
        TriesExceeded,
        Unauthorized,
        ValidationError,
        WrongInputs,
        WrongLoop,
        WrongTransactionType,
        WrongVerification,
    )
    from flexiti_async.protocol.call import Call, Replay
    from flexiti_async.protocol.secret import Secret
    from flexiti_async.protocol.token import Scope, Token
    from flexiti_async.session import FlexitiSession
    from flexiti_async.store.interface import Entry, TokenStore
    from flexiti_async.store.loading import open_store

__all__ = [
    "CUSTOMER_PORTAL",
    "AccountNotUsable",
    "AccountStatus",
    "AccountType",
    "AccountTypePlace",
    "Action",
    "AgreementRequired",
    "AmountExceeded",
    "AnnualRate",
    "ApiError",
    "Application",
    "ApplicationDeclined",
    "ApplicationNotCreated",
    "ApplicationPending",
    "ApplyWidget",
    "AuthenticationFailure",
    "Authorization",
    "AuthorizationEnded",
    "AuthorizationSearch",
    "AuthorizationStatus",
    "BadHttp",
    "BadRequest",
    "Call",
    "Capture",
    "CardAccountMismatch",
    "Checkout",
    "CheckoutConflict",
    "CheckoutError",
    "CheckoutExpired",
    "CheckoutNotFound",
    "CheckoutTokenRejected",
    "CheckoutUnsettled",
    "ClockError",
    "ClosedAccount",
    "ConfigError",
    "Conflict",
    "ConnectError",
    "ConnectionLost",
    "CreditExceeded",
    "CustomerAccount",
    "CustomerExists",
    "CustomerNotIdentified",
    "DriversLicense",
    "Entry",
    "Environment",
    "EventRefused",
    "EventType",
    "Fee",
    "FieldError",
    "FlexitiConfig",
    "FlexitiError",
    "FlexitiSession",
    "Flow",
    "Forbidden",
    "FoundAccount",
    "GeneralError",
    "I18nMethod",
    "InStorePurchase",
    "InsufficientScope",
    "InvalidRole",
    "Language",
    "LifetimeTooShort",
    "LocationNotFound",
    "MalformedAnswer",
    "MalformedEvent",
    "MerchantLogin",
    "MfaOption",
    "NotFound",
    "NotPermitted",
    "NotVerified",
    "OfferType",
    "OnStoreFailure",
    "OnlinePurchase",
    "OutcomeUnknown",
    "PhoneNotReachable",
    "PlanCustomer",
    "PlanNotAvailable",
    "Plans",
    "Product",
    "PromotionalPurchase",
    "Province",
    "PurchaseType",
    "PurchaseWidget",
    "Reaction",
    "RecordUnreadable",
    "ReferenceData",
    "RefreshRevokesAccess",
    "Refund",
    "RegularPurchase",
    "Release",
    "Replay",
    "RequestTimeout",
    "Return",
    "ReturnTooLate",
    "Scope",
    "Secret",
    "SecurityQuestion",
    "ServerError",
    "SessionClosed",
    "Sharing",
    "SkuData",
    "Step",
    "StoreError",
    "StoreUnavailable",
    "Term",
    "Throttled",
    "Token",
    "TokenDeadlock",
    "TokenError",
    "TokenMisconfigured",
    "TokenRejected",
    "TokenStore",
    "TokenThrottled",
    "TokenUnavailable",
    "Transaction",
    "TransactionRequest",
    "TransactionType",
    "TransportError",
    "TriesExceeded",
    "Unauthorized",
    "ValidationError",
    "Verification",
    "VerificationFormat",
    "Widget",
    "WidgetEvent",
    "WrongInputs",
    "WrongLoop",
    "WrongTransactionType",
    "WrongVerification",
    "__version__",
    "application_body",
    "customer_text",
    "customer_texts",
    "init_widget",
    "merchants_login",
    "open_store",
    "parse_event",
]

_HOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "api.accounts": ("ClosedAccount", "Verification", "VerificationFormat"),
    "api.applications": ("Application", "application_body"),
    "api.authorization_lists": ("AuthorizationSearch",),
    "api.authorizations": ("Authorization", "AuthorizationStatus"),
    "api.captures": ("Capture", "Release"),
    "api.common": ("AccountType", "Language", "Province"),
    "api.customers": (
        "AccountStatus",
        "CustomerAccount",
        "FoundAccount",
        "OfferType",
        "SecurityQuestion",
    ),
    "api.driverslicense": ("DriversLicense",),
    "api.widget_events": (
        "CUSTOMER_PORTAL",
        "Action",
        "EventType",
        "MfaOption",
        "WidgetEvent",
        "parse_event",
    ),
    "api.merchants": ("MerchantLogin", "merchants_login"),
    "api.plans": (
        "AnnualRate",
        "Fee",
        "PlanCustomer",
        "Plans",
        "PromotionalPurchase",
        "RegularPurchase",
        "Term",
    ),
    "api.purchases": ("InStorePurchase", "OnlinePurchase", "PurchaseType"),
    "api.widget_reactions": ("Reaction",),
    "api.reference": ("I18nMethod", "ReferenceData"),
    "api.refunds": ("Refund",),
    "api.returns": ("Return",),
    "api.sku_data": ("Product", "SkuData"),
    "api.transactions": ("Transaction", "TransactionRequest", "TransactionType"),
    "api.widget": (
        "AccountTypePlace",
        "ApplyWidget",
        "Flow",
        "PurchaseWidget",
        "Widget",
        "init_widget",
    ),
    "checkout.base": ("Checkout",),
    "config.model": ("FlexitiConfig",),
    "config.options": ("Environment", "OnStoreFailure", "RefreshRevokesAccess"),
    "errors": (
        "AccountNotUsable",
        "AgreementRequired",
        "AmountExceeded",
        "ApiError",
        "ApplicationDeclined",
        "ApplicationNotCreated",
        "ApplicationPending",
        "AuthenticationFailure",
        "AuthorizationEnded",
        "BadHttp",
        "BadRequest",
        "CardAccountMismatch",
        "CheckoutConflict",
        "CheckoutError",
        "CheckoutExpired",
        "CheckoutNotFound",
        "CheckoutTokenRejected",
        "CheckoutUnsettled",
        "ClockError",
        "ConfigError",
        "Conflict",
        "ConnectError",
        "ConnectionLost",
        "CreditExceeded",
        "CustomerExists",
        "CustomerNotIdentified",
        "EventRefused",
        "FieldError",
        "FlexitiError",
        "Forbidden",
        "GeneralError",
        "InsufficientScope",
        "InvalidRole",
        "LifetimeTooShort",
        "LocationNotFound",
        "MalformedAnswer",
        "MalformedEvent",
        "NotFound",
        "NotPermitted",
        "NotVerified",
        "OutcomeUnknown",
        "PhoneNotReachable",
        "PlanNotAvailable",
        "RecordUnreadable",
        "RequestTimeout",
        "ReturnTooLate",
        "ServerError",
        "SessionClosed",
        "StoreError",
        "StoreUnavailable",
        "Throttled",
        "TokenDeadlock",
        "TokenError",
        "TokenMisconfigured",
        "TokenRejected",
        "TokenThrottled",
        "TokenUnavailable",
        "TransportError",
        "TriesExceeded",
        "Unauthorized",
        "ValidationError",
        "WrongInputs",
        "WrongLoop",
        "WrongTransactionType",
        "WrongVerification",
    ),
    "protocol.call": ("Call", "Replay"),
    "checkout.step": ("Sharing", "Step"),
    "api.customer_messages": ("customer_text", "customer_texts"),
    "protocol.secret": ("Secret",),
    "protocol.token": ("Scope", "Token"),
    "session": ("FlexitiSession",),
    "store.interface": ("Entry", "TokenStore"),
    "store.loading": ("open_store",),
}
"""Where each name lives; a test holds it against the imports above, which type checkers read."""

_HOME: Final = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # for type checkers, it would make every misspelt name a good one

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for."""
        home = _HOME.get(name)
        if home is None:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        value = getattr(import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Name what is public, imported or not."""
    return sorted({*globals(), *__all__})
