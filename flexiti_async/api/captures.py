"""
What becomes of an authorization: capture and release (spec section 5.12).

A capture takes what an authorization has set aside, in one piece or in several; a release lets go
of what was not captured (others say "void").

Neither call is ever repeated by itself: the API documents idempotency keys for transactions
only. After `OutcomeUnknown` look at `get_authorization` before anything else. `MalformedAnswer` of
a `status` below 300 says that the call has run and that its answer cannot be read.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from attrs import field, frozen

from flexiti_async.api.common import Language, money, to_money, to_number_text
from flexiti_async.api.endpoints import CAPTURE, RELEASE
from flexiti_async.api.payment_fields import (
    AUTHORIZATION_ID,
    REFERENCE,
    amount_in,
    given,
    id_in,
    language_query,
)
from flexiti_async.api.sku_data import SKU_DATA, SkuData, sku_body
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.structuring import no_extra
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import takes, validated

__all__ = ["Capture", "Release", "capture", "release"]

_AUTHORIZATION: Final = "client-id/{client_id}/authorization/{authorization_id}"


@frozen
class Capture:
    """
    A capture, as it is made or listed.

    The portal does not show the answer. The properties read what the answer of a return implies.

    Attributes:
        message: The API's text for people, in the language that was asked for.
        extra: All other fields of the answer; out of the repr.
    """

    message: str | None = None
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)

    @property
    def capture_id(self) -> str | None:
        """Its number, for a return; None if the answer does not call it that."""
        return id_in(self.extra, "capture_id", "captureId")

    @property
    def remaining_capture_amount(self) -> Decimal | None:
        """Dollars of this capture that can be returned; None if the answer does not tell."""
        return amount_in(self.extra, "remaining_capture_amount")

    @property
    def remaining_authorization_amount(self) -> Decimal | None:
        """Dollars that can still be captured or released; None if the answer does not tell."""
        return amount_in(self.extra, "remaining_authorization_amount")

    def __repr__(self) -> str:
        return f"Capture(capture_id={self.capture_id!r})"


@frozen
class Release:
    """
    The answer of release; what is in it is UNKNOWN.

    Attributes:
        extra: The answer as it came; out of the repr.
    """

    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


@validated
@frozen(kw_only=True)
class _Capture:
    authorization_id: str = field(converter=to_number_text, metadata=takes(AUTHORIZATION_ID))
    amount: Decimal | int | str = field(converter=to_money, metadata=takes(money(required=True)))
    reference: str | None = field(metadata=takes(REFERENCE))
    sku_data: SkuData | None = field(repr=False, metadata=takes(SKU_DATA))


@validated
@frozen(kw_only=True)
class _Release:
    authorization_id: str = field(converter=to_number_text, metadata=takes(AUTHORIZATION_ID))
    amount: Decimal | int | str | None = field(converter=to_money, metadata=takes(money()))


def capture(
    authorization_id: int | str,
    amount: Decimal | int | str,
    *,
    reference: str | None = None,
    sku_data: SkuData | None = None,
    lang: Language | str = Language.ENGLISH,
    version: str | None = None,
) -> Call[Capture]:
    """
    Make the call of capture: take what an authorization has set aside, or a part of it.

    Args:
        authorization_id: Up to 16 digits.
        amount: Dollars, at most two places, never a float.
        reference: The shop's order number, at most 40 characters; a return answers it.
        sku_data: What was bought.
        lang: Language of `message` in the answer.
        version: Version segment of the URL; v2.5 is inferred (spec section 8, row 19). See
            `Call.at_version`.

    Raises:
        ValidationError: Bad data, all faults at once.
    """
    asked = _Capture(
        authorization_id=authorization_id, amount=amount, reference=reference, sku_data=sku_data
    )
    call = Call(
        endpoint=CAPTURE,
        method="POST",
        path=f"{_AUTHORIZATION}/capture",
        scope=Scope.MERCHANT,
        result=Capture,
        replay=Replay.NEVER,
        body=given(
            reference=asked.reference, amount=asked.amount, sku_data=sku_body(asked.sku_data)
        ),
        query=language_query(lang),
        path_values={"authorization_id": asked.authorization_id},
    )
    return call.at_version(version)


def release(
    authorization_id: int | str,
    *,
    amount: Decimal | int | str | None = None,
    version: str | None = None,
) -> Call[Release]:
    """
    Make the call of release: let go of what was not captured.

    The body of this endpoint is UNKNOWN; that it takes an `amount` is implied by one of its errors.
    Nothing is sent without one. Fields of which Flexiti has told the shop go into the call with
    `attrs.evolve(call, body={...})`.

    Args:
        authorization_id: Up to 16 digits.
        amount: Dollars, at most two places, never a float; all that is left by default.
        version: Version segment of the URL; v2.5 is inferred (spec section 8, row 19). See
            `Call.at_version`.

    Raises:
        ValidationError: Bad data, all faults at once.
    """
    asked = _Release(authorization_id=authorization_id, amount=amount)
    call = Call(
        endpoint=RELEASE,
        method="POST",
        path=f"{_AUTHORIZATION}/release",
        scope=Scope.MERCHANT,
        result=Release,
        replay=Replay.NEVER,
        body=given(amount=asked.amount) or None,
        path_values={"authorization_id": asked.authorization_id},
    )
    return call.at_version(version)
