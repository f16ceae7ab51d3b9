"""
Purchases to authorize (spec section 5.12).

`OnlinePurchase` and `InStorePurchase` are the two channels of the API;
`flexiti_async.api.authorizations.authorize` builds the call.
"""

import enum
from collections.abc import Iterable
from decimal import Decimal
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Literal,
    NotRequired,
    TypedDict,
    TypeVar,
    Unpack,
    overload,
)

from attrs import field, frozen

from flexiti_async.api.common import CARD, money
from flexiti_async.api.converters import (
    to_account_number,
    to_card,
    to_id,
    to_money,
    to_number,
    to_optional_id,
    to_text,
    to_word,
)
from flexiti_async.api.payment_fields import (
    ACCOUNT,
    EXTERNAL_ID,
    PLAN_NUMBER,
    REFERENCE,
    REQUEST_ID,
    TERM,
    WIDGET_SESSION_ID,
    code_check,
    given,
    to_code,
)
from flexiti_async.api.sku_data import SKU_DATA, SkuData, sku_body
from flexiti_async.errors import FieldError
from flexiti_async.protocol.model import RequestModel
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, missing, takes, validated
from flexiti_async.protocol.validators import flag_check, one_of_check

__all__ = ["InStorePurchase", "OnlinePurchase", "PurchaseType", "PurchaseTypeWord"]

T = TypeVar("T")

_PLAN_ID: Final = "financing_option.plan_id"


class PurchaseType(enum.StrEnum):
    """Financing of a purchase (`financing_option.transaction_type`)."""

    PROMOTIONAL = "promotional_purchase"
    """By one of the merchant's plans, from calculate-interest."""
    REGULAR = "regular_purchase"
    """On the account, like a card."""


PurchaseTypeWord = Literal["promotional_purchase", "regular_purchase"]
"""A `PurchaseType` as text."""


Regular = Literal[PurchaseType.REGULAR, "regular_purchase"]
"""The type of a purchase that needs no plan; for any other `plan_id` has to be passed."""


class _Fields(TypedDict):
    """The fields of both channels but the type and the plan."""

    account_number: int | str
    amount: Decimal | int | str
    auto_capture: bool
    term: NotRequired[int | str | None]
    vcc_number: NotRequired[Secret | str | None]
    reference: NotRequired[str | None]
    sku_data: NotRequired[SkuData | None]


class _OnlineFields(_Fields):
    """The same, and those of `OnlinePurchase`."""

    widget_session_id: str


class _InStoreFields(_Fields):
    """The same, and those of `InStorePurchase`."""

    verification_code: int | str
    request_id: str
    external_location_id: str
    external_employee_id: str


def _to_purchase_type(value: PurchaseType | PurchaseTypeWord) -> Any:  # noqa: ANN401 - see `converters`
    return to_word(PurchaseType, value)


