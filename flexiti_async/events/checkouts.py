"""
The events of checkouts, typed.

```
CheckoutEvent            (reference_id, idempotency_key, in_store, flow, seconds)
├── CheckoutStarted       a checkout was started
├── CheckoutVerified      the customer may go on to `authorize` or `apply`
├── CheckoutDeclined      Flexiti does not let the customer go on, and why
├── CheckoutCancelled     the customer has cancelled the widget
├── CheckoutFailed        the widget has failed
├── CheckoutAuthorized    the amount is authorized: the end
├── CheckoutApplied       the application was sent, and not declined: the end
└── CheckoutExpiry        the token has ended, and with it the checkout
```

Each step is reported once, by the process that took it, however many workers have resumed the
checkout: a step is taken by compare-and-swap in the store, an operation by one in the journal. Two
limits: with the store down two workers may both report a step that neither could save; and a
process that dies between the record of a step and its report has reported nothing.

A customer may take a step again, with another widget or another plan, and then it is reported
again. So one checkout can have several `CheckoutVerified` and `CheckoutDeclined`.
"""

from attrs import frozen

from flexiti_async.events.listeners import Event

__all__ = [
    "CheckoutApplied",
    "CheckoutAuthorized",
    "CheckoutCancelled",
    "CheckoutDeclined",
    "CheckoutEvent",
    "CheckoutExpiry",
    "CheckoutFailed",
    "CheckoutStarted",
    "CheckoutVerified",
]


@frozen(kw_only=True)
class CheckoutEvent(Event):
    """
    Base of the events about checkouts.

    Attributes:
        reference_id: The flow's `x-reference-id`.
        idempotency_key: The shop's name for what is paid or applied for.
        in_store: Whether it is at a counter.
        flow: `purchase` or `apply`; None online before the first widget/init.
        seconds: Time since it was started, the customer's included.
    """

    reference_id: str
    idempotency_key: str
    in_store: bool
    flow: str | None
    seconds: float


@frozen(kw_only=True)
class CheckoutStarted(CheckoutEvent):
    """A checkout was started: it has a reference id and a token."""


@frozen(kw_only=True)
class CheckoutVerified(CheckoutEvent):
    """
    The customer may go on to `authorize` or `apply`.

    Online the widget has said so, through the browser, which proves nothing. In store the answer to
    `verify` contained a code; a code that was sent to the customer is proved by the authorization,
    and then this event comes right before CheckoutAuthorized.
    """


@frozen(kw_only=True)
class CheckoutDeclined(CheckoutEvent):
    """
    Flexiti does not let the customer go on.

    Attributes:
        reason: The widget's: the value of a `Reaction`, `activate`, `pay_otherwise`,
            `new_application` or `stop`. The API's: the name of the error, `AccountNotUsable`,
            `CreditExceeded` or `NotVerified` of an authorization, which leaves the checkout at its
            step, or `ApplicationDeclined`. All other refusals are an OperationRefused only.
    """

    reason: str


@frozen(kw_only=True)
class CheckoutCancelled(CheckoutEvent):
    """The customer has cancelled the widget; another one may follow."""


@frozen(kw_only=True)
class CheckoutFailed(CheckoutEvent):
    """
    The widget has ended without a decision; another one may follow.

    Attributes:
        reason: `failed`, or `retry` if a third party did not answer in time.
    """

    reason: str


@frozen(kw_only=True)
class CheckoutAuthorized(CheckoutEvent):
    """
    The amount is authorized.

    An operation that somebody has resolved is reported when a worker next resumes the checkout.

    Attributes:
        captured: Whether the authorization has captured it as well (`auto_capture`).
    """

    captured: bool


@frozen(kw_only=True)
class CheckoutApplied(CheckoutEvent):
    """The application was sent, and Flexiti has approved it or keeps it pending."""


@frozen(kw_only=True)
class CheckoutExpiry(CheckoutEvent):
    """
    The checkout has ended with its token, before an authorization or application.

    No timer watches checkouts: this is noticed when a worker makes a call of the checkout after the
    token's end or gets it rejected by the API, or resumes it within a minute of that end. A
    checkout that its customer has left for good is never reported.
    """
