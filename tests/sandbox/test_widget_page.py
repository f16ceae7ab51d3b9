"""The widget's page: its files, and the requests of its script (spec section 7)."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest

from flexiti_async.sandbox import Sandbox

from .conftest import APPLY, PURCHASE, Answer, Api
from .shop import ACCOUNT, Shop

VOID = {"input", "link", "meta"}
FILES = {
    "/flexiti/pos-api/": "text/html",
    "/sandbox/widget/page.css": "text/css",
    "/sandbox/widget/page.js": "text/javascript",
}


class Page(HTMLParser):
    """Collects the elements of a page, and checks that its tags are balanced."""

    def __init__(self) -> None:
        """Start outside all elements."""
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element."""
        assert len(attrs) == len(dict(attrs))
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert tag == self.open.pop()


async def fetch(api: Api, path: str) -> tuple[int, Mapping[str, str], str]:
    """Get a file, by its path on the host."""
    root = api.sandbox.base_url.removesuffix("/flexiti/pos-api")
    async with api.http.get(f"{root}{path}") as response:
        return response.status, response.headers.copy(), await response.text()


async def ask(api: Api, what: str, url: str, **more: object) -> Answer:
    """Send a request of the script, for the session of a redirection URL."""
    route, _, query = urlsplit(url).fragment.partition("?")
    _, _, client_id, token = route.split("/")
    body: dict[str, object] = {
        "client_id": client_id,
        "token": token,
        "widget_session_id": query.rpartition("=")[2],
    }
    root = api.sandbox.base_url.removesuffix("/flexiti/pos-api")
    async with api.http.post(f"{root}/sandbox/widget/{what}", json={**body, **more}) as response:
        answer: Any = await response.json() if response.status == 200 else {}
        return Answer(response.status, response.headers.copy(), answer)


@pytest.mark.parametrize(("path", "content_type"), FILES.items())
async def test_files(api: Api, sandbox: Sandbox, path: str, content_type: str) -> None:
    """Each file has a policy that forbids all other origins; no request is recorded."""
    status, headers, text = await fetch(api, path)

    assert (200, f"{content_type}; charset=utf-8") == (status, headers["content-type"])
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "*",
    } == policy
    assert ("no-referrer", "nosniff", "no-store") == (
        headers["referrer-policy"],
        headers["x-content-type-options"],
        headers["cache-control"],
    )
    assert [] == re.findall(r"https?://|//[a-z]+\.[a-z]", text)
    assert () == sandbox.requests


async def test_page_is_well_formed(api: Api) -> None:
    """Tags are balanced, ids unique, every field has a label, and nothing is inline."""
    _, _, text = await fetch(api, "/flexiti/pos-api/")
    page = Page()
    page.feed(text)
    page.close()

    assert [] == page.open
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert sorted(set(map(str, ids))) == sorted(map(str, ids))
    labelled = {attrs.get("for") for tag, attrs in page.elements if tag == "label"}
    fields = {attrs.get("id") for tag, attrs in page.elements if tag in {"input", "select"}}
    assert {"mfa", "pin"} == fields == labelled
    named = {name for _, attrs in page.elements for name in attrs}
    assert not [name for name in named if name == "style" or name.startswith("on")]
    assert "style" not in {tag for tag, _ in page.elements}
    assert "en" == dict(page.elements)["html"]["lang"]
    referred = [attrs.get("aria-describedby") or "" for _, attrs in page.elements]
    referred += [attrs.get("aria-labelledby") or "" for _, attrs in page.elements]
    assert set(" ".join(referred).split()) <= set(ids)


async def test_both_languages_are_complete(api: Api) -> None:
    """Every text of the page exists in English and in French."""
    _, _, html = await fetch(api, "/flexiti/pos-api/")
    _, _, script = await fetch(api, "/sandbox/widget/page.js")
    tables = re.split(r"^  (?:en|fr): \{$", script, flags=re.MULTILINE)[1:]
    english, french = (
        re.findall(r"^    (\w+): ", table.partition("\n  },")[0], re.MULTILINE) for table in tables
    )

    assert english == french
    assert set(re.findall(r'data-text="(\w+)"', html)) <= set(english)
    assert set(re.findall(r"texts\.(\w+)", script)) <= set(english)


async def test_open(api: Api, shop: Shop) -> None:
    """The page receives the customer's choices."""
    answer = await ask(api, "open", await shop.widget())

    assert {
        "flow": "purchase",
        "merchant_name": "Sandbox Store",
        "accounts": [
            {"account_number": ACCOUNT, "account_type": "consumer", "available_credit": 5000}
        ],
        "choices": ["approve", "decline", "cancel", "activation", "retry", "failure"],
        "pin": answer.body["pin"],
        "event": None,
    } == answer.body


