"""
Take payments through Flexiti's POS API v2.5 from an async web shop.

```python
async with FlexitiSession(FlexitiConfig.load()) as flexiti:
    checkout = await flexiti.checkout()
    widget = await checkout.init_widget(PurchaseWidget(account_number=20009100))
    ...  # redirect the customer to widget.redirection_url
```
"""

from flexiti_async._version import __version__
from flexiti_async.api.common import AccountType, Language, Province
from flexiti_async.api.merchants import MerchantLogin, merchants_login
from flexiti_async.api.widget import (
    AccountTypePlace,
    ApplyWidget,
    Flow,
    PurchaseWidget,
    Widget,
    init_widget,
)
from flexiti_async.checkout import Checkout
from flexiti_async.config import (
    Environment,
    FlexitiConfig,
    OnStoreFailure,
    RefreshRevokesAccess,
)
from flexiti_async.errors import (
    ApiError,
    AuthenticationFailure,
    BadHttp,
    BadRequest,
    CheckoutConflict,
    CheckoutError,
    CheckoutNotFound,
    CheckoutTokenRejected,
    ClockError,
    ConfigError,
    Conflict,
    ConnectError,
    ConnectionLost,
    FieldError,
    FlexitiError,
    Forbidden,
    GeneralError,
    InsufficientScope,
    InvalidRole,
    LifetimeTooShort,
    MalformedAnswer,
    NotFound,
    OutcomeUnknown,
    RecordUnreadable,
    RequestTimeout,
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
    Unauthorized,
    ValidationError,
    WrongInputs,
    WrongLoop,
)
from flexiti_async.sansio.call import Call, Replay
from flexiti_async.sansio.checkout_state import Sharing, Step
from flexiti_async.sansio.secret import Secret
from flexiti_async.sansio.token import Scope, Token
from flexiti_async.session import FlexitiSession
from flexiti_async.store import Entry, TokenStore, open_store

__all__ = [
    "AccountType",
    "AccountTypePlace",
    "ApiError",
    "ApplyWidget",
    "AuthenticationFailure",
    "BadHttp",
    "BadRequest",
    "Call",
    "Checkout",
    "CheckoutConflict",
    "CheckoutError",
    "CheckoutNotFound",
    "CheckoutTokenRejected",
    "ClockError",
    "ConfigError",
    "Conflict",
    "ConnectError",
    "ConnectionLost",
    "Entry",
    "Environment",
    "FieldError",
    "FlexitiConfig",
    "FlexitiError",
    "FlexitiSession",
    "Flow",
    "Forbidden",
    "GeneralError",
    "InsufficientScope",
    "InvalidRole",
    "Language",
    "LifetimeTooShort",
    "MalformedAnswer",
    "MerchantLogin",
    "NotFound",
    "OnStoreFailure",
    "OutcomeUnknown",
    "Province",
    "PurchaseWidget",
    "RecordUnreadable",
    "RefreshRevokesAccess",
    "Replay",
    "RequestTimeout",
    "Scope",
    "Secret",
    "ServerError",
    "SessionClosed",
    "Sharing",
    "Step",
    "StoreError",
    "StoreUnavailable",
    "Throttled",
    "Token",
    "TokenDeadlock",
    "TokenError",
    "TokenMisconfigured",
    "TokenRejected",
    "TokenStore",
    "TokenThrottled",
    "TokenUnavailable",
    "TransportError",
    "Unauthorized",
    "ValidationError",
    "Widget",
    "WrongInputs",
    "WrongLoop",
    "__version__",
    "init_widget",
    "merchants_login",
    "open_store",
]
