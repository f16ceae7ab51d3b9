"""
Capture and release of an authorization (spec section 5.12).

A capture collects authorized funds, at once or in parts; a release voids the part that was not
captured.

Neither call is ever repeated automatically: the API documents idempotency keys for transactions
only. After `OutcomeUnknown` check `get_authorization` first. A `MalformedAnswer` with a `status`
below 300 means that the call ran and that its answer is unreadable.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from attrs import field, frozen

from flexiti_async.api.common import Language, LanguageWord, money
from flexiti_async.api.converters import to_money, to_number_text, to_optional_id
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
from flexiti_async.protocol.call import OperationCall, OperationKind, Replay
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.secret import not_pickled
from flexiti_async.protocol.structuring import no_extra, wire_name
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import takes, validated

__all__ = ["Capture", "Release", "capture", "release"]

_AUTHORIZATION: Final = "client-id/{client_id}/authorization/{authorization_id}"


@not_pickled
@frozen
class Capture(AnswerModel):
    """
    A capture, as created or listed.

    The portal does not show the answer. The properties read the fields that the answer of a return
    implies.

    Attributes:
        message: The API's text for people, in the requested language.
        extra: All other fields of the answer; not in the repr.
        replayed: Whether it is the recorded answer of an earlier call with the same key.
    """

    message: str | None = None
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)
    replayed: bool = field(default=False, eq=False, metadata=wire_name(None))

    @property
    def capture_id(self) -> str | None:
        """Its number, for a return; None if the answer has no such field."""
        return id_in(self.extra, "capture_id", "captureId", "id")

    @property
    def remaining_capture_amount(self) -> Decimal | None:
        """Dollars of this capture that can be returned; None if the answer has no such field."""
        return amount_in(self.extra, "remaining_capture_amount")

    @property
    def remaining_authorization_amount(self) -> Decimal | None:
        """Dollars that can be captured or released; None if the answer has no such field."""
        return amount_in(self.extra, "remaining_authorization_amount")

    def __repr__(self) -> str:
        return f"Capture(capture_id={self.capture_id!r})"


@not_pickled
@frozen
class Release(AnswerModel):
    """
    The answer of release; its content is UNKNOWN.

    Attributes:
        extra: The answer as received; not in the repr.
        replayed: Whether it is the recorded answer of an earlier call with the same key.
    """

    extra: Mapping[str, object] = field(factory=no_extra, repr=False)
    replayed: bool = field(default=False, eq=False, metadata=wire_name(None))


@validated
@frozen(kw_only=True, slots=False)
class _Capture:
    authorization_id: str = field(converter=to_number_text, metadata=takes(AUTHORIZATION_ID))
    amount: Decimal | int | str = field(converter=to_money, metadata=takes(money(required=True)))
    reference: str | None = field(converter=to_optional_id, metadata=takes(REFERENCE))
    sku_data: SkuData | None = field(repr=False, metadata=takes(SKU_DATA))


@validated
@frozen(kw_only=True, slots=False)
class _Release:
    authorization_id: str = field(converter=to_number_text, metadata=takes(AUTHORIZATION_ID))
    amount: Decimal | int | str | None = field(converter=to_money, metadata=takes(money()))


def capture(
    authorization_id: int | str,
    amount: Decimal | int | str,
    *,
    reference: str | None = None,
    sku_data: SkuData | None = None,
    lang: Language | LanguageWord = Language.ENGLISH,
) -> OperationCall[Capture]:
    """
    Build the call of capture: collect an authorized amount, or a part of it.

    Its version, v2.5, is inferred (spec section 8, row 19).

    Args:
        authorization_id: Up to 16 digits.
        amount: Dollars, at most two decimal places, never a float.
        reference: The shop's order number, at most 40 characters; the answer of a return has it.
        sku_data: The items bought.
        lang: Language of `message` in the answer.

    Raises:
        ValidationError: The data are invalid; all problems are reported together.
    """
    asked = _Capture(
        authorization_id=authorization_id, amount=amount, reference=reference, sku_data=sku_data
    )
    return OperationCall(
        endpoint=CAPTURE,
        method="POST",
        path=f"{_AUTHORIZATION}/capture",
        scope=Scope.MERCHANT,
        result=Capture,
        replay=Replay.NEVER,
        kind=OperationKind.CAPTURE,
        body=given(
            reference=asked.reference, amount=asked.amount, sku_data=sku_body(asked.sku_data)
        ),
        query=language_query(lang),
        path_values={"authorization_id": asked.authorization_id},
    )


def release(
    authorization_id: int | str,
    *,
    amount: Decimal | int | str | None = None,
) -> OperationCall[Release]:
    """
    Build the call of release: void the part that was not captured.

    The body of this endpoint is UNKNOWN; one of its errors implies an `amount`. Without one, no
    body is sent. Add fields that Flexiti has given to the shop with `call.with_body({...})`. Its
    version, v2.5, is inferred (spec section 8, row 19).

    Args:
        authorization_id: Up to 16 digits.
        amount: Dollars, at most two decimal places, never a float; the whole rest by default.

    Raises:
        ValidationError: The data are invalid; all problems are reported together.
    """
    asked = _Release(authorization_id=authorization_id, amount=amount)
    return OperationCall(
        endpoint=RELEASE,
        method="POST",
        path=f"{_AUTHORIZATION}/release",
        scope=Scope.MERCHANT,
        result=Release,
        replay=Replay.NEVER,
        kind=OperationKind.RELEASE,
        body=given(amount=asked.amount) or None,
        path_values={"authorization_id": asked.authorization_id},
    )
