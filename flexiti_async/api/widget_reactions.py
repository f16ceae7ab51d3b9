"""
The shop's reaction to an event of the widget: the table of spec section 7.4 as data.

Only a numeric account, `verified` and `purchase` together lead to a purchase. Events without a row,
and rows whose text is cut off in the portal, are `Reaction.UNKNOWN`: nothing happens.
"""

import enum
from typing import Final

from attrs import frozen

from flexiti_async.api.widget import Flow
from flexiti_async.api.widget_events import Action, EventType, WidgetEvent

__all__ = ["SCENARIOS", "Reaction", "Scenario", "react"]


class Reaction(enum.StrEnum):
    """The next step for the shop."""

    AUTHORIZE = "authorize"
    """The customer is verified for the account: show the plans, then authorize."""
    APPLY = "apply"
    """Call apply: without that call the application does not exist."""
    ACTIVATE = "activate"
    """The account needs activation: open `CUSTOMER_PORTAL` in a new tab, or leave it to the
    customer."""
    PAY_OTHERWISE = "pay_otherwise"
    """The verification failed: inform the customer, and offer other payment methods."""
    NEW_APPLICATION = "new_application"
    """The customer wants a new account: start a new checkout with an application."""
    STOP = "stop"
    """The account's status rules out a purchase: inform the customer."""
    RETRY = "retry"
    """A third party did not answer in time: offer the widget again."""
    CANCELLED = "cancelled"
    """The customer has cancelled."""
    FAILED = "failed"
    """The widget has failed; the event has a status and a message."""
    UNKNOWN = "unknown"
    """An event that this release does not know, or a row whose text is cut off in the portal: the
    checkout stays in its step."""


@frozen
class Scenario:
    """
    One row of the table.

    Attributes:
        flow: The flow of the widget.
        account: Whether the event has an account number; None if it does not matter.
        verified: Whether the widget reports the customer as verified; None if it does not matter.
        action: The customer's intention.
        reaction: The next step for the shop.
        situation: The situation in words.
    """

    flow: Flow
    account: bool | None
    verified: bool | None
    action: Action | None
    reaction: Reaction
    situation: str

    def fits(self, event: WidgetEvent, flow: Flow) -> bool:
        """Whether an event is in this row. Without `verified` the customer is not verified."""
        return (
            self.flow is flow
            and self.account in {None, event.account_number is not None}
            and self.verified in {None, event.verified is True}
            and self.action == event.action
        )


_NO_ACCOUNT: Final = False
_ACCOUNT: Final = True
_ANY: Final = None

SCENARIOS: Final = (
    # Application; the page removed this table in version 25 and kept "must call apply".
    Scenario(
        *(Flow.APPLY, _NO_ACCOUNT, False, Action.ACTIVATION, Reaction.ACTIVATE),
        "several accounts, the customer picks the activation of one",
    ),
    Scenario(
        *(Flow.APPLY, _NO_ACCOUNT, _ANY, Action.APPLY, Reaction.APPLY),
        "a new application, or one beside an existing account",
    ),
    Scenario(
        *(Flow.APPLY, _NO_ACCOUNT, False, None, Reaction.STOP),
        "derogatory status of an existing account",
    ),
    Scenario(
        *(Flow.APPLY, _ACCOUNT, False, Action.PURCHASE, Reaction.UNKNOWN),
        "the customer chooses to buy with an existing account (the reaction is cut off)",
    ),
    # Purchase.
    Scenario(
        *(Flow.PURCHASE, _ACCOUNT, True, Action.PURCHASE, Reaction.AUTHORIZE),
        "verified",
    ),
    Scenario(
        *(Flow.PURCHASE, _ACCOUNT, False, Action.PURCHASE, Reaction.PAY_OTHERWISE),
        "the verification failed",
    ),
    Scenario(
        *(Flow.PURCHASE, _NO_ACCOUNT, False, Action.ACTIVATION, Reaction.ACTIVATE),
        "the account needs activation",
    ),
    Scenario(
        *(Flow.PURCHASE, _NO_ACCOUNT, False, Action.APPLY, Reaction.NEW_APPLICATION),
        "the account is not active, the customer wants a new application",
    ),
    Scenario(
        *(Flow.PURCHASE, _NO_ACCOUNT, False, None, Reaction.STOP),
        "derogatory status",
    ),
    Scenario(
        *(Flow.PURCHASE, _NO_ACCOUNT, False, Action.PURCHASE, Reaction.STOP),
        "derogatory status, as pages up to version 24 have it",
    ),
    # Account and verification of this row are cut off. Its reaction does not depend on them.
    Scenario(
        *(Flow.PURCHASE, _ANY, _ANY, Action.RETRY, Reaction.RETRY),
        "a third party did not answer in time",
    ),
    Scenario(
        *(Flow.APPLY, _ANY, _ANY, Action.RETRY, Reaction.RETRY),
        "a third party did not answer in time",
    ),
)
"""Every row of `flx-success`, by the flow of the widget."""


def react(event: WidgetEvent, flow: Flow) -> Reaction:
    """
    Return the shop's reaction to an event. It proves nothing: see `api/widget_events.py`.

    Args:
        event: The event that the browser has posted.
        flow: The flow of the widget.
    """
    match event.type:
        case EventType.CANCEL:
            return Reaction.CANCELLED
        case EventType.FAILURE:
            return Reaction.FAILED
        case EventType.SUCCESS:
            rows = (row.reaction for row in SCENARIOS if row.fits(event, flow))
            return next(rows, Reaction.UNKNOWN)
        case _:
            return Reaction.UNKNOWN
