"""The steps of a checkout by name, which of them are claims, and whose token it pins."""

import enum
from typing import Final

__all__ = ["CLAIMS", "Sharing", "Step"]


class Step(enum.StrEnum):
    """How far a checkout has come."""

    OPEN = "open"
    """Online: it has a reference id and a token, and no call of it has succeeded."""
    IN_STORE = "in_store"
    """The same at a counter, with a merchant's token, which no browser ever sees."""
    WIDGET = "widget"
    """widget/init has succeeded: the customer can be sent to the URL."""
    STOPPED = "stopped"
    """The widget has ended with nothing to go on with; another one may follow."""
    VERIFIED = "verified"
    """The widget says that the customer is verified for an account."""
    READY_TO_APPLY = "ready_to_apply"
    """The widget has let the applicant go on: /apply is due."""
    APPLYING = "applying"
    """/apply was sent, or is about to be."""
    APPLIED = "applied"
    """/apply has been answered."""
    ACCOUNT_FOUND = "account_found"
    """In store: the customer's account is known."""
    CODE_SENT = "code_sent"
    """In store: a verification code was answered, or sent to the customer."""
    AUTHORIZING = "authorizing"
    """The authorization was sent, or is about to be."""
    AUTHORIZED = "authorized"
    """Credit is set aside."""
    CAPTURING = "capturing"
    """A capture was sent, or is about to be."""
    CAPTURED = "captured"
    """A part is captured, or all of it as far as is known; something may be left."""
    RELEASING = "releasing"
    """A release was sent, or is about to be."""
    RELEASED = "released"
    """All was released and nothing captured: the end."""
    CLOSED = "closed"
    """Something is captured, and nothing is left to capture or release."""
    RETURNING = "returning"
    """A return was sent, or is about to be."""
    REFUNDING = "refunding"
    """A refund was sent, or is about to be."""


class Sharing(enum.StrEnum):
    """Whose token a checkout pins (design section 4)."""

    SHARED = "shared"
    """The token of all checkouts: the default for purchases."""
    DEDICATED = "dedicated"
    """One of its own: the default for applications, whose later /apply the API compares with the
    widget/init payload of the same token (spec section 2.6)."""


CLAIMS: Final = frozenset(
    {
        Step.APPLYING,
        Step.AUTHORIZING,
        Step.CAPTURING,
        Step.RELEASING,
        Step.RETURNING,
        Step.REFUNDING,
    }
)
"""Steps in which a call that must not run twice is under way, or its outcome unknown."""
