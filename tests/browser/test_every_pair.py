"""
From every page of the shop to every other one, and then a payment: there is no dead end.

Most of it needs no browser: pages are opened, and their own forms and links followed, over HTTP.
The real back button is at the end.
"""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count

import pytest
from attrs import define

from flexiti_async.sandbox import Account, Sandbox

from ..demo.client import Browser, Reply, forged
from ..support.demo_shop import Shop, sandbox_in_a_thread

HOST = "shop.example.com"
CREDIT = Decimal("1000.00")
APPLICATION = {
    "first_name": "Grace",
    "last_name": "Applicant",
    "dob": "1990-01-31",
    "email": "grace@example.com",
    "phone_number": "6135550100",
    "address_1": "1 Sample St",
    "city": "Ottawa",
    "province": "ON",
    "postal_code": "K1A 0B1",
    "tos_agreement": "yes",
}
_ACTION = re.compile(r'<form[^>]* action="/en/([a-z/]+)"')
_LINK = re.compile(r'<a class="button[^"]*" href="/en/([^"]+)"')
_NUMBERS = count(31000001)
_ADDRESSES = count(1)


@define
class Customer:
    """A customer with an account of their own, and enough credit for one desk."""

    browser: Browser
    sandbox: Sandbox
    account: Account
    page: str = ""
    shown: Reply | None = None

    def open(self, page: str) -> None:
        """Open a page, and follow its redirects."""
        self._arrive(page, self.browser.get(f"/en/{page}"))

    def send(self, page: str, **form: str) -> None:
        """Send a form of the page shown."""
        self._arrive(page, self.browser.post(f"/en/{page}", form))

    def _arrive(self, page: str, reply: Reply) -> None:
        while reply.status == 303:
            page = reply.where.removeprefix("/en/")
            reply = self.browser.get(reply.where)
        self.page, self.shown = page, reply

    @property
    def text(self) -> str:
        """The page shown."""
        assert self.shown is not None
        return self.shown.text

    def end_widget(self, choice: str = "approve") -> None:
        """Play the widget that is shown, and do what the page's script does with its event."""
        assert self.shown is not None
        posted = self.sandbox.play(self.shown.widget_session_id, choice)  # type: ignore[arg-type]
        (events,) = re.findall(r'data-endpoint="(/en/[a-z/]+)"', self.text)
        headers = {"Content-Type": "application/json", "X-Csrf-Token": self.browser.csrf}
        answer = json.loads(self.browser.send(events, json.dumps(posted), **headers).text)
        if "submit" in answer:
            self.browser.csrf = answer["csrf"]
            self.send("application", **APPLICATION)
        else:
            self.open(answer["next"].removeprefix("/en/"))

    def pay(self) -> None:
        """Follow the pages, whichever is shown, until an order is paid."""
        for _ in range(12):
            if self.page == "order":
                return
            self._go_on()
        pytest.fail(f"no order is paid: {self.page}, {self.text}")

    def _go_on(self) -> None:
        actions, links = _ACTION.findall(self.text), _LINK.findall(self.text)
        if "<iframe" in self.text:
            leaves = "/application/event" in self.text
            self.open("cart") if leaves else self.end_widget()
        elif "cart" in actions:
            self.send("cart", quantity="1")
        elif "widget" in actions:
            self.send("widget", account_number=str(self.account.account_number))
        elif "Not enough available credit" in self.text:
            self.open("cart")
        elif "plans" in actions:
            self.send("plans", plan="101:12")
        elif "apply" in actions:
            assert 'href="/en/cart"' in self.text
            self.open("cart")
        else:
            self.open(links[0])


def to_pay(customer: Customer) -> None:
    """Go to the page that asks for the account number."""
    customer.open("cart")
    customer.send("cart", quantity="1")


def to_widget(customer: Customer, quantity: str = "1") -> None:
    """Go to the widget."""
    customer.open("cart")
    customer.send("cart", quantity=quantity)
    customer.send("widget", account_number=str(customer.account.account_number))


def to_end(customer: Customer) -> None:
    """Cancel in the widget."""
    to_widget(customer)
    customer.end_widget("cancel")


def to_plans(customer: Customer, quantity: str = "1") -> None:
    """Go to the plans."""
    to_widget(customer, quantity)
    customer.end_widget()


def to_no_credit(customer: Customer) -> None:
    """Buy more than the credit allows."""
    to_plans(customer, quantity="2")
    customer.send("plans", plan="101:12")
    assert "Not enough available credit" in customer.text


def to_not_verified(customer: Customer) -> None:
    """Forge the event of the widget, which Flexiti notices at the authorization."""
    to_widget(customer)
    assert customer.shown is not None
    number = str(customer.account.account_number)
    customer.browser.event(json.dumps(forged(number, customer.shown.widget_session_id)))
    customer.open("plans")
    customer.send("plans", plan="101:12")
    assert "could not be verified" in customer.text


def to_order(customer: Customer) -> None:
    """Pay."""
    to_plans(customer)
    customer.send("plans", plan="101:12")


def to_application(customer: Customer) -> None:
    """Open the form of an application."""
    customer.open("apply")


def to_application_widget(customer: Customer) -> None:
    """Send the form: the widget of the application is shown."""
    to_application(customer)
    customer.send("apply", **APPLICATION)


def to_application_end(customer: Customer) -> None:
    """Cancel in the widget of the application."""
    to_application_widget(customer)
    customer.end_widget("cancel")


def to_applied(customer: Customer) -> None:
    """Apply."""
    to_application_widget(customer)
    customer.end_widget()


FROM: tuple[Callable[[Customer], None], ...] = (
    *(to_pay, to_widget, to_end, to_plans, to_no_credit, to_not_verified, to_order),
    *(to_application, to_application_widget, to_application_end, to_applied),
)
TO = (
    *("cart", "pay", "widget", "ended/cancelled", "plans", "order", "continue"),
    *("apply", "application"),
)


@pytest.fixture(scope="module")
def busy() -> Iterator[Sandbox]:
    """Run a sandbox for all pairs."""
    with sandbox_in_a_thread() as running:
        yield running


@pytest.fixture(scope="module")
def busy_shop(busy: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Run a shop for all pairs, behind a proxy, so that each customer has an address."""
    folder = tmp_path_factory.mktemp("shop")
    running = Shop.open(busy, folder, store="memory://", SHOP_ORIGIN=f"https://{HOST}")
    yield running
    running.close()


@pytest.mark.parametrize("start", FROM, ids=lambda start: start.__name__)
def test_every_pair_of_pages(busy_shop: Shop, busy: Sandbox, start: Callable[..., None]) -> None:
    """A customer that goes from any page to any other, by address or back button, can pay once."""
    for page in TO:
        number = next(_NUMBERS)
        account = busy.add_account(Account(account_number=number, credit_limit=CREDIT))
        browser = Browser(busy_shop.url, host=HOST, address=f"192.0.2.{next(_ADDRESSES)}")
        customer = Customer(browser, busy, account)
        start(customer)
        customer.open(page)
        customer.pay()
        paid = [one.amount for one in busy.authorizations if one.account is account]

        assert "Your order is paid" in customer.text, page
        assert [Decimal("649.00")] == paid, page
