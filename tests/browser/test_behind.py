"""The panel beside the demo shop, with two workers, in a real browser."""

from playwright.sync_api import expect

from .conftest import DESKTOP, OpenShop, Visit
from .test_accessibility import PHONE, look


def test_the_panel_beside_the_shop(open_shop: OpenShop, visit: Visit) -> None:
    """It shows the calls of its customer while they pay, and is accessible at any width."""
    shop = open_shop(workers=2, SHOP_BEHIND="1")
    customer = visit(shop)
    customer.to_plans()
    customer.choose()
    customer.submit()
    customer.arrive("order")
    panel = customer.page.locator("#behind")

    expect(panel.locator(".journal").first).to_contain_text("authorize")
    expect(panel.locator(".call", has_text="widget/init")).to_contain_text(" ms")
    expect(panel).to_contain_text("Token requests:")
    for viewport in (DESKTOP, PHONE):
        customer.page.set_viewport_size(viewport)  # type: ignore[arg-type]
        look(customer)
