"""
Refunds: credit an account, independently of an authorization (spec section 5.13).

Promotional purchases go back with a return (`flexiti_async.api.returns`). The call is never
repeated automatically: the API documents idempotency keys for transactions only.
"""

from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

from flexiti_async.api.common import ACCOUNT_TEXT, CARD, money
from flexiti_async.api.converters import to_card, to_money, to_number_text, to_optional_id
from flexiti_async.api.endpoints import REFUND
from flexiti_async.api.payment_fields import (
    CAPTURE_ID,
    EXTERNAL_ID,
    REFERENCE,
    given,
)
from flexiti_async.api.sku_data import SKU_DATA, SkuData, sku_body
from flexiti_async.protocol.call import OperationCall, OperationKind, Replay
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.secret import Secret, not_pickled
from flexiti_async.protocol.structuring import no_extra, wire_name
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated

__all__ = ["Refund", "refund"]


@not_pickled
@frozen
class Refund(AnswerModel):
    """
    The answer of refund: `{}` as documented.

    Attributes:
        extra: Fields that a later API adds; not in the repr.
        replayed: Whether it is the recorded answer of an earlier call with the same key.
    """

    extra: Mapping[str, object] = field(factory=no_extra, repr=False)
    replayed: bool = field(default=False, eq=False, metadata=wire_name(None))


@validated
@frozen(kw_only=True, slots=False)
class _Refund:
    account_number: str = field(
        converter=to_number_text,
        repr=False,
        metadata=takes(Rule(ACCOUNT_TEXT, required=True)),
    )
    amount: Decimal | int | str = field(converter=to_money, metadata=takes(money(required=True)))
    reference: str | None = field(converter=to_optional_id, metadata=takes(REFERENCE))
    capture_id: str | None = field(converter=to_number_text, metadata=takes(Rule(CAPTURE_ID)))
    external_location_id: str | None = field(
        converter=to_optional_id, metadata=takes(Rule(EXTERNAL_ID))
    )
    external_employee_id: str | None = field(
        converter=to_optional_id, metadata=takes(Rule(EXTERNAL_ID))
    )
    vcc_number: Secret | str | None = field(
        converter=to_card, repr=False, metadata=takes(Rule(CARD))
    )
    sku_data: SkuData | None = field(repr=False, metadata=takes(SKU_DATA))


@sensitive_arguments
def refund(
    account_number: int | str,
    amount: Decimal | int | str,
    *,
    reference: str | None = None,
    capture_id: int | str | None = None,
    external_location_id: str | None = None,
    external_employee_id: str | None = None,
    vcc_number: Secret | str | None = None,
    sku_data: SkuData | None = None,
) -> OperationCall[Refund]:
    """
    Build the call of refund.

    Which fields the API requires is UNKNOWN. The amount is required here, so that no refund is
    larger than intended. Its version, v2.5, is inferred (spec section 8, row 19).

    Args:
        account_number: Up to 14 digits; text keeps its leading zeros.
        amount: Dollars, at most two decimal places, never a float.
        reference: The shop's order number, at most 40 characters.
        capture_id: Up to nine digits.
        external_location_id: In store, the shop's number of the store.
        external_employee_id: In store, the shop's number of the employee.
        vcc_number: FlexitiCard number, for authorized users of an account; up to 16 digits.
        sku_data: The items returned.

    Raises:
        ValidationError: The data are invalid; all problems are reported together.
    """
    asked = _Refund(
        account_number=account_number,
        amount=amount,
        reference=reference,
        capture_id=capture_id,
        external_location_id=external_location_id,
        external_employee_id=external_employee_id,
        vcc_number=vcc_number,
        sku_data=sku_data,
    )
    return OperationCall(
        endpoint=REFUND,
        method="POST",
        path="client-id/{client_id}/accounts/{account_number}/refund",
        scope=Scope.MERCHANT,
        result=Refund,
        replay=Replay.NEVER,
        kind=OperationKind.REFUND,
        body=given(
            reference=asked.reference,
            amount=asked.amount,
            external_location_id=asked.external_location_id,
            external_employee_id=asked.external_employee_id,
            vcc_number=asked.vcc_number,
            # A number in the API's tables.
            capture_id=int(asked.capture_id) if asked.capture_id else None,
            sku_data=sku_body(asked.sku_data),
        ),
        path_values={"account_number": asked.account_number},
    )
