"""The demo shop, attacked: it is code to copy."""

import base64
import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flexiti_async.demo.app import page_routes
from flexiti_async.demo.database import Database
from flexiti_async.demo.guard import CSRF_HEADER
from flexiti_async.demo.settings import ShopSettings
from flexiti_async.sandbox import Sandbox

from ..support.demo_shop import STAFF_PASSWORD, Shop, sandbox_in_a_thread
from .client import Browser, forged

SAM = "10000004"
ADA = "10000001"
TLS_HOST = "shop.example.com"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox."""
    with sandbox_in_a_thread() as running:
        yield running


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Run the shop on loopback."""
    running = Shop.open(sandbox, tmp_path_factory.mktemp("shop"))
    yield running
    running.close()


@pytest.fixture
def strict_shop(sandbox: Sandbox, tmp_path: Path) -> Iterator[Shop]:
    """Run a shop that counts the tries of this test alone, behind a proxy that ends TLS."""
    running = Shop.open(sandbox, tmp_path, SHOP_ORIGIN=f"https://{TLS_HOST}")
    yield running
    running.close()


def as_staff(password: str) -> str:
    """Return the header of a member of the staff."""
    return "Basic " + base64.b64encode(f"staff:{password}".encode()).decode()


def verify(browser: Browser) -> None:
    """Go to the plans."""
    shown = browser.to_widget()
    assert 200 == browser.event(json.dumps(forged(ADA, shown.widget_session_id))).status


def test_a_planted_session_is_worthless(shop: Shop) -> None:
    """
    Session fixation: whoever planted a session id in a customer's browser, or read it there, sees
    nothing once the customer has named an account, nor by the next id once it is verified.
    """
    attacker, customer = Browser(shop.url), Browser(shop.url)
    attacker.get("/en/cart")
    customer.cookies = dict(attacker.cookies)
    shown = customer.to_widget()
    named = Browser(shop.url, cookies=dict(customer.cookies))
    event = forged(ADA, shown.widget_session_id)
    verified = customer.event(json.dumps(event))

    assert {"next": "/en/plans"} == json.loads(verified.text)
    assert 3 == len({one.cookies["shop"] for one in (attacker, named, customer)})
    for old in (attacker, named):
        assert "/en/cart" == old.get("/en/plans").where
        assert f'value="{ADA}" aria' not in old.get("/en/pay").text
    assert f'value="{ADA}" aria' in customer.get("/en/pay").text
    assert 200 == customer.get("/en/plans").status


def test_an_id_that_the_shop_did_not_draw_is_not_adopted(shop: Shop) -> None:
    """A session id of the sender's choice is replaced at once."""
    browser = Browser(shop.url, cookies={"shop": "f" * 43})
    browser.get("/en/cart")

    assert "f" * 43 != browser.cookies["shop"]


def test_a_new_cart_ends_the_session(shop: Shop) -> None:
    """The id of a session that its customer has left leads nowhere."""
    browser = Browser(shop.url)
    verify(browser)
    before = Browser(shop.url, cookies=dict(browser.cookies))
    browser.get("/en/plans")
    browser.post("/en/new")

    assert "/en/cart" == before.get("/en/plans").where


