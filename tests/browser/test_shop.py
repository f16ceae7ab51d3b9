"""Customers of the demo shop, in a real browser."""

from urllib.parse import parse_qs

import pytest
from playwright.sync_api import expect

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop, Reset

from ..support.demo_shop import STAFF_PASSWORD, Shop
from ..support.patience import OVERLAP
from .conftest import OpenShop, Visit


def test_a_purchase(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """A customer buys two desks, and the shop captures the amount when they ship."""
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
    assert [] == authorization.captures

    staff = visit(shop, http_credentials={"username": "staff", "password": STAFF_PASSWORD})
    staff.page.goto(f"{shop.url}en/staff")
    staff.submit()
    expect(staff.page.locator(".captured")).to_contain_text("$1,298.00")
    customer.page.reload()
    expect(customer.page.locator("#delivery")).to_contain_text("on its way to you")

    assert ["1298.00"] == [str(one.amount) for one in authorization.captures]
    assert 1 == sandbox.count("authorization")


def test_in_french(shop: Shop, visit: Visit) -> None:
    """A customer from Quebec sees only French, also in the widget and in texts of the API."""
    customer = visit(shop, language="fr")
    customer.to_plans("10000003")

    expect(customer.page.locator("html")).to_have_attribute("lang", "fr-CA")
    expect(customer.page.locator("legend").nth(1)).to_have_text("Versements égaux")
    expect(customer.page.locator("h1")).to_have_text("Comment souhaitez-vous payer?")

    customer.choose("202:6")
    customer.submit()

    expect(customer.page.locator("h1")).to_have_text("Votre commande")
    expect(customer.page.locator("dl")).to_contain_text("649,00\N{NO-BREAK SPACE}$")


def test_switching_the_language(shop: Shop, visit: Visit) -> None:
    """A page links to itself in the other language, where the checkout continues."""
    customer = visit(shop)
    customer.to_plans()
    customer.page.click("text=Français")

    expect(customer.page.locator("h1")).to_have_text("Comment souhaitez-vous payer?")


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("decline", "could not confirm"),
        ("cancel", "You cancelled"),
        ("activation", "must be activated"),
        ("retry", "took too long"),
        ("failure", "Something went wrong"),
    ],
)
def test_results_that_end_the_flow(
    shop: Shop, sandbox: Sandbox, visit: Visit, choice: str, told: str
) -> None:
    """If the widget ends with another result, the page says so, and offers another attempt."""
    customer = visit(shop)
    customer.to_widget()
    customer.end(choice)

    expect(customer.page.locator(".lead")).to_contain_text(told)
    assert 0 == sandbox.count("authorization")

    customer.page.click("a.button[href$='/continue']")
    customer.submit()
    customer.approve()
    customer.arrive("plans")


