"""
Everything that this library raises on purpose, as one tree.

```
FlexitiError
├── ConfigError                    the configuration is wrong; nothing was sent
├── ValidationError                the data of a call are wrong; nothing was sent  (field_errors)
│   └── MalformedEvent             what the browser posted is no event of the widget
├── CheckoutError                  the checkout cannot take this step
│   ├── CheckoutNotFound           nothing (any more) is known under this reference id
│   ├── CheckoutConflict           another process took this step
│   ├── CheckoutExpired            its token has ended, and it with it; nothing was sent
│   ├── CheckoutUnsettled          nobody knows yet whether its last call ran
│   ├── EventRefused               an event of another widget session, or of another account
│   └── CheckoutTokenRejected      the API refused the token pinned to a running flow
├── SessionClosed                  the session, or the client session it borrowed, was closed
│   └── WrongLoop                  the client session it borrowed is of another event loop
├── SessionEntered                 `async with` on a session that is entered already
├── TransportError                 no answer                      (reference_id, endpoint)
│   ├── ConnectError               never sent: the same call may be made again
│   ├── RequestTimeout             sent or not, no answer in time; the call is safe to repeat
│   ├── ConnectionLost             broke off in the middle; the call is safe to repeat
│   ├── BadHttp                    an answer that is not HTTP, or is larger than allowed
│   └── OutcomeUnknown             a call that must not be repeated may or may not have run
├── ApiError                       the API answered                (status, code, field_errors, …)
│   ├── BadRequest                 400, and any 4xx that is not below
│   │   └── PhoneNotReachable      no text message reaches this number
│   ├── Unauthorized               401
│   ├── Forbidden                  403, 465, 466, 467
│   │   └── InsufficientScope      403: the endpoint does not take tokens of this scope
│   ├── NotFound                   404
│   │   └── CustomerNotIdentified  the customer has not been through the widget
│   ├── Conflict                   409, the API's main error status
│   │   ├── WrongInputs            wrong_inputs: see field_errors
│   │   ├── InvalidRole            invalid_role: these credentials may not do this
│   │   ├── GeneralError           general_error: the portal says to contact Flexiti
│   │   ├── AuthenticationFailure  authentication_failure: merchant user name or password
│   │   ├── AccountNotUsable       this account cannot buy now
│   │   ├── AgreementRequired      the cardholder agreement is not accepted
│   │   ├── AmountExceeded         more than is left, or than a day allows
│   │   ├── ApplicationDeclined    the application is declined
│   │   ├── ApplicationNotCreated  a third party was too slow: apply again
│   │   ├── ApplicationPending     no decision yet
│   │   ├── AuthorizationEnded     closed: nothing is left of it
│   │   ├── CardAccountMismatch    the card is not one of this account
│   │   ├── CreditExceeded         the customer's credit does not reach
│   │   ├── CustomerExists         the applicant has an account
│   │   ├── LocationNotFound       no such shop of the merchant
│   │   ├── NotPermitted           this merchant or account may not do this
│   │   ├── NotVerified            the widget session or request_id does not fit
│   │   ├── PlanNotAvailable       take a plan of calculate-interest
│   │   ├── ReturnTooLate          more than 100 days have passed
│   │   ├── TriesExceeded          too many wrong answers
│   │   ├── WrongTransactionType   not for this kind of transaction
│   │   └── WrongVerification      the code or the answer is wrong: ask again
│   ├── Throttled                  429                             (retry_after)
│   ├── ServerError                5xx                             (retry_after)
│   └── MalformedAnswer            an answer that is not what the API documents
├── TokenError                     no token                        (retry_after, reference_id)
│   ├── TokenUnavailable           transient: network, 5xx, no answer in time
│   ├── TokenThrottled             the token endpoint asks for patience
│   ├── TokenRejected              the API refuses a token that it has just issued
│   ├── TokenMisconfigured         client id, secret, role or scope are wrong
│   ├── LifetimeTooShort           no token can live as long as this caller asks
│   ├── TokenDeadlock              what fetches a token asked for that token
│   └── ClockError                 a token that arrives expired
└── StoreError                     the token store
    ├── StoreUnavailable           down, slow or full
    └── RecordUnreadable           a record of another key, version or key ring
```

Every error carries its data as attributes; the text is made of them. None of them carries a
secret or personal data, and none chains an exception of another library that does. All can be
pickled and copied.
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
    CheckoutUnsettled,
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
    OutcomeUnknown,
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
