"""The panel of what happens behind the demo shop: for the demo only, and without secrets."""

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flexiti_async.sandbox import Sandbox

from ..support.demo_shop import Shop, sandbox_in_a_thread
from ..support.patience import PATIENCE
from .client import Browser

ADA = "10000001"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox."""
    with sandbox_in_a_thread() as running:
        yield running


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Run a shop with the panel."""
    folder = tmp_path_factory.mktemp("shop")
    running = Shop.open(sandbox, folder, store="memory://", SHOP_BEHIND="1")
    yield running
    running.close()


def panel(browser: Browser, language: str = "en") -> dict[str, Any]:
    """Return what the panel shows."""
    shown: dict[str, Any] = json.loads(browser.get(f"/behind?lang={language}").text)
    return shown


def panel_with(browser: Browser, name: str) -> dict[str, Any]:
    """Return what the panel shows once it has an event, which is written in the background."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        shown = panel(browser)
        if any(name in line["name"] for line in shown["lines"]):
            return shown
    pytest.fail(f"the panel never showed {name}")


def test_the_panel_shows_a_purchase(shop: Shop, sandbox: Sandbox) -> None:
    """It has the token request, the calls with their times and worker, the id, and the journal."""
    browser = Browser(shop.url)
    session = browser.to_widget().widget_session_id
    browser.event(json.dumps(sandbox.play(session)))
    browser.get("/en/plans")
    browser.post("/en/plans", {"plan": "101:12"})
    (authorization,) = sandbox.authorizations
    shown = panel_with(browser, f"authorize {authorization.reference}")
    lines = shown["lines"]
    calls = [line["name"] for line in lines if line["kind"] == "call"]
    (init,) = (one for one in sandbox.requests if one.endpoint == "widget/init")

    assert {"widget/init", "calculate-interest", "authorization"} <= set(calls)
    assert str(init.reference_id) in shown["reference_id"]
    assert "token request" in {line["what"] for line in lines}
    assert {"worker 1"} == {line["worker"] for line in lines}
    assert ["done"] == [line["outcome"] for line in lines if line["kind"] == "journal"]
    assert all(line["took"].endswith(" ms") for line in lines if line["kind"] == "call")
    assert "workers: 1" in shown["totals"]
    assert "processus 1" == panel(browser, "fr")["lines"][0]["worker"]

    other = Browser(shop.url)
    other.get("/en/cart")
    theirs = json.dumps(panel(other))

    assert str(init.reference_id) not in theirs
    assert authorization.reference not in theirs

    with sqlite3.connect(shop.database) as connection:
        rows = str(connection.execute("SELECT * FROM happenings").fetchall())
    connection.close()
    secrets = [
        *(token.access_token for token in sandbox.tokens),
        *(sandbox.client_secret, ADA, session, browser.csrf, *browser.cookies.values()),
    ]

    assert [] == [secret for secret in secrets if secret in rows + json.dumps(shown)]


def test_asking_begins_no_session(shop: Shop) -> None:
    """The panel asks while a page renews the session: it must not replace the cookie."""
    stale = Browser(shop.url, cookies={"shop": "f" * 43})
    reply = stale.get("/behind?lang=en")

    assert (200, "{}") == (reply.status, reply.text)
    assert None is reply.headers["Set-Cookie"]


def test_a_shop_has_no_panel(sandbox: Sandbox, tmp_path: Path) -> None:
    """Without `SHOP_BEHIND=1` the pages do not mention it, and its address does not exist."""
    shop = Shop.open(sandbox, tmp_path, store="memory://")
    try:
        browser = Browser(shop.url)
        page, data = browser.get("/en/cart").text, browser.get("/behind").status
    finally:
        shop.close()

    assert "behind" not in page
    assert 404 == data
