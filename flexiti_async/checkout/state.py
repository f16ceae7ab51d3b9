"""
The state of a checkout, and its text in the store, from which any process can resume it.

Like a token record, it names its own key, and its times are durations from its write.
"""

import enum
import math
from decimal import Decimal
from typing import Final

import msgspec
from attrs import field, frozen

from flexiti_async.errors import RecordUnreadable
from flexiti_async.protocol.record_json import as_ascii, decode_secret, encode_secret
from flexiti_async.protocol.secret import Secret
from flexiti_async.tokens.record import StoredToken

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
    """The step that a checkout has reached."""

    OPEN = "open"
    """Online: it has a reference id and a token; no call has succeeded yet."""
    IN_STORE = "in_store"
    """The same at a counter, with a merchant token, which never reaches a browser."""
    WIDGET = "widget"
    """widget/init has succeeded: the customer can be redirected to the URL."""
    STOPPED = "stopped"
    """The widget has ended without a result to go on with; another one may follow."""
    VERIFIED = "verified"
    """The widget has reported that the customer is verified for an account."""
    READY_TO_APPLY = "ready_to_apply"
    """The widget has reported that /apply may be sent."""
    APPLYING = "applying"
    """/apply is in flight, or its outcome is unknown."""
    APPLIED = "applied"
    """The API has accepted /apply."""
    ACCOUNT_FOUND = "account_found"
    """In store: the customer's account is known."""
    CODE_SENT = "code_sent"
    """In store: a verification code is known, or was sent to the customer."""
    AUTHORIZING = "authorizing"
    """The authorization is in flight, or its outcome is unknown."""
    AUTHORIZED = "authorized"
    """The amount is authorized."""
    CAPTURING = "capturing"
    """A capture is in flight, or its outcome is unknown."""
    CAPTURED = "captured"
    """An amount is captured; something may be left to capture or release."""
    RELEASING = "releasing"
    """A release is in flight, or its outcome is unknown."""
    RELEASED = "released"
    """The whole amount was released, nothing was captured: the end."""
    CLOSED = "closed"
    """An amount is captured, and nothing is left to capture or release."""
    RETURNING = "returning"
    """A return is in flight, or its outcome is unknown."""
    REFUNDING = "refunding"
    """A refund is in flight, or its outcome is unknown."""


class Sharing(enum.StrEnum):
    """Whether a checkout shares its token with others (design section 4)."""

    SHARED = "shared"
    """One token for all checkouts: the default for purchases."""
    DEDICATED = "dedicated"
    """A token of its own: the default for applications, because the API compares the later /apply
    with the widget/init payload of the same token (spec section 2.6)."""


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
"""Steps in which a call that must not run twice is in flight, or its outcome unknown."""


@frozen
class Claimed:
    """
    A call that must not run twice, as claimed before it is sent.

    Attributes:
        before: The step to return to if it was not executed.
        after: The step that follows if it was executed.
        open_amount: Dollars left to capture or release if it was executed; None if unknown.
    """

    before: Step
    after: Step
    open_amount: Decimal | None = None


@frozen
class CheckoutState:
    """
    The state of a checkout.

    Attributes:
        reference_id: The flow's `x-reference-id`.
        token: The pinned token.
        sharing: Whether the token is shared or dedicated.
        step: The present step.
        session_id: `widget_session_id` of the newest widget/init.
        flow: `apply` or `purchase`, once known.
        in_store: Whether it is at a counter, with a merchant token.
        account_number: Digits of the customer's account, once known.
        request_id: In store: the id that verification and authorization share.
        verification_code: In store: the code, if the answer to verify contained it.
        authorization_id: Id of the authorization, once known.
        capture_ids: Ids of its captures, as far as the answers contained them.
        open_amount: Dollars left to capture or release; None if unknown.
        claimed: The call that is in flight, or whose outcome is unknown.
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


_encoder: Final = msgspec.json.Encoder(enc_hook=encode_secret)
_decoder: Final = msgspec.json.Decoder(_Wire, dec_hook=decode_secret)


def encode_checkout(state: CheckoutState, key: str) -> str:
    """Encode a checkout as ASCII JSON."""
    return as_ascii(_encoder.encode(_Wire(VERSION, key, state)))


def decode_checkout(payload: str, key: str) -> CheckoutState:
    """
    Decode the checkout that was stored under `key`.

    Raises:
        RecordUnreadable: It has another key or version, or is not a checkout.
    """
    problem = "it is not a checkout of flexiti-async"
    try:
        wire = _decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    else:
        token = wire.checkout.token
        if wire.v != VERSION:
            problem = f"it has version {wire.v}, this release reads version {VERSION}"
        elif wire.key != key:
            problem = "it names another key"
        elif not (math.isfinite(token.remaining) and 0 <= token.remaining <= token.lifetime):
            problem = "its token has no valid remaining life"
        elif (wire.checkout.claimed is None) == (wire.checkout.step in CLAIMS):
            problem = "its step does not match its claim"
        else:
            return wire.checkout
    del payload  # it holds a token, and this frame may end up in a traceback
    msg = f"the checkout under {key} cannot be read: {problem}"
    raise RecordUnreadable(msg)
