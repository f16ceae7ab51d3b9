"""`sku_data`: every field at its limit and beyond, and its JSON."""

from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.api.sku_data import Product, SkuData, sku_body
from flexiti_async.errors import FieldError
from flexiti_async.protocol.json_codec import encode

from .wire import rejected

LARGEST = {
    "shipping_total": "9999999999999999.99",
    "transaction_discount_total": "9999999999.99",
    "transaction_subtotal": "9999999999.99",
    "transaction_total": "9999999999999999.99",
    "gst_hst": "9999999999999999.99",
    "pst": "9999999999999999.99",
}


def test_nothing() -> None:
    """Empty `sku_data` is not sent."""
    assert sku_body(None) is None
    assert sku_body(SkuData()) is None


@pytest.mark.parametrize("name", LARGEST)
@pytest.mark.parametrize("sign", ["", "-"])
def test_largest_totals(name: str, sign: str) -> None:
    """Totals of both signs are valid up to their last digit, and not one cent further."""
    fits = sign + LARGEST[name]
    beyond = Decimal(fits) + Decimal(sign + "0.01")

    assert {name: Decimal(fits)} == sku_body(SkuData(**{name: fits}))
    assert (FieldError(f"sku_data.{name}", "length", "Decimal"),) == rejected(
        SkuData, {name: beyond}
    )


ROWS: list[tuple[str, object, str, str]] = [
    # field, given, msg, masked value
    ("purchase_order", "x" * 11, "length", "11 characters"),
    ("purchase_order", 5.0, "wrong format", "float"),
    ("register_id", "x" * 51, "length", "51 characters"),
    ("pst", 1.5, "wrong format", "float"),
    ("gst_hst", "1.234", "wrong format", "Decimal"),
    ("transaction_total", "much", "wrong format", "4 characters"),
    ("products", "sofa", "wrong format", "4 characters"),
    ("products", {"sku_id": "S-1"}, "wrong format", "dict"),
]
PRODUCT_ROWS: list[tuple[str, object, str, str]] = [
    ("sku_id", 5.0, "wrong format", "float"),
    ("category", "a\nb", "invalid", "3 characters"),
    ("description", ["x"], "wrong format", "list"),
    ("description", "x" * 1_000_001, "length", "1000001 characters"),
    ("quantity", 1.5, "wrong format", "float"),
    ("quantity", "two", "wrong format", "3 characters"),
    ("quantity", True, "wrong format", "true"),
    ("quantity", Decimal("NaN"), "wrong format", "Decimal"),
    ("unit_price", 1.5, "wrong format", "float"),
    ("extended_price", "1.999", "wrong format", "Decimal"),
]


def test_a_text_without_a_documented_limit() -> None:
    """A million characters are sent; more, refused below, are a mistake."""
    assert 1_000_000 == len(Product(description="x" * 1_000_000).description or "")


@pytest.mark.parametrize(("name", "given", "msg", "shown"), ROWS, ids=map(str, range(len(ROWS))))
def test_rejects(name: str, given: object, msg: str, shown: str) -> None:
    """Each invalid value is exactly one field error, with its dotted name."""
    assert (FieldError(f"sku_data.{name}", msg, shown),) == rejected(SkuData, {name: given})


@pytest.mark.parametrize(
    ("name", "given", "msg", "shown"), PRODUCT_ROWS, ids=map(str, range(len(PRODUCT_ROWS)))
)
def test_products_refuse(name: str, given: object, msg: str, shown: str) -> None:
    """Each invalid value of a product is exactly one field error, with its dotted name."""
    param = f"sku_data.products.{name}"

    assert (FieldError(param, msg, shown),) == rejected(Product, {name: given})


def test_invalid_products() -> None:
    """Each item of the list that is not a Product is reported with its index."""
    given = {"products": [Product(), {"sku_id": "S-1"}, Product(), None]}

    assert (
        FieldError("sku_data.products[1]", "wrong format", "dict"),
        FieldError("sku_data.products[3]", "wrong format", "none"),
    ) == rejected(SkuData, given)


def test_a_frozen_list() -> None:
    """Changing the list afterwards has no effect."""
    products = [Product(sku_id="S-1")]
    sku_data = SkuData(products=products)
    products.append(Product(sku_id="S-2"))

    assert {"products": [{"sku_id": "S-1"}]} == sku_body(sku_data)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"quantity": Decimal("0.5")}, b'{"quantity":0.5}'),
        ({"quantity": 0}, b'{"quantity":0}'),
        ({"unit_price": "-3.10"}, b'{"unit_price":-3.10}'),
        ({"extended_price": 0}, b'{"extended_price":0}'),
        ({"description": "Canapé", "category": ""}, '{"description":"Canapé"}'.encode()),
    ],
    ids=map(str, range(5)),
)
def test_products_on_the_wire(given: dict[str, Any], expected: bytes) -> None:
    """Numbers are sent digit for digit, a 0 is sent, and empty texts are not."""
    body = sku_body(SkuData(products=(Product(**given),)))

    assert body is not None
    assert b'{"products":[' + expected + b"]}" == encode(body)
