"""
Where a checkout stands, as text that any process of the shop can take up.

Like a token record it names its own key, and its times are durations from its write.
"""

import math
from decimal import Decimal
from typing import Final

import msgspec
from attrs import field, frozen

from flexiti_async.checkout.step import CLAIMS, Sharing, Step
from flexiti_async.errors import RecordUnreadable
from flexiti_async.protocol.secret import Secret
from flexiti_async.tokens.record import StoredToken, as_ascii, reveal_secret, take_secret

__all__ = ["CheckoutState", "Claimed", "decode_checkout", "encode_checkout"]

VERSION: Final = 2
_READ: Final = frozenset({1, VERSION})
"""Version 1 knew no step beyond the widget; what it lacks has a default."""


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
        if wire.v not in _READ:
            fault = f"it has version {wire.v}, this release reads versions up to {VERSION}"
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
