"""A customer in front of the shop."""

import contextlib
from collections.abc import Generator

from attrs import define, field
from playwright.sync_api import FrameLocator, Page

__all__ = ["Customer"]


@define
class Customer:
    """
    A customer with a browser of their own.

    Attributes:
        page: Their page.
        shop: URL of the shop.
        language: Their language.
        errors: Errors in their browser.
        posted: Pages that it has posted to.
    """

    page: Page
    shop: str
    language: str = "en"
    errors: list[str] = field(factory=list[str])
    posted: list[str] = field(factory=list[str])

    @property
    def where(self) -> str:
        """Name of the shop's page that they are on."""
        return self.page.url.removeprefix(f"{self.shop}{self.language}/")

    @property
    def widget(self) -> FrameLocator:
        """Flexiti's frame in the page."""
        return self.page.frame_locator("#flexiti")

    @contextlib.contextmanager
    def expecting_errors(self) -> Generator[None, None, None]:
        """Discard the browser's messages about error responses, which are expected here."""
        yield
        status = "Failed to load resource: the server responded with a status of 4"
        self.errors[:] = [error for error in self.errors if not error.startswith(status)]

    def submit(self) -> None:
        """Click the first submit button of the page."""
        self.page.locator("main button[type=submit]").first.click()

    def arrive(self, where: str) -> None:
        """Wait until they are on a page of the shop."""
        self.page.wait_for_url(f"{self.shop}{self.language}/{where}")

    def fill_cart(self, quantity: int) -> None:
        """Put desks into the cart, and continue to payment."""
        self.page.select_option("#quantity", str(quantity))
        self.submit()

    def name_account(self, number: str) -> None:
        """Enter the account number."""
        self.page.fill("#account_number", number)
        self.submit()

    def to_widget(self, account_number: str = "10000001", *, quantity: int = 1) -> None:
        """Go from the cart to the widget."""
        self.fill_cart(quantity)
        self.name_account(account_number)
        self.arrive("widget")

    def approve(self) -> None:
        """Enter the PIN that the sandbox shows."""
        hint = self.widget.locator("#hint")
        hint.wait_for()
        digits = "".join(letter for letter in hint.inner_text() if letter.isdigit())
        self.enter(digits)

    def enter(self, pin: str) -> None:
        """Enter a PIN."""
        self.widget.locator("#pin").fill(pin)
        self.widget.locator("#approve").click()

    def end(self, choice: str) -> None:
        """End the widget with another result."""
        button = self.widget.locator(f"[data-choice={choice}]")
        if choice not in {"decline", "cancel"}:
            self.widget.locator("summary").click()
        button.click()

    def to_plans(self, account_number: str = "10000001", *, quantity: int = 1) -> None:
        """Go from the cart to the plans."""
        self.to_widget(account_number, quantity=quantity)
        self.approve()
        self.arrive("plans")

    def choose(self, plan: str = "101:12") -> None:
        """Choose a plan."""
        self.page.check(f"input[value='{plan}']")

    def apply(self) -> None:
        """Fill in and send the form of an application."""
        for name, value in APPLICANT.items():
            self.page.fill(f"#{name}", value)
        self.page.select_option("#province", "ON")
        self.page.check("#tos_agreement")
        self.submit()


APPLICANT = {
    "first_name": "Grace",
    "last_name": "Applicant",
    "dob": "1990-01-31",
    "email": "grace@example.com",
    "phone_number": "(613) 555-0100",
    "address_1": "1 Sample St",
    "city": "Ottawa",
    "postal_code": "K1A 0B1",
}
