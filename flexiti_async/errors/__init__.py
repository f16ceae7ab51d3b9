"""
All errors that this library raises on purpose, as one tree.

```
FlexitiError
├── ConfigError                    the configuration is wrong; nothing was sent
├── ValidationError                the data of a call are invalid; nothing was sent (field_errors)
│   └── MalformedEvent             the browser's data are not an event of the widget
├── CheckoutError                  the checkout cannot take this step
│   ├── CheckoutNotFound           no checkout is saved under this reference id
│   ├── CheckoutConflict           another process took this step
│   ├── CheckoutExpired            the flow has ended with its token; nothing was sent
│   ├── EventRefused               an event of another widget session, or of another account
│   └── CheckoutTokenRejected      the API rejected the token pinned to this checkout
├── SessionClosed                  the session, or its borrowed client session, is closed
│   └── WrongLoop                  the borrowed client session belongs to another event loop
├── SessionEntered                 `async with` on a session that is entered already
├── OperationError                 a call that moves money        (operation_id, idempotency_key)
│   ├── OperationInProgress        another caller is making it; nothing was sent
│   ├── OutcomeUnknown             it may or may not have run
│   ├── IdempotencyKeyReused       the key names another operation; nothing was sent
│   └── JournalForgot              the journal may have lost records; nothing was sent
├── TransportError                 no answer                      (reference_id, endpoint)
│   ├── ConnectError               never sent: the call is safe to repeat
│   ├── RequestTimeout             no answer in time; the call is safe to repeat
│   ├── ConnectionLost             broken before the answer was complete; safe to repeat
│   └── BadHttp                    an answer that is not HTTP, or is larger than allowed
├── ApiError                       the API answered                (status, code, field_errors, …)
│   ├── BadRequest                 400, and any 4xx without a class below
│   │   └── PhoneNotReachable      no text message reaches this number
│   ├── Unauthorized               401
│   ├── Forbidden                  403, 465, 466, 467
│   │   └── InsufficientScope      403: the endpoint does not accept tokens of this scope
│   ├── NotFound                   404
│   │   └── CustomerNotIdentified  the customer has not been through the widget
│   ├── Conflict                   409, the API's main error status
│   │   ├── WrongInputs            wrong_inputs: see field_errors
│   │   ├── InvalidRole            invalid_role: these credentials may not do this
│   │   ├── GeneralError           general_error: the portal says to contact Flexiti
│   │   ├── AuthenticationFailure  authentication_failure: merchant user name or password
│   │   ├── AccountNotUsable       this account cannot make purchases
│   │   ├── AgreementRequired      the cardholder agreement is not accepted
│   │   ├── AmountExceeded         above the remaining amount, or the daily limit
│   │   ├── ApplicationDeclined    the application is declined
│   │   ├── ApplicationNotCreated  a third party timed out: apply again
│   │   ├── ApplicationPending     no decision yet
│   │   ├── AuthorizationEnded     closed: nothing left to capture or release
│   │   ├── CardAccountMismatch    the card does not belong to this account
│   │   ├── CreditExceeded         not enough available credit
│   │   ├── CustomerExists         the applicant already has an account
│   │   ├── LocationNotFound       unknown location of the merchant
│   │   ├── NotPermitted           this merchant or account may not do this
│   │   ├── NotVerified            the widget session or request_id does not match
│   │   ├── PlanNotAvailable       not a plan of calculate-interest for this purchase
│   │   ├── ReturnTooLate          more than 100 days have passed
│   │   ├── TriesExceeded          too many wrong answers
│   │   ├── WrongTransactionType   not possible for this kind of transaction
│   │   └── WrongVerification      wrong code or answer: ask again
│   ├── Throttled                  429                             (retry_after)
│   ├── ServerError                5xx                             (retry_after)
│   └── MalformedAnswer            an answer that differs from the API's documentation
├── TokenError                     could not obtain a token        (retry_after, reference_id)
│   ├── TokenUnavailable           transient: network, 5xx, no answer in time
│   ├── TokenThrottled             the token endpoint limits requests
│   ├── TokenRejected              the API rejects the refresh token
│   ├── TokenMisconfigured         client id, secret, role or scope are wrong
│   ├── LifetimeTooShort           no token lives as long as the caller requires
│   ├── TokenDeadlock              a token request waits for its own result
│   └── ClockError                 the token had expired when it arrived
└── StoreError                     the token store
    ├── StoreUnavailable           down, slow or full
    └── RecordUnreadable           a record of another key, version or key ring
```

Every error carries its data as attributes, and its text is built from them. No error contains
a secret or personal data, or chains an exception of another library that does. All can be pickled
and copied.
"""

from flexiti_async.errors.api import (
    ApiError,
    AuthenticationFailure,
    BadRequest,
    Conflict,
    Forbidden,
    GeneralError,
    InsufficientScope,
    InvalidRole,
    MalformedAnswer,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
    WrongInputs,
)
from flexiti_async.errors.base import (
    CheckoutConflict,
    CheckoutError,
    CheckoutExpired,
    CheckoutNotFound,
    CheckoutTokenRejected,
    ConfigError,
    EventRefused,
    FieldError,
    FlexitiError,
    MalformedEvent,
    SessionClosed,
    SessionEntered,
    ValidationError,
    WrongLoop,
)
from flexiti_async.errors.business import (
    AccountNotUsable,
    AgreementRequired,
    AmountExceeded,
    ApplicationDeclined,
    ApplicationNotCreated,
    ApplicationPending,
    AuthorizationEnded,
    CardAccountMismatch,
    CreditExceeded,
    CustomerExists,
    CustomerNotIdentified,
    LocationNotFound,
    NotPermitted,
    NotVerified,
    PhoneNotReachable,
    PlanNotAvailable,
    ReturnTooLate,
    TriesExceeded,
    WrongTransactionType,
    WrongVerification,
)
from flexiti_async.errors.operation import (
    IdempotencyKeyReused,
    JournalForgot,
    OperationError,
    OperationInProgress,
    OutcomeUnknown,
)
from flexiti_async.errors.store import (
    RecordUnreadable,
    StoreError,
    StoreUnavailable,
)
from flexiti_async.errors.token import (
    ClockError,
    LifetimeTooShort,
    TokenDeadlock,
    TokenError,
    TokenMisconfigured,
    TokenRejected,
    TokenThrottled,
    TokenUnavailable,
)
from flexiti_async.errors.transport import (
    BadHttp,
    ConnectError,
    ConnectionLost,
    RequestTimeout,
    TransportError,
)

__all__ = [
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
    "IdempotencyKeyReused",
    "InsufficientScope",
    "InvalidRole",
    "JournalForgot",
    "LifetimeTooShort",
    "LocationNotFound",
    "MalformedAnswer",
    "MalformedEvent",
    "NotFound",
    "NotPermitted",
    "NotVerified",
    "OperationError",
    "OperationInProgress",
    "OutcomeUnknown",
    "PhoneNotReachable",
    "PlanNotAvailable",
    "RecordUnreadable",
    "RequestTimeout",
    "ReturnTooLate",
    "ServerError",
    "SessionClosed",
    "SessionEntered",
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
]
