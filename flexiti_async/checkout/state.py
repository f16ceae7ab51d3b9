"""
The state of a checkout, and its text in the store, from which any process can resume it.

Like a token record, it names its own key, and its times are durations from its write.
"""

import enum
import math
from typing import Final, Literal

import msgspec
from attrs import field, frozen

from flexiti_async.errors import RecordUnreadable
from flexiti_async.protocol.record_json import as_ascii, decode_secret, encode_secret
from flexiti_async.protocol.secret import Secret
from flexiti_async.tokens.record import StoredToken

__all__ = ["CheckoutState", "Sharing", "SharingWord", "Step", "decode_checkout", "encode_checkout"]

VERSION: Final = 2


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
    APPLIED = "applied"
    """The application was sent and decided, or is pending at Flexiti: the end."""
    ACCOUNT_FOUND = "account_found"
    """In store: the customer's account is known."""
    CODE_SENT = "code_sent"
    """In store: a verification code is known, or was sent to the customer."""
    AUTHORIZED = "authorized"
    """The amount is authorized: the end. `flexiti.authorizations` captures it."""


class Sharing(enum.StrEnum):
    """Whether a checkout shares its token with others."""

    SHARED = "shared"
    """One token for all checkouts: the default for purchases."""
    DEDICATED = "dedicated"
    """A token of its own: the default for applications, because the API compares the later /apply
    with the widget/init payload of the same token (spec section 2.6)."""


SharingWord = Literal["shared", "dedicated"]
"""A `Sharing` as text."""


@frozen
class CheckoutState:
    """
    The state of a checkout.

    Attributes:
        reference_id: The flow's `x-reference-id`.
        idempotency_key: The shop's name for what is paid or applied for.
        token: The pinned token.
        sharing: Whether the token is shared or dedicated.
        step: The present step.
        session_id: `widget_session_id` of the newest widget/init.
        old_widget: Neither that answer nor the event had one, and the shop has said that its widget
            is an old one: operations go without.
        flow: `apply` or `purchase`, once known.
        in_store: Whether it is at a counter, with a merchant token.
        account_number: Digits of the customer's account, once known.
        request_id: In store: the id that verification and authorization share.
        verification_code: In store: the code, if the answer to verify contained it.
        authorization_id: Number of the authorization, once known.
        capture_id: Number of the capture by `auto_capture`, once known.
        elapsed: Seconds since the checkout was started, when this was written or loaded.
        expired: Its end without an operation was reported.
    """

    reference_id: str
    idempotency_key: str
    token: StoredToken
    sharing: Sharing
    step: Step = Step.OPEN
    session_id: str | None = field(default=None, repr=False)
    flow: str | None = None
    in_store: bool = False
    account_number: str | None = field(default=None, repr=False)
    request_id: str | None = None
    verification_code: Secret | None = None
    authorization_id: str | None = None
    capture_id: str | None = None
    old_widget: bool = False
    elapsed: float = 0.0
    expired: bool = False


@frozen
class _Wire:
    v: int
    key: str
    checkout: CheckoutState


@frozen
class _Version:
    v: int


_encoder: Final = msgspec.json.Encoder(enc_hook=encode_secret)
_decoder: Final = msgspec.json.Decoder(_Wire, dec_hook=decode_secret)
_version: Final = msgspec.json.Decoder(_Version)


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
        version = _version.decode(payload).v
        wire = _decoder.decode(payload) if version == VERSION else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    else:
        if wire is None:
            problem = f"it has version {version}, this release reads version {VERSION}"
        elif wire.key != key:
            problem = "it names another key"
        elif not 0 <= wire.checkout.token.remaining <= wire.checkout.token.lifetime < math.inf:
            problem = "its token has no valid remaining life"
        elif not 0 <= wire.checkout.elapsed < math.inf:
            problem = "it was started at no valid time"
        else:
            return wire.checkout
    del payload  # it holds a token, and this frame may end up in a traceback
    msg = f"the checkout under {key} cannot be read: {problem}"
    raise RecordUnreadable(msg)
