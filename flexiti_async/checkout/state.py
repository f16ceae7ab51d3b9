"""
The state of a checkout, and its text, which any process of the shop can resume.

Like a token record it names its own key, and its times are durations from its write.
"""

import enum
import math
from decimal import Decimal
from typing import Final

import msgspec
from attrs import field, frozen

from flexiti_async.errors import RecordUnreadable
from flexiti_async.protocol.secret import Secret
from flexiti_async.tokens.record import StoredToken, as_ascii, reveal_secret, take_secret

__all__ = [
    "CLAIMS",
    "CheckoutState",
    "Claimed",
    "Sharing",
    "Step",
    "decode_checkout",
    "encode_checkout",
]

VERSION: Final = 1


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


@frozen
class Claimed:
    """
    A call that must not run twice, as it was before it was sent.

    Attributes:
        before: The step to go back to if it did not run.
        after: The step to go on to if it ran.
        open_amount: Dollars left to capture or release if it ran; None if that is not known.
    """

    before: Step
    after: Step
    open_amount: Decimal | None = None


@frozen
class CheckoutState:
    """
    All that a checkout is.

    Attributes:
        reference_id: The flow's `x-reference-id`.
        token: The pinned token.
        sharing: Whose token it is.
        step: How far it has come.
        session_id: `widget_session_id`, once there is one.
        flow: `apply` or `purchase`, once known.
        in_store: Whether it is at a counter: then the pinned token is a merchant's.
        account_number: Digits of the account that buys, once known.
        request_id: In store: what verify and authorization share.
        verification_code: In store: the code, if verify answered one.
        authorization_id: Number of the authorization, once known.
        capture_ids: Numbers of its captures, as far as answers told them.
        open_amount: Dollars left to capture or release; None if that is not known.
        claimed: The call that is under way, or whose outcome nobody knows.
    """

    reference_id: str
    token: StoredToken
    sharing: Sharing
    step: Step = Step.OPEN
    session_id: str | None = None
    flow: str | None = None
    in_store: bool = False
    account_number: str | None = field(default=None, repr=False)
    request_id: str | None = None
    verification_code: Secret | None = None
    authorization_id: str | None = None
    capture_ids: tuple[str, ...] = ()
    open_amount: Decimal | None = None
    claimed: Claimed | None = None


@frozen
class _Wire:
    v: int
    key: str
    checkout: CheckoutState


_encoder: Final = msgspec.json.Encoder(enc_hook=reveal_secret)
_decoder: Final = msgspec.json.Decoder(_Wire, dec_hook=take_secret)


def encode_checkout(state: CheckoutState, key: str) -> str:
    """Write a checkout as ASCII JSON text."""
    return as_ascii(_encoder.encode(_Wire(VERSION, key, state)))


def decode_checkout(payload: str, key: str) -> CheckoutState:
    """
    Read the checkout that was stored under `key`.

    Raises:
        RecordUnreadable: It is of another key, another version, or no checkout at all.
    """
    fault = "it is not a checkout of flexiti-async"
    try:
        wire = _decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    else:
        token = wire.checkout.token
        if wire.v != VERSION:
            fault = f"it has version {wire.v}, this release reads version {VERSION}"
        elif wire.key != key:
            fault = "it names another key"
        elif not (math.isfinite(token.remaining) and 0 <= token.remaining <= token.lifetime):
            fault = "a duration in it makes no sense"
        elif (wire.checkout.claimed is None) == (wire.checkout.step in CLAIMS):
            fault = "its step and what it has claimed do not fit"
        else:
            return wire.checkout
    del payload  # it holds a token, and this frame may end up in a traceback
    msg = f"the checkout under {key} cannot be read: {fault}"
    raise RecordUnreadable(msg)
