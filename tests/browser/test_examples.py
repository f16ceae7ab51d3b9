"""The page that the examples of the frameworks share, and the tutorial's, in a real browser."""

import contextlib
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Drop

from ..support.patience import PATIENCE, PATIENT_VARIABLES
from ..support.ports import free_port

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "frameworks"


@contextlib.contextmanager
def at_the_page(
    browser: Browser, sandbox: Sandbox, source: str | None = None, path: str = "/"
) -> Generator[Page, None, None]:
    """Run the example of aiohttp.web, or a source, and open a page; no script may fail there."""
    ours = {name: value for name, value in os.environ.items() if "FLEXITI" not in name}
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    shop = [str(FOLDER / "aiohttp_shop.py")]
    if source is not None:
        shop = ["-c", source.replace("port=8000", f"port={port}")]
    process = subprocess.Popen(
        [sys.executable, "-P", *shop],
        env={
            **ours,
            "PYTHONPATH": f"{FOLDER}{os.pathsep}{ours.get('PYTHONPATH', '')}",
            "PYTHONUNBUFFERED": "1",
            "PORT": str(port),
            "FLEXITI_BASE_URL": sandbox.base_url,
            "FLEXITI_CLIENT_ID": sandbox.client_id,
            "FLEXITI_CLIENT_SECRET": sandbox.client_secret,
            **PATIENT_VARIABLES,
            "SHOP_ORIGIN": url,
            "SHOP_SECRET_KEY": secrets.token_hex(32),
            "SHOP_STAFF_PASSWORD": "open sesame",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    failed: list[str] = []
    try:
        assert process.stdout is not None
        assert url in process.stdout.readline()
        with contextlib.closing(browser.new_context(locale="en-CA")) as context:
            context.set_default_timeout(PATIENCE * 1000)
            page = context.new_page()
            page.on("pageerror", lambda error: failed.append(str(error)))
            page.goto(f"{url}{path}")
            yield page
    finally:
        process.terminate()
        process.communicate()
    assert [] == failed


def approve(page: Page) -> None:
    """Enter the PIN that the sandbox shows in the frame."""
    widget = page.frame_locator("iframe")
    hint = widget.locator("#hint")
    hint.wait_for()
    widget.locator("#pin").fill("".join(filter(str.isdigit, hint.inner_text())))
    widget.locator("#approve").click()


def test_a_customer_buys(browser: Browser, sandbox: Sandbox) -> None:
    """From the order to the plan, all in one page; the frame goes when the widget has ended."""
    with at_the_page(browser, sandbox) as page:
        page.get_by_role("button", name="Continue").click()
        approve(page)
        page.locator("#plans input").first.check()
        expect(page.locator("#widget")).to_be_hidden()
        page.get_by_role("button", name="Buy").click()
        expect(page.get_by_role("status")).to_have_text("Thank you for your order.")

    assert ["order-1"] == [one.reference for one in sandbox.authorizations]


def test_a_lost_answer_is_being_checked(browser: Browser, sandbox: Sandbox) -> None:
    """The page says so, and again to a customer who opens it anew."""
    sandbox.inject(Drop(), endpoint="authorization")
    with at_the_page(browser, sandbox) as page:
        page.get_by_role("button", name="Continue").click()
        approve(page)
        page.locator("#plans input").first.check()
        page.get_by_role("button", name="Buy").click()
        status = page.get_by_role("status")
        expect(status).to_contain_text("Please do not pay again.")
        page.reload()
        page.get_by_role("button", name="Continue").click()
        expect(status).to_contain_text("Please do not pay again.")

    assert 1 == sandbox.count("authorization")


def test_a_customer_is_declined(browser: Browser, sandbox: Sandbox) -> None:
    """Another ending leads to another way to pay."""
    with at_the_page(browser, sandbox) as page:
        page.get_by_role("button", name="Continue").click()
        page.frame_locator("iframe").locator("[data-choice=decline]").click()
        expect(page.get_by_role("status")).to_have_text("Please pay in another way.")

    assert () == sandbox.authorizations


def test_the_shop_of_the_tutorial(browser: Browser, sandbox: Sandbox) -> None:
    """Its page forwards the event of the frame, and shows the answer instead of the frame."""
    text = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    [source] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    with at_the_page(browser, sandbox, source, "/pay?order=order-1") as page:
        page.evaluate("postMessage({eventType: 'flx-success'}, '*')")  # of another window
        approve(page)
        expect(page.locator("body")).to_have_text("Thank you. Your payment is authorized.")
        page.reload()
        expect(page.locator("body")).to_contain_text("This order is already paid.")

    assert ["order-1"] == [one.reference for one in sandbox.authorizations]
