"""Every page of the shop, and the sandbox's widget page in it, checked with axe."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame

from ..support.demo_shop import STAFF_PASSWORD, Shop
from .conftest import DESKTOP, Visit
from .driver import Customer

PHONE = {"width": 390, "height": 844}
GRAVE = {"serious", "critical"}


def findings(frame: Frame) -> list[str]:
    """Return axe's serious findings."""
    found = Axe().run(frame).response["violations"]
    return [
        f"{one['id']}: {node['html']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def look(customer: Customer) -> None:
    """Check the page and its frame with axe, and its width."""
    page = customer.page
    assert [] == [fault for frame in page.frames for fault in findings(frame)], page.url
    too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert [False] * len(page.frames) == [frame.evaluate(too_wide) for frame in page.frames], (
        page.url
    )


@pytest.mark.parametrize(
    ("viewport", "language", "scheme"),
    [(DESKTOP, "en", "light"), (PHONE, "fr", "light"), (PHONE, "en", "dark")],
    ids=["desktop", "phone, French", "phone, dark"],
)
def test_every_page(
    shop: Shop, visit: Visit, viewport: dict[str, int], language: str, scheme: str
) -> None:
    """No page has a serious finding or is wider than the window, at any width, in either scheme."""
    customer = visit(shop, language=language, viewport=viewport, color_scheme=scheme)
    look(customer)
    customer.fill_cart(1)
    with customer.expecting_errors():
        customer.name_account("12x")
        look(customer)
    customer.name_account("10000001")
    customer.widget.locator("#hint").wait_for()
    look(customer)
    customer.enter("abcd")
    customer.widget.locator("summary").click()
    look(customer)
    customer.approve()
    customer.arrive("plans")
    look(customer)
    customer.choose()
    customer.submit()
    customer.arrive("order")
    look(customer)
    staff = visit(
        shop,
        language=language,
        viewport=viewport,
        color_scheme=scheme,
        http_credentials={"username": "staff", "password": STAFF_PASSWORD},
    )
    staff.page.goto(f"{shop.url}{language}/staff")
    look(staff)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_an_application(shop: Shop, visit: Visit, scheme: str) -> None:
    """The same holds for an application, its field errors, and the results that end the flow."""
    customer = visit(shop, viewport=PHONE, color_scheme=scheme)
    customer.page.goto(f"{shop.url}en/apply")
    look(customer)
    with customer.expecting_errors():
        customer.submit()
        look(customer)
        customer.page.goto(f"{shop.url}en/nothing")
        look(customer)
    for reaction in ("activate", "cancelled", "new_application"):
        customer.page.goto(f"{shop.url}en/ended/{reaction}")
        look(customer)
    customer.page.goto(f"{shop.url}en/apply")
    customer.apply()
    customer.enter("2222")
    customer.arrive("application")
    look(customer)
