"""
Returns: credit a capture, or a part of it, back to the customer (spec section 5.12).

Returns are for promotional purchases and belong to an authorization; for refunds without one see
`flexiti_async.api.refunds`. The call is never repeated automatically: the API documents idempotency
keys for transactions only.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import field, frozen

from flexiti_async.api.common import CARD, money
from flexiti_async.api.converters import to_card, to_money, to_number_text, to_optional_id
from flexiti_async.api.endpoints import RETURN
from flexiti_async.api.payment_fields import (
    AUTHORIZATION_ID,
    CAPTURE_ID,
    REFERENCE,
    given,
)
from flexiti_async.api.sku_data import SKU_DATA, SkuData, sku_body
from flexiti_async.errors import FieldError
from flexiti_async.protocol.call import OperationCall, OperationKind, Replay
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.secret import Secret, not_pickled
from flexiti_async.protocol.structuring import Moment, NumberText, no_extra, wire_name
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated
from flexiti_async.protocol.validators import REQUIRED, flag_check

__all__ = ["Return", "return_capture"]


@not_pickled
@frozen
class Return(AnswerModel):
    """
    The answer of a return.

    Attributes:
        return_id: Its number.
        reference: The order number of the capture.
        capture_id: Number of the capture.
        date: Time of the return, UTC.
        amount: Dollars returned.
        remaining_capture_amount: Dollars of this capture that can still be returned.
        remaining_authorization_amount: Dollars that can still be captured or released.
        extra: Fields of the answer that this release does not know.
        replayed: Whether it is the recorded answer of an earlier call with the same key.
    """

    return_id: NumberText | None = None
    reference: str | None = None
    capture_id: NumberText | None = None
    date: Moment | None = None
    amount: Decimal | None = None
    remaining_capture_amount: Decimal | None = None
    remaining_authorization_amount: Decimal | None = None
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)
    replayed: bool = field(default=False, eq=False, metadata=wire_name(None))


@validated
@frozen(kw_only=True, slots=False)
class _Return:
    authorization_id: str = field(converter=to_number_text, metadata=takes(AUTHORIZATION_ID))
    capture_id: str = field(
        converter=to_number_text, metadata=takes(Rule(CAPTURE_ID, required=True, param="captureId"))
    )
    amount: Decimal | int | str | None = field(converter=to_money, metadata=takes(money()))
    full_return: bool | None = field(metadata=takes(Rule(flag_check)))
    reference: str | None = field(converter=to_optional_id, metadata=takes(REFERENCE))
    vcc_number: Secret | str | None = field(
        converter=to_card, repr=False, metadata=takes(Rule(CARD))
    )
    sku_data: SkuData | None = field(repr=False, metadata=takes(SKU_DATA))

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Yield the amount if neither it nor `full_return` is given."""
        if self.amount in (None, "") and self.full_return is not True:
            yield FieldError("amount", REQUIRED, hint="give an amount or full_return=True")


@sensitive_arguments
def return_capture(
    authorization_id: int | str,
    capture_id: int | str,
    *,
    amount: Decimal | int | str | None = None,
    full_return: bool | None = None,
    reference: str | None = None,
    vcc_number: Secret | str | None = None,
    sku_data: SkuData | None = None,
) -> OperationCall[Return]:
    """
    Build the call of a return: credit back a capture, or a part of it.

    The API rejects it after 100 days (from which day is UNKNOWN) and for regular purchases. Its
    version, v2.5, is inferred (spec section 8, row 19).

    Args:
        authorization_id: Up to 16 digits.
        capture_id: Up to nine digits.
        amount: Dollars, at most two decimal places, never a float; required without `full_return`.
        full_return: Return the whole capture.
        reference: The shop's order number, at most 40 characters.
        vcc_number: FlexitiCard number, for authorized users of an account; up to 16 digits.
        sku_data: The items returned; the totals are negative in the portal's samples.

    Raises:
        ValidationError: The data are invalid, or neither `amount` nor `full_return=True` is given;
            all problems are reported together.
    """
    asked = _Return(
        authorization_id=authorization_id,
        capture_id=capture_id,
        amount=amount,
        full_return=full_return,
        reference=reference,
        vcc_number=vcc_number,
        sku_data=sku_data,
    )
    return OperationCall(
        endpoint=RETURN,
        method="POST",
        path="client-id/{client_id}/authorization/{authorization_id}/capture/{capture_id}/return",
        scope=Scope.MERCHANT,
        result=Return,
        replay=Replay.NEVER,
        kind=OperationKind.RETURN,
        body=given(
            reference=asked.reference,
            vcc_number=asked.vcc_number,
            full_return=asked.full_return,
            amount=asked.amount,
            sku_data=sku_body(asked.sku_data),
        ),
        path_values={"authorization_id": asked.authorization_id, "capture_id": asked.capture_id},
    )
