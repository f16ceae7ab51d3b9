"""
A real browser, the shop in processes of its own, and the sandbox behind it.

The browser is the machine's Chromium, driven by Playwright: nothing is downloaded. It never leaves
the machine, either: a request to anywhere else fails the test.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request, sync_playwright

from flexiti_async.sandbox import Sandbox

from ..stores.servers import Server, valkey_binary
from ..support.demo_shop import Shop, sandbox_in_a_thread
from ..support.patience import PATIENCE
from .driver import Customer

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",  # it may run as root, and shows only our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 900}

OpenShop = Callable[..., Shop]
Visit = Callable[..., Customer]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser, once."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found is not None, "no chromium: apt-get install chromium, or name one in CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=FLAGS, timeout=PATIENCE * 1000
        )
        yield browser
        browser.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox in a thread."""
    with sandbox_in_a_thread() as running:
        yield running


@pytest.fixture(params=["file", "valkey"])
def shared_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    """Return the URL of a store that workers can share; None for the default folder."""
    if request.param == "file":
        yield None
        return
    with Server(valkey_binary(), tmp_path) as server:
        server.start()
        yield server.url


@pytest.fixture
def open_shop(sandbox: Sandbox, tmp_path: Path) -> Iterator[OpenShop]:
    """Yield a function that opens the shop with so many workers; close it afterwards."""
    opened: list[Shop] = []

    def open_one(*, workers: int = 1, store: str | None = None, **variables: str) -> Shop:
        opened.append(Shop.open(sandbox, tmp_path, workers=workers, store=store, **variables))
        return opened[-1]

    yield open_one
    for shop in opened:
        shop.close()


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    """Return the shop with one worker."""
    return open_shop()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """
    Return a function that opens a shop for a customer, with a browser profile of their own.

    Their pages must log no error, and send no request beyond this machine.
    """
    came: list[Customer] = []

    def come(shop: Shop, *, language: str = "en", **options: object) -> Customer:
        context = browser.new_context(
            locale=f"{language}-CA",
            **{"viewport": DESKTOP, **options},  # type: ignore[arg-type]
        )
        context.set_default_timeout(PATIENCE * 1000)
        customer = Customer(context.new_page(), shop.url, language)
        _watch(customer)
        came.append(customer)
        customer.page.goto(shop.url)
        return customer

    yield come
    for customer in came:
        customer.page.context.close()
    assert [] == [error for customer in came for error in customer.errors]


def _watch(customer: Customer) -> None:
    page, errors = customer.page, customer.errors

    def look(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.hostname not in {"127.0.0.1", None}:
            errors.append(f"asked for {request.url}")
        if request.method == "POST" and request.url.startswith(customer.shop):
            customer.posted.append(parts.path.rpartition("/")[2])

    page.on("request", look)
    page.on("pageerror", lambda error: errors.append(f"script failed: {error}"))
    page.on(
        "console",
        lambda message: errors.append(message.text) if message.type == "error" else None,
    )