def test_an_application(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """An applicant sees all missing fields at once, applies with PIN 2222, and has an account."""
    customer = visit(shop)
    customer.page.click("text=Apply for one")
    with customer.expecting_errors():
        customer.submit()
        expect(customer.page.locator("[aria-invalid=true]")).to_have_count(10)

    customer.apply()
    customer.enter("0000")
    expect(customer.widget.locator("#error")).not_to_be_empty()
    customer.enter("2222")
    customer.arrive("application")

    expect(customer.page.locator("h1")).to_have_text("Your application")
    assert ["Grace"] == [one.first_name for one in sandbox.accounts if one.last_name == "Applicant"]


def test_not_enough_credit(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """No plan is offered again that the credit does not reach; another account can pay."""
    customer = visit(shop)
    customer.to_plans("10000004")
    for plan in ("102:12", "102:6", "regular"):
        customer.choose(plan)
        with customer.expecting_errors():
            customer.submit()
            expect(customer.page.locator("[role=alert]")).to_contain_text("vailable credit")
        expect(customer.page.locator(f"input[value='{plan}']")).to_have_count(0)

    expect(customer.page.locator("h1")).to_have_text("Not enough available credit")
    assert 0 == len(sandbox.authorizations)

    customer.page.click("text=Use another account")
    customer.name_account("10000001")
    customer.approve()
    customer.arrive("plans")


def test_the_back_button(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """Going back after a purchase leads to the order, from every page."""
    customer = visit(shop)
    customer.to_plans()
    customer.choose()
    customer.submit()
    customer.arrive("order")
    customer.page.go_back()
    customer.arrive("order")
    for page in ("plans", "widget", "pay", "continue"):
        customer.page.goto(f"{shop.url}en/{page}")
        customer.arrive("order")

    assert 1 == sandbox.count("authorization")
    assert 1 == sandbox.count("widget/init")


def test_back_into_the_widget(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """Going back from the plans leads to the checkout's step, or to another cart."""
    customer = visit(shop)
    customer.to_plans()
    customer.page.go_back()
    customer.arrive("pay")
    customer.page.goto(f"{shop.url}en/widget")
    customer.arrive("plans")
    customer.page.goto(f"{shop.url}en/cart")
    customer.fill_cart(3)
    customer.name_account("10000001")
    customer.arrive("plans")
    customer.choose()
    customer.submit()
    customer.arrive("order")

    assert ["1947.00"] == [str(one.amount) for one in sandbox.authorizations]


def test_an_application_that_is_left(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """A customer who starts an application, goes back, and enters an account instead can pay."""
    customer = visit(shop)
    customer.page.click("text=Apply for one")
    customer.apply()
    customer.widget.locator("#hint").wait_for()
    customer.page.go_back()
    customer.arrive("apply")
    customer.page.go_back()
    customer.arrive("cart")
    customer.to_plans()
    customer.page.go_back()
    customer.arrive("pay")
    customer.name_account("10000001")
    customer.arrive("plans")
    customer.choose()
    customer.submit()
    customer.arrive("order")

    assert 1 == len(sandbox.authorizations)


def test_messages_are_in_the_page(shop: Shop, visit: Visit) -> None:
    """The first field in question has the focus, and its message in the page describes it."""
    customer = visit(shop)

    def check(field: str, message: str) -> None:
        focused = customer.page.locator(":focus")
        expect(focused).to_have_attribute("name", field)
        expect(focused).to_have_attribute("aria-invalid", "true")
        described = str(focused.get_attribute("aria-describedby")).split()
        expect(customer.page.locator(f"#{described[0]}")).to_contain_text(message)
        expect(customer.page.locator("main form:not([novalidate])")).to_have_count(0)

    with customer.expecting_errors():
        customer.page.goto(f"{shop.url}en/apply")
        customer.submit()
        check("first_name", "First name is required")
        customer.page.goto(f"{shop.url}en/cart")
        customer.fill_cart(1)
        customer.name_account("")
        check("account_number", "is required")
        customer.name_account("10000001")
        customer.approve()
        customer.arrive("plans")
        customer.submit()
        check("plan", "Please choose a plan")


def test_a_customer_of_the_sandbox(shop: Shop, visit: Visit) -> None:
    """One click continues as a customer of the sandbox; a frozen account ends with a next step."""
    customer = visit(shop)
    customer.fill_cart(1)
    customer.page.click("text=has a frozen account")
    customer.approve()
    expect(customer.page.locator(".lead")).to_contain_text("cannot be used")
    customer.page.click("text=Use another account")
    customer.page.click("text=buys without problems")
    expect(customer.page.locator("figcaption")).to_contain_text("the sandbox plays Flexiti")
    customer.approve()
    customer.arrive("plans")


def test_another_account(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """A customer who enters another account after the widget must verify that one, too."""
    customer = visit(shop)
    customer.to_plans()
    customer.page.goto(f"{shop.url}en/pay")
    customer.name_account("20009100")
    customer.arrive("widget")
    customer.approve()
    customer.arrive("plans")
    customer.choose()
    customer.submit()
    customer.arrive("order")

    assert [20009100] == [one.account.account_number for one in sandbox.authorizations]


def test_clicking_twice(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """A form that is sent twice at once, without the page's script, is one authorization."""
    sandbox.latency = {"authorization": OVERLAP}
    customer = visit(shop)
    customer.to_plans()
    customer.choose()
    customer.page.evaluate(
        """() => {
            const form = document.querySelector("form");
            const body = new URLSearchParams(new FormData(form));
            const send = () => fetch(form.action, {method: "POST", body});
            return Promise.all([send(), send(), send()]);
        }"""
    )
    customer.submit()
    customer.arrive("order")

    expect(customer.page.locator(".lead")).to_contain_text("is paid")
    assert 1 == sandbox.count("authorization")
    assert 1 == len(sandbox.authorizations)


def test_an_answer_that_is_lost(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """An authorization whose answer was lost is found by the order's number."""
    customer = visit(shop)
    customer.to_plans()
    customer.choose()
    sandbox.inject(Drop(), endpoint="authorization")
    customer.submit()
    customer.arrive("order")
    (authorization,) = sandbox.authorizations

    expect(customer.page.locator("#authorization")).to_have_text(
        str(authorization.authorization_id)
    )
    assert 1 == sandbox.count("authorization")


def test_a_request_that_is_lost(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """If the outcome is unknown, the page asks not to pay again, and prevents a second payment."""
    customer = visit(shop)
    customer.to_plans()
    customer.choose()
    sandbox.inject(Reset(), endpoint="authorization")
    customer.submit()
    customer.arrive("order")

    expect(customer.page.locator(".lead")).to_contain_text("do not pay again")

    customer.page.goto(f"{shop.url}en/pay")
    customer.arrive("order")
    customer.page.click("text=Check again")

    expect(customer.page.locator(".lead")).to_contain_text("do not pay again")
    assert 1 == sandbox.count("authorization")


def test_a_double_click(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """Two quick clicks on the button are one authorization."""
    sandbox.latency = {"authorization": OVERLAP}
    customer = visit(shop)
    customer.to_plans()
    customer.choose()
    customer.page.locator("button", has_text="Buy now").dblclick(no_wait_after=True)
    customer.arrive("order")

    expect(customer.page.locator(".lead")).to_contain_text("is paid")
    assert 1 == sandbox.count("authorization")


def forged(widget_session_id: str = "00000000-0000-0000-0000-000000000000") -> dict[str, object]:
    """Return an event as the widget posts it for a verified customer."""
    data = {
        "accountNumber": 10000001,
        "verified": True,
        "action": "purchase",
        "widget_session_id": widget_session_id,
    }
    return {"eventType": "flx-success", "eventData": data}


def test_an_event_from_the_console(shop: Shop, visit: Visit) -> None:
    """
    A message that the customer's own script posts is not the widget's: nothing is sent. Sent to the
    shop all the same it is refused, since it is of another widget session.
    """
    customer = visit(shop)
    customer.to_widget()
    customer.page.evaluate("event => window.postMessage(event, '*')", forged())
    with customer.expecting_errors():
        customer.page.evaluate("event => forward(event)", forged())
        expect(customer.page.locator("#status")).to_contain_text("does not belong to this payment")

    assert "widget" == customer.where
    customer.page.goto(f"{shop.url}en/plans")
    customer.arrive("pay")
    assert ["event"] == [where for where in customer.posted if where == "event"]


def test_a_perfect_forgery(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """An event that names the right widget session leads to the plans; Flexiti is the judge."""
    customer = visit(shop)
    customer.to_widget()
    src = customer.page.locator("#flexiti").get_attribute("src")
    session_id = parse_qs(str(src).partition("?")[2])["widget_session_id"][0]
    customer.page.evaluate("event => forward(event)", forged(session_id))
    customer.arrive("plans")
    customer.choose()
    with customer.expecting_errors():
        customer.submit()
        expect(customer.page.locator("h1")).to_have_text("Your identity could not be verified")

    assert 0 == len(sandbox.authorizations)

    customer.page.click("text=Confirm again")
    customer.name_account("10000001")
    customer.approve()
    customer.arrive("plans")


def test_a_form_of_another_site(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """A form without the shop's CSRF token is rejected, and buys nothing."""
    customer = visit(shop)
    customer.to_plans()
    customer.choose()
    customer.page.evaluate(
        "() => document.querySelector('input[name=csrf]').value = 'f'.repeat(64)"
    )
    with customer.expecting_errors():
        customer.submit()
        expect(customer.page.locator("h1")).to_have_text("This form is out of date")

    assert 0 == sandbox.count("authorization")


def test_the_cookie_is_a_random_id_that_is_renewed(shop: Shop, visit: Visit) -> None:
    """Scripts cannot read the cookie; the widget and the plans each come with another one."""
    customer = visit(shop)

    def cookie() -> str:
        (found,) = customer.page.context.cookies()
        assert (True, "Lax") == (found.get("httpOnly"), found.get("sameSite"))
        return str(found.get("value"))

    ids = [cookie()]
    customer.to_widget()
    ids.append(cookie())
    customer.approve()
    customer.arrive("plans")
    ids.append(cookie())

    assert 3 == len(set(ids))
    assert [43, 43, 43] == [len(one) for one in ids]


def test_a_revoked_token(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """A customer whose token is rejected midway sees that, and keeps the cart."""
    customer = visit(shop)
    customer.to_plans(quantity=2)
    sandbox.expire_now()
    customer.choose()
    with customer.expecting_errors():
        customer.submit()
        expect(customer.page.locator("h1")).to_have_text("This checkout has ended")
    customer.page.click("text=Start again from the cart")

    expect(customer.page.locator("#quantity")).to_have_value("2")
    assert 0 == len(sandbox.authorizations)


def test_a_checkout_that_has_ended(shop: Shop, sandbox: Sandbox, visit: Visit) -> None:
    """A customer who returns too late starts again, under another reference id."""
    customer = visit(shop)
    customer.to_plans(quantity=2)
    shop.forget_checkouts()
    customer.choose()
    with customer.expecting_errors():
        customer.submit()
        expect(customer.page.locator("h1")).to_have_text("This checkout has ended")
    customer.page.click("text=Start again from the cart")
    customer.to_plans(quantity=2)
    customer.choose()
    customer.submit()
    customer.arrive("order")
    flows = {one.reference_id for one in sandbox.requests if one.endpoint == "widget/init"}

    assert 2 == len(flows)
    assert 1 == len(sandbox.authorizations)


def test_workers_are_killed_between_two_steps(
    open_shop: OpenShop, shared_store: str | None, sandbox: Sandbox, visit: Visit
) -> None:
    """If all workers are killed after the widget, new ones resume the checkout from the store."""
    shop = open_shop(workers=2, store=shared_store)
    customer = visit(shop)
    customer.to_plans()
    first = shop.workers()
    shop.kill_workers()
    customer.choose()
    customer.submit()
    customer.arrive("order")

    assert 2 == len(first)
    assert {*first}.isdisjoint(shop.workers())
    assert 1 == sandbox.count("authorization")
    assert 1 == sandbox.count("oauth/token", scope="customer")
