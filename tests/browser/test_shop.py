"""Customers of the example shop, in a real browser."""

from playwright.sync_api import expect

from flexiti_async.sandbox import Sandbox

from .conftest import OpenShop, Visit
from .driver import Shop


def test_a_purchase(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """A customer buys two desks, and the shop captures the money when it sends them."""
    customer = visit(shop)
    customer.to_plans(quantity=2)
    customer.choose()
    customer.submit()
    customer.arrive("order")
    (authorization,) = sandbox.authorizations

    expect(customer.page.locator("#authorization")).to_have_text(
        str(authorization.authorization_id)
    )
    assert "1298.00" == str(authorization.amount)
    assert 0 == len(sandbox.captures)

    customer.submit()
    expect(customer.page.locator("#captures")).to_contain_text("$1,298.00")

    assert ["1298.00"] == [str(capture.amount) for capture in sandbox.captures]
    assert 1 == sandbox.count("authorization")