async def test_approve_with_the_pin(api: Api, shop: Shop, sandbox: Sandbox) -> None:
    """The PIN that was sent verifies the customer, who can then buy."""
    url = await shop.widget()
    await ask(api, "send", url, mfa="email")
    (message,) = sandbox.messages
    answer = await ask(api, "finish", url, choice="approve", pin=message.code, mfa="email")
    event = answer.body["event"]

    assert ("email", ACCOUNT) == (message.channel, message.account_number)
    assert (True, "email") == (
        event["eventData"]["verified"],
        event["eventData"]["mfaOptionSelected"],
    )
    session_id = event["eventData"]["widget_session_id"]
    assert 200 == (await shop.authorize(1, widget_session_id=session_id)).status


async def test_pin_of_an_application(api: Api, shop: Shop, sandbox: Sandbox) -> None:
    """The PIN of an application is 2222, and is not sent."""
    url = await shop.widget(APPLY)
    await ask(api, "send", url)
    answer = await ask(api, "finish", url, choice="approve", pin="2222")

    assert () == sandbox.messages
    assert True is answer.body["event"]["eventData"]["verified"]


async def test_wrong_pins(api: Api, shop: Shop) -> None:
    """The right PIN is accepted after two wrong ones; the third ends the session."""
    url = await shop.widget()
    events = [
        (await ask(api, "finish", url, choice="approve", pin=pin)).body["event"]
        for pin in ("0000", "", "\ud800")
    ]

    assert [None, None] == events[:2]
    assert False is events[2]["eventData"]["verified"]


async def test_choice_of_an_account(api: Api, shop: Shop) -> None:
    """The account that the customer chooses is verified, if it belongs to the customer."""
    person = {
        "first_name": "Ada",
        "last_name": "Test",
        "dob": "1990-01-31",
        "postal_code": "K1A0B1",
    }
    url = await shop.widget(
        {**PURCHASE, "customer_identification": {"personal_information": person}}
    )
    pin = (await ask(api, "open", url)).body["pin"]
    finish = {"choice": "approve", "pin": pin}
    foreign = await ask(api, "finish", url, account_number=20009100, **finish)
    chosen = await ask(api, "finish", url, account_number=10000002, **finish)

    assert 409 == foreign.status
    assert 10000002 == chosen.body["event"]["eventData"]["accountNumber"]


async def test_ended_session(api: Api, shop: Shop) -> None:
    """An ended session shows its event, and does not end again."""
    url = await shop.widget()
    await ask(api, "finish", url, choice="cancel")

    assert {"eventType": "flx-cancel"} == (await ask(api, "open", url)).body["event"]
    assert 409 == (await ask(api, "finish", url, choice="approve", pin="0000")).status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"token": "0" * 40}, 404),
        ({"client_id": "another"}, 404),
        ({"widget_session_id": "00000000-0000-4000-8000-000000000000"}, 404),
        ({"widget_session_id": None}, 409),
        ({"choice": "win"}, 400),
        ({"choice": ["approve"]}, 400),
        ({"choice": "purchase"}, 409),
    ],
)
async def test_refusals(api: Api, shop: Shop, change: dict[str, object], status: int) -> None:
    """All parts of the URL must match; without a session id, the token's last one is used."""
    url = await shop.widget()
    answer = await ask(api, "finish", url, **{"choice": "purchase", **change})

    assert status == answer.status


@pytest.mark.parametrize(
    ("content_type", "data", "status"),
    [
        ("text/plain", b"{}", 415),
        ("application/json", b"[]", 400),
        ("application/json", b"{", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b"{}", 404),
    ],
)
async def test_unreadable_requests(api: Api, content_type: str, data: bytes, status: int) -> None:
    """Requests that need no preflight, and bodies that are not objects, are refused."""
    root = api.sandbox.base_url.removesuffix("/flexiti/pos-api")
    async with api.http.post(
        f"{root}/sandbox/widget/open", data=data, headers={"content-type": content_type}
    ) as response:
        assert status == response.status


async def test_posts_to_the_root_are_unknown(api: Api, sandbox: Sandbox) -> None:
    """The page accepts GET only; other requests to its path are unknown."""
    answer = await api.send("POST", "/")

    assert (404, "not_found") == answer.refusal
    assert 1 == sandbox.count("unknown")
