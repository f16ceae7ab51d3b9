"""
Where a checkout stands, as text that any process of the shop can take up.

Like a token record it names its own key, and its times are durations from its write.
"""

import enum
import math
from typing import Final

import msgspec
from attrs import frozen

from flexiti_async.errors import RecordUnreadable
from flexiti_async.sansio.record import StoredToken, as_ascii, reveal_secret, take_secret

__all__ = ["CheckoutState", "Sharing", "Step", "decode_checkout", "encode_checkout"]

VERSION: Final = 1


class Step(enum.StrEnum):
    """How far a checkout has come."""

    OPEN = "open"
    """It has a reference id and a token, and no call of it has succeeded."""
    WIDGET = "widget"
    """widget/init has succeeded: the customer can be sent to the URL."""


class Sharing(enum.StrEnum):
    """Whose token a checkout pins (design section 4)."""

    SHARED = "shared"
    """The token of all checkouts: the default for purchases."""
    DEDICATED = "dedicated"
    """One of its own: the default for applications, whose later /apply the API compares with the
    widget/init payload of the same token (spec section 2.6)."""


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
    """

    reference_id: str
    token: StoredToken
    sharing: Sharing
    step: Step = Step.OPEN
    session_id: str | None = None
    flow: str | None = None


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
        else:
            return wire.checkout
    del payload  # it holds a token, and this frame may end up in a traceback
    msg = f"the checkout under {key} cannot be read: {fault}"
    raise RecordUnreadable(msg)
