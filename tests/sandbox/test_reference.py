"""i18n, terms-and-conditions, information, and the endpoints' scopes (spec 2.3, 5.1 to 5.3)."""

from typing import Any

import pytest

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.wire.endpoints import ENDPOINTS

from .shop import Shop

SCOPE_LIST = {
    "i18n",
    "terms-and-conditions",
    "customers/driverslicense",
    "widget/init",
    "apply",
    "close",
    "calculate-interest",
    "verify",
    "authorization",
}
"""The newest list of spec section 2.3."""


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("version", ["v2.5", "v2.5.1"])
async def test_i18n(shop: Shop, method: str, version: str) -> None:
    """Both methods and both versions return everything, or the part that a key names."""
    token = shop.customer
    more: Any = {"method": method, "version": version}
    everything = await shop.api.call("i18n", token, query="?lang=fr", **more)
    one = await shop.api.call("i18n/messages", token, **more)
    none = await shop.api.call("i18n/nothing", token, **more)

    assert ["form_values", "messages", "disclaimers"] == list(everything.body)
    assert 13 == len(everything.body["form_values"]["province"])
    assert {"messages": {"welcome": "Welcome to Flexiti's sandbox."}} == one.body
    assert everything.body["messages"] != one.body["messages"]
    assert (409, "wrong_inputs") == none.refusal


async def test_terms(shop: Shop) -> None:
    """The terms are a text in the language of the query."""
    english, french, german = [
        await shop.get("terms-and-conditions", query, token=shop.customer)
        for query in ("?province=QC", "?lang=fr", "?lang=de")
    ]

    assert english.body["terms_and_conditions"] != french.body["terms_and_conditions"]
    assert [("lang", "invalid")] == german.field_errors


async def test_information(shop: Shop) -> None:
    """The answer to any body is empty: the spec does not define one."""
    answer = await shop.post("information", {"any": {"thing": 1.5}}, token=shop.customer)

    assert (200, {}) == (answer.status, answer.body)


def test_scope_list() -> None:
    """Customer tokens are accepted on the list of the spec, and on two of the older list."""
    taken = {name for name, endpoint in ENDPOINTS.items() if endpoint.customer}

    assert SCOPE_LIST | {"merchants/login", "information"} == taken


@pytest.mark.parametrize(
    ("name", "version", "path"),
    [
        (name, version, path)
        for name, endpoint in ENDPOINTS.items()
        if endpoint.under_client
        for version, path in endpoint.routes()
    ],
)
async def test_scopes_on_the_wire(
    shop: Shop, sandbox: Sandbox, name: str, version: str, path: str
) -> None:
    """A customer token gets the 403 of the spec, or an answer about something else."""
    below = path.format(
        client_id="", account_number=1, authorization_id=1, capture_id=1, key="messages"
    ).partition("client-id//")[2]
    method = ENDPOINTS[name].methods[0]
    data = None if method == "GET" else b"{}"
    headers = {"content-type": "application/json"}
    with_customer, with_merchant = [
        await shop.api.call(
            below, token, method=method, version=version, data=data, headers=headers
        )
        for token in (shop.customer, shop.merchant)
    ]
    message = "Insufficient scope: authorized scope is insufficient"

    assert ENDPOINTS[name].customer == (message != with_customer.body.get("message"))
    assert ENDPOINTS[name].customer or 403 == with_customer.status
    assert 403 != with_merchant.status
    assert 2 == sandbox.count(name)


@pytest.mark.parametrize(
    ("path", "version"),
    [("widget/init", "v2.5.1"), ("authorizations", "v2.5"), ("captures", "v2.5")],
)
async def test_versions(shop: Shop, path: str, version: str) -> None:
    """A page whose version the spec defines is served under that version only."""
    answer = await shop.api.call(path, shop.merchant, method="GET", version=version)

    assert (404, "not_found") == answer.refusal