def test_the_cookie_over_tls(strict_shop: Shop) -> None:
    """Over TLS the cookie is Secure and `__Host-`, so no other host can set it; on loopback not."""
    reply = Browser(strict_shop.url, host=TLS_HOST).get("/en/cart")
    (written,) = reply.headers.get_all("Set-Cookie", [])
    name, _, attributes = written.partition("=")

    assert "__Host-shop" == name
    assert {"HttpOnly", "Max-Age=86400", "Path=/", "SameSite=lax", "Secure"} == set(
        attributes.split("; ")[1:]
    )
    assert "max-age=31536000" == reply.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://shop.example.com",
        "http://0.0.0.0:8000",
        "http://127.0.0.1.example.com",
        "https://shop.example.com/path",
        "https://user@shop.example.com",
        "https://shop.example.com:port",
        "shop.example.com",
    ],
)
def test_no_shop_over_plain_http(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    """Plain http is for loopback only; anything that is not an origin is refused, too."""
    monkeypatch.setenv("SHOP_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("SHOP_DATABASE", "unused")
    monkeypatch.setenv("SHOP_ORIGIN", origin)

    with pytest.raises(ValueError, match="SHOP_ORIGIN must be the address that customers open"):
        ShopSettings.from_env()


def test_no_shop_on_all_addresses_without_an_origin(tmp_path: Path) -> None:
    """The command says what is missing, before it prints a URL."""
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "flexiti_async.demo", "--host=0.0.0.0", "--port=0"],
        env={**os.environ, "SHOP_DATABASE": f"{tmp_path}/orders.sqlite"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (1, "") == (ran.returncode, ran.stdout)
    assert "SHOP_ORIGIN must be the address" in ran.stderr


def test_a_capture_is_the_staffs(shop: Shop, sandbox: Sandbox) -> None:
    """Customers cannot capture; the staff can, once, with the password and a form of the shop."""
    customer, staff = Browser(shop.url), Browser(shop.url)
    buy_for_real(customer, sandbox)
    number = customer.get("/en/order").text.partition("<dd>D-")[2][:8]
    order = {"number": f"D-{number}"}
    password = {"Authorization": as_staff(STAFF_PASSWORD)}
    refused = [
        customer.post("/en/capture", order).status,
        customer.post("/en/staff", order).status,
        customer.post("/en/staff", order, Authorization=as_staff("guess")).status,
        customer.get("/en/staff").status,
        staff.post("/en/staff", order, **password).status,  # without a form
    ]
    staff.get("/en/staff", **password)
    captured = [staff.post("/en/staff", order, **password).status for _ in range(2)]

    assert [404, 401, 401, 401, 403] == refused
    assert [303, 303] == captured
    assert ["649.00"] == [str(one.amount) for one in sandbox.authorizations[-1].captures]


def test_passwords_of_the_staff_cannot_be_guessed_for_long(strict_shop: Shop) -> None:
    """After ten wrong passwords from one address the right one is no longer looked at."""
    staff = Browser(strict_shop.url, host=TLS_HOST)
    wrong = [staff.get("/en/staff", Authorization=as_staff("guess")) for _ in range(11)]
    right = staff.get("/en/staff", Authorization=as_staff(STAFF_PASSWORD))

    assert [401] * 10 + [429, 429] == [one.status for one in (*wrong, right)]
    assert "900" == right.headers["Retry-After"]
    assert "Too many attempts" in right.text


def test_a_shop_without_a_password_has_no_staff_pages(sandbox: Sandbox, tmp_path: Path) -> None:
    """The staff's pages do not exist unless their password is set: not even an empty one fits."""
    shop = Shop.open(sandbox, tmp_path, SHOP_STAFF_PASSWORD="")
    try:
        status = Browser(shop.url).get("/en/staff", Authorization=as_staff("")).status
    finally:
        shop.close()

    assert 404 == status


def test_accounts_cannot_be_tried_for_long(strict_shop: Shop) -> None:
    """One account gets ten widgets, and one address starts thirty, whatever the cookies."""

    def start(account_number: str, **headers: str) -> int:
        browser = Browser(strict_shop.url, host=TLS_HOST)
        browser.get("/en/cart")
        return browser.post("/en/widget", {"account_number": account_number}, **headers).status

    for_sam = [start(SAM) for _ in range(11)]
    others = [start(str(30000000 + number)) for number in range(20)]
    by_proxy = start(ADA, **{"X-Forwarded-For": "192.0.2.7"})

    assert ([200] * 10 + [429]) == for_sam
    assert 429 not in others[:19]
    assert 429 == others[-1]
    assert 200 == by_proxy


def test_events_cannot_be_tried_for_long(shop: Shop) -> None:
    """A checkout takes twenty events, so no widget session id is guessed."""
    browser = Browser(shop.url)
    browser.to_widget()
    guess = json.dumps(forged(ADA, "00000000-0000-0000-0000-000000000000"))
    answers = [browser.event(guess).status for _ in range(21)]

    assert 429 not in answers[:20]
    assert 429 == answers[20]


def test_a_forged_event_shows_nothing_of_the_account(shop: Shop, sandbox: Sandbox) -> None:
    """
    A customer who forges the event for another one's account, without a PIN, sees the plans, which
    the purchase needs, but neither the available credit nor the name, and buys nothing.
    """
    (sam,) = (one for one in sandbox.accounts if SAM == str(one.account_number))
    browser = Browser(shop.url)
    shown = browser.to_widget(SAM)
    browser.event(json.dumps(forged(SAM, shown.widget_session_id)))
    plans = browser.get("/en/plans")
    bought = browser.post("/en/plans", {"plan": "101:12"})

    assert 200 == plans.status
    assert [] == [
        secret
        for secret in (f"{sam.available_credit:,.2f}", "300.00", sam.first_name, sam.last_name, SAM)
        if secret in plans.text
    ]
    assert "Your identity could not be verified" in bought.text
    assert [] == [one for one in sandbox.authorizations if one.account is sam]


def test_pages_are_safe_to_open(shop: Shop, sandbox: Sandbox) -> None:
    """
    GET starts nothing and changes no session, at any step: a link of another site opens no widget,
    starts no application and empties no cart.
    """
    paths = [path for path, methods in routes() if "GET" in methods]
    browser = Browser(shop.url)
    browser.get("/en/cart")
    steps: list[Callable[[], object]] = [lambda: None, browser.to_widget, lambda: verify(browser)]
    for step in steps:
        step()
        started, cookies = starts(sandbox), dict(browser.cookies)
        where = browser.get("/en/continue").where
        for path in paths:
            browser.get(f"/en{path}".replace("{reaction}", "cancelled"))

        assert started == starts(sandbox)
        assert (cookies, where) == (browser.cookies, browser.get("/en/continue").where)


def starts(sandbox: Sandbox) -> list[int]:
    """Count what a page may start."""
    names = ("widget/init", "authorization", "apply")
    return [sum(one.endpoint == name for one in sandbox.requests) for name in names]


def test_every_form_needs_a_token_of_its_session(shop: Shop) -> None:
    """A POST without the token, or with that of another session, is rejected by every page."""
    other = Browser(shop.url)
    other.get("/en/cart")
    paths = [path for path, methods in routes() if "POST" in methods]
    password = {"Authorization": as_staff(STAFF_PASSWORD)}
    found = {
        path: Browser(shop.url, csrf=token).post(f"/en{path}", None, **headers).status
        for path in paths
        for token, headers in (("", password), (other.csrf, {**password, CSRF_HEADER: other.csrf}))
    }

    assert 8 <= len(paths)
    assert dict.fromkeys(paths, 403) == found


def routes() -> list[tuple[str, set[str]]]:
    """Return the paths of the shop's pages, with their methods."""
    return [(route.path, set(route.methods or ())) for route in page_routes()]


def test_no_host_but_the_shops_own(shop: Shop) -> None:
    """A `Host` of the sender's choice is refused, and gets into no redirect."""
    port = shop.url.rpartition(":")[2].rstrip("/")
    hosts = ("evil.example.com", f"evil.example.com:{port}", "127.0.0.1", f"127.0.0.1:{port}@evil")
    paths = ("/", "/en", "/en/", "/en/cart/", "/static", "/en/widget")
    evil = [Browser(shop.url, host=host).get(path) for host in hosts for path in paths]
    own = [Browser(shop.url).get(path) for path in paths]

    redirects = {reply.where for reply in own if reply.headers["Location"]}

    assert {421} == {reply.status for reply in evil}
    assert {None} == {reply.headers["Location"] for reply in evil}
    assert {"/en/cart", "/en/pay"} == redirects


def test_pages_are_not_stored(shop: Shop) -> None:
    """No page stays in a browser's cache: it has a customer's data, or an old CSRF token."""
    browser = Browser(shop.url)
    pages = [browser.get("/en/cart"), browser.to_widget(), browser.get("/en/nothing")]

    assert ["no-store"] * 3 == [reply.headers["Cache-Control"] for reply in pages]
    assert browser.get("/static/shop.css").headers["Cache-Control"] is None


def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    """The file is made for one user, whatever the umask; one that others may read is refused."""
    file = tmp_path / "orders.sqlite"
    before = os.umask(0)
    try:
        Database(file)
    finally:
        os.umask(before)
    mode = stat.S_IMODE(file.stat().st_mode)
    file.chmod(0o644)
    link = tmp_path / "link.sqlite"
    link.symlink_to(file)

    assert 0o600 == mode
    with pytest.raises(PermissionError, match="chmod 600"):
        Database(file)
    with pytest.raises(OSError, match="link"):
        Database(link)


def test_the_database_holds_no_session_id(shop: Shop) -> None:
    """A reader of the database cannot take over a session: it has hashes of their ids."""
    browser = Browser(shop.url)
    browser.to_widget()
    with sqlite3.connect(shop.database) as connection:
        held = "\n".join(connection.iterdump())
    connection.close()

    assert 'INSERT INTO "visits"' in held
    assert browser.cookies["shop"] not in held


def buy_for_real(browser: Browser, sandbox: Sandbox) -> None:
    """Buy a desk with the PIN."""
    shown = browser.to_widget()
    browser.event(json.dumps(sandbox.play(shown.widget_session_id)))
    browser.get("/en/plans")
    assert "/en/order" == browser.post("/en/plans", {"plan": "101:12"}).where