@frozen(kw_only=True, slots=False)
class _Purchase(RequestModel):
    """The fields of both channels."""

    account_number: int | str = field(
        converter=to_account_number, repr=False, metadata=takes(Rule(ACCOUNT, required=True))
    )
    amount: Decimal | int | str = field(converter=to_money, metadata=takes(money(required=True)))
    transaction_type: PurchaseType | PurchaseTypeWord = field(
        converter=_to_purchase_type,
        metadata=takes(
            Rule(
                one_of_check(PurchaseType),
                required=True,
                param="financing_option.transaction_type",
            )
        ),
    )
    auto_capture: bool = field(metadata=takes(Rule(flag_check, required=True)))
    plan_id: int | str | None = field(
        default=None, converter=to_number, metadata=takes(Rule(PLAN_NUMBER, param=_PLAN_ID))
    )
    term: int | str | None = field(
        default=None,
        converter=to_number,
        metadata=takes(Rule(TERM, param="financing_option.term")),
    )
    vcc_number: Secret | str | None = field(
        default=None, converter=to_card, repr=False, metadata=takes(Rule(CARD))
    )
    reference: str | None = field(default=None, converter=to_optional_id, metadata=takes(REFERENCE))
    sku_data: SkuData | None = field(default=None, repr=False, metadata=takes(SKU_DATA))

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Return the plan if a promotional purchase has none."""
        absent = self.transaction_type == PurchaseType.PROMOTIONAL and self.plan_id in (None, "")
        return missing(self, "plan_id") if absent else ()

    def body(self) -> dict[str, object]:
        """Build the part of the body that both channels share."""
        return given(
            account_number=self.account_number,
            vcc_number=self.vcc_number,
            reference=self.reference,
            financing_option=given(
                transaction_type=self.transaction_type, plan_id=self.plan_id, term=self.term
            ),
            amount=self.amount,
            auto_capture=self.auto_capture,
            sku_data=sku_body(self.sku_data),
        )


if TYPE_CHECKING:

    def _frozen(kind: type[T]) -> type[T]:
        """Do as `attrs.frozen`, but keep the `__init__` that the class declares."""
        return kind

else:
    _frozen = frozen(kw_only=True, slots=False)


@validated
@_frozen
class OnlinePurchase(_Purchase):
    """
    An online purchase, after the widget has verified the customer.

    Invalid data raise `ValidationError` at construction, all problems together. `verification_code`
    is for stores only and must not be sent with a widget session.

    Attributes:
        account_number: Up to 14 digits: `accountNumber` of `flx-success`.
        amount: Dollars, at most two decimal places, never a float.
        transaction_type: Promotional or regular.
        auto_capture: Capture the whole amount at once.
        plan_id: At most three digits, from calculate-interest; required for a promotional purchase.
        term: At most three digits, from calculate-interest. Only the server knows which plans
            require one (`plan_term_not_set`).
        vcc_number: FlexitiCard number, for authorized users of an account; up to 16 digits.
        reference: The shop's order number, at most 40 characters.
        sku_data: The items bought.
        widget_session_id: From the answer of widget/init, or from `flx-success`.
    """

    widget_session_id: str = field(
        converter=to_text, repr=False, metadata=takes(Rule(WIDGET_SESSION_ID, required=True))
    )

    scope: ClassVar[Scope] = Scope.CUSTOMER

    if TYPE_CHECKING:  # a promotional purchase has a plan

        @overload
        def __init__(
            self,
            *,
            transaction_type: Regular,
            plan_id: int | str | None = None,
            **fields: Unpack[_OnlineFields],
        ) -> None: ...
        @overload
        def __init__(
            self,
            *,
            transaction_type: PurchaseType | PurchaseTypeWord,
            plan_id: int | str | None,
            **fields: Unpack[_OnlineFields],
        ) -> None: ...
        def __init__(self, **fields: object) -> None: ...

    def body(self) -> dict[str, object]:
        """Build the body of the call."""
        return {**super().body(), "widget_session_id": self.widget_session_id}


@validated
@_frozen
class InStorePurchase(_Purchase):
    """
    An in-store purchase, after `verify` has verified the customer.

    The fields are those of `OnlinePurchase`, with four others in place of the widget session.
    Invalid data raise `ValidationError` at construction, all problems together.

    Attributes:
        verification_code: From `verify`, or as read out by the customer; usually four digits, which
            is not enforced. It is sent as a number unless it starts with a zero.
        request_id: The request id of `verify`, at most 150 characters.
        external_location_id: The shop's number of the store.
        external_employee_id: The shop's number of the employee.
    """

    verification_code: int | str = field(
        converter=to_code, repr=False, metadata=takes(Rule(code_check, required=True))
    )
    request_id: str = field(converter=to_id, metadata=takes(Rule(REQUEST_ID, required=True)))
    external_location_id: str = field(
        converter=to_id, metadata=takes(Rule(EXTERNAL_ID, required=True))
    )
    external_employee_id: str = field(
        converter=to_id, metadata=takes(Rule(EXTERNAL_ID, required=True))
    )

    scope: ClassVar[Scope] = Scope.MERCHANT

    if TYPE_CHECKING:  # a promotional purchase has a plan

        @overload
        def __init__(
            self,
            *,
            transaction_type: Regular,
            plan_id: int | str | None = None,
            **fields: Unpack[_InStoreFields],
        ) -> None: ...
        @overload
        def __init__(
            self,
            *,
            transaction_type: PurchaseType | PurchaseTypeWord,
            plan_id: int | str | None,
            **fields: Unpack[_InStoreFields],
        ) -> None: ...
        def __init__(self, **fields: object) -> None: ...

    def body(self) -> dict[str, object]:
        """Build the body of the call."""
        return {
            **super().body(),
            "verification_code": self.verification_code,
            "request_id": self.request_id,
            "external_location_id": self.external_location_id,
            "external_employee_id": self.external_employee_id,
        }
