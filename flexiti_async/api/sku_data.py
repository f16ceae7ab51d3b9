"""
`sku_data`: the items bought, for the customer's statement (spec section 5.14).

Authorization, capture, return and refund accept it; the API does not validate it. Lengths are
checked where the portal has them. Totals may be negative, as in a return.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from attrs import asdict, field, frozen

from flexiti_async.api.common import money
from flexiti_async.api.converters import to_money, to_optional_id, to_quantity
from flexiti_async.api.payment_fields import given, instance_check
from flexiti_async.errors import FieldError
from flexiti_async.protocol.model import RequestModel
from flexiti_async.protocol.redact import mask
from flexiti_async.protocol.validation import Rule, takes, validated
from flexiti_async.protocol.validators import WRONG_FORMAT, Check, text_check

__all__ = ["Product", "SkuData", "sku_body"]


# The portal has no length for the fields of a product and three of the totals; the limits here
# catch mistakes.
def _text(name: str, longest: int = 10**6) -> Mapping[str, object]:
    return takes(Rule(text_check(longest, "chair-7"), param=f"sku_data.{name}"))


def _dollars(name: str, digits: int = 18) -> Mapping[str, object]:
    return takes(money(digits=digits, signed=True, param=f"sku_data.{name}"))


def _quantity_problem(value: object) -> str | None:
    if isinstance(value, Decimal):
        return None if value.is_finite() else WRONG_FORMAT
    return None if isinstance(value, int) and not isinstance(value, bool) else WRONG_FORMAT


_QUANTITY: Final = Check(_quantity_problem, "must be a whole number or a finite Decimal, such as 2")


def _to_tuple(value: Sequence[object]) -> Any:  # noqa: ANN401 - see `flexiti_async.api.converters`
    return tuple(value) if isinstance(value, list | tuple) else value


@validated
@frozen(kw_only=True, slots=False)
class Product(RequestModel):
    """
    One line of the statement. Types and lengths are UNKNOWN; these are inferred from the names.

    Attributes:
        sku_id: The shop's item number.
        category: Category of the item.
        description: Description of the item.
        quantity: Quantity: a whole number or a Decimal, or a text of one.
        unit_price: Dollars for one.
        extended_price: Dollars for the line.
    """

    sku_id: str | None = field(
        default=None, converter=to_optional_id, metadata=_text("products.sku_id")
    )
    category: str | None = field(
        default=None, converter=to_optional_id, metadata=_text("products.category")
    )
    description: str | None = field(
        default=None, converter=to_optional_id, metadata=_text("products.description")
    )
    quantity: Decimal | int | None = field(
        default=None,
        converter=to_quantity,
        metadata=takes(Rule(_QUANTITY, param="sku_data.products.quantity")),
    )
    unit_price: Decimal | int | str | None = field(
        default=None, converter=to_money, metadata=_dollars("products.unit_price")
    )
    extended_price: Decimal | int | str | None = field(
        default=None, converter=to_money, metadata=_dollars("products.extended_price")
    )


_PRODUCT: Final = instance_check(Product)


@validated
@frozen(kw_only=True, slots=False)
class SkuData(RequestModel):
    """
    The items bought. Every field is optional.

    Attributes:
        purchase_order: At most 10 characters.
        shipping_total: Dollars.
        register_id: At most 50 characters.
        transaction_discount_total: Dollars, fewer than ten billion.
        transaction_subtotal: Dollars, fewer than ten billion.
        transaction_total: Dollars.
        gst_hst: Federal or harmonized tax, in dollars.
        pst: Provincial tax, in dollars.
        products: The lines, a list or a tuple.
    """

    purchase_order: str | None = field(
        default=None, converter=to_optional_id, metadata=_text("purchase_order", 10)
    )
    shipping_total: Decimal | int | str | None = field(
        default=None, converter=to_money, metadata=_dollars("shipping_total")
    )
    register_id: str | None = field(
        default=None, converter=to_optional_id, metadata=_text("register_id", 50)
    )
    transaction_discount_total: Decimal | int | str | None = field(
        default=None, converter=to_money, metadata=_dollars("transaction_discount_total", 12)
    )
    transaction_subtotal: Decimal | int | str | None = field(
        default=None, converter=to_money, metadata=_dollars("transaction_subtotal", 12)
    )
    transaction_total: Decimal | int | str | None = field(
        default=None, converter=to_money, metadata=_dollars("transaction_total")
    )
    gst_hst: Decimal | int | str | None = field(
        default=None, converter=to_money, metadata=_dollars("gst_hst")
    )
    pst: Decimal | int | str | None = field(
        default=None, converter=to_money, metadata=_dollars("pst")
    )
    products: Sequence[Product] = field(default=(), converter=_to_tuple)

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Yield products that are not a `Product`, or `products` if it is not a list."""
        listed: object = self.products
        if not isinstance(listed, tuple):
            hint = "must be a list or a tuple of Product"
            yield FieldError("sku_data.products", WRONG_FORMAT, mask(listed), hint)
            return
        for place, product in enumerate(self.products):
            if _PRODUCT.problem(product):
                param, shown = f"sku_data.products[{place}]", mask(product)
                yield FieldError(param, WRONG_FORMAT, shown, _PRODUCT.rule)


SKU_DATA = Rule(instance_check(SkuData))
"""Rule of the field `sku_data` in other bodies."""


def sku_body(sku_data: SkuData | None) -> dict[str, object] | None:
    """Build the JSON object of `sku_data`; None for None and for an empty one."""
    if not sku_data:  # an empty text counts as missing
        return None
    fields: dict[str, object] = asdict(sku_data, recurse=False)
    fields["products"] = [given(**asdict(product, recurse=False)) for product in sku_data.products]
    return given(**{**fields, "products": fields["products"] or None}) or None
