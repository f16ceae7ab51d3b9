"""RequestBuilder: requests from a call and a token."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from flexiti_async import __version__
from flexiti_async.api.merchants import merchants_login
from flexiti_async.api.widget import PurchaseWidget, init_widget
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.request import RequestBuilder, quote_segment
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

BASE = "https://posapi.example/flexiti/pos-api"
TOKEN = Secret("canary-AT")
BUILDER = RequestBuilder(BASE, "shop")
WIDGET = init_widget(PurchaseWidget(account_number=20009100))
RELEASE: Call[Mapping[str, object]] = Call(
    endpoint="authorization/release",
    method="POST",
    path="client-id/{client_id}/authorization/{authorization_id}/release",
    scope=Scope.MERCHANT,
    result=Mapping[str, object],  # type: ignore[type-abstract]
    replay=Replay.NEVER,
    version="v2.5.1",
    path_values={"authorization_id": "A-1"},
)


def test_call() -> None:
    """A call with a body becomes a POST of JSON with bearer, reference id and user agent."""
    request = BUILDER.call(WIDGET, TOKEN, "ref-1")

    assert ("widget/init", "POST", "ref-1") == (
        request.endpoint,
        request.method,
        request.reference_id,
    )
    assert URL(f"{BASE}/v2.5/client-id/shop/widget/init") == request.url
    assert {
        "authorization": "Bearer canary-AT",
        "x-reference-id": "ref-1",
        "user-agent": f"flexiti-async/{__version__}",
        "accept-encoding": "identity",
        "content-type": "application/json",
    } == dict(request.headers)
    assert request.body is not None
    assert {
        "customer_identification": {"account_number": 20009100},
        "flow": "purchase",
    } == json.loads(request.body)
    assert not request.private


def test_call_without_a_body() -> None:
    """A call without a body sends none, and names no content type."""
    request = BUILDER.call(RELEASE, TOKEN, "ref-1")

    assert request.body is None
    assert {"accept-encoding", "authorization", "user-agent", "x-reference-id"} == set(
        request.headers
    )


def test_empty_body() -> None:
    """An empty body is sent as `{}`."""
    assert b"{}" == BUILDER.call(evolve(RELEASE, body={}), TOKEN, "ref-1").body


def test_money_is_exact() -> None:
    """An amount is sent digit for digit, as a JSON number."""
    request = BUILDER.call(evolve(RELEASE, body={"amount": Decimal("10.10")}), TOKEN, "ref-1")

    assert b'{"amount":10.10}' == request.body


def test_query() -> None:
    """Query parameters are quoted and do not change the URL that is reused."""
    login = merchants_login(lang="fr")
    with_query = BUILDER.call(login, TOKEN, "ref-1").url
    without = BUILDER.call(evolve(login, query={}), TOKEN, "ref-1").url
    odd = BUILDER.call(evolve(login, query={"a": "b&c=d é"}), TOKEN, "ref-1").url

    assert f"{BASE}/v2.5/client-id/shop/merchants/login?lang=fr" == str(with_query)
    assert f"{BASE}/v2.5/client-id/shop/merchants/login" == str(without)
    assert [("a", "b&c=d é")] == list(odd.query.items())


def test_urls_are_reused() -> None:
    """A call costs no URL parsing: the second one gets the object of the first."""
    builder = RequestBuilder(BASE, "shop")
    first, second = (builder.call(WIDGET, TOKEN, "r").url for _ in range(2))

    assert first is second
    assert builder.grant(TOKEN, Scope.CUSTOMER, "a").url is (
        builder.grant(TOKEN, Scope.MERCHANT, "b").url
    )


def test_versions_have_urls_of_their_own() -> None:
    """The same path of another version is another URL."""
    builder = RequestBuilder(BASE, "shop")
    urls = [str(builder.call(evolve(WIDGET, version=v), TOKEN, "r").url) for v in ("v2.5", "v3")]

    assert [f"{BASE}/{v}/client-id/shop/widget/init" for v in ("v2.5", "v3")] == urls


@pytest.mark.parametrize("values", [["A-1", "A-2"], ["A-2", "A-1"]])
def test_path_values(values: list[str]) -> None:
    """Path values are filled in for each call."""
    urls = [
        str(BUILDER.call(evolve(RELEASE, path_values={"authorization_id": v}), TOKEN, "r").url)
        for v in values
    ]

    assert [f"{BASE}/v2.5.1/client-id/shop/authorization/{v}/release" for v in values] == urls


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("../../admin", "..%2F..%2Fadmin"),
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("a%2Fb", "a%252Fb"),
        ("a b+c", "a%20b%2Bc"),
        ("é", "%C3%A9"),
        ("{client_id}", "%7Bclient_id%7D"),
        ("A-1_2.3~", "A-1_2.3~"),
    ],
)
def test_a_value_is_one_segment(value: str, segment: str) -> None:
    """A path value of any content stays one segment of the path."""
    call = evolve(RELEASE, path_values={"authorization_id": value})
    url = BUILDER.call(call, TOKEN, "r").url

    assert f"{BASE}/v2.5.1/client-id/shop/authorization/{segment}/release" == str(url)
    assert segment == quote_segment(value)


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda v: v not in {".", ".."}))
def test_any_value_is_one_segment(value: str) -> None:
    """No path value changes the rest of the path, adds a query, or is lost."""
    url = BUILDER.call(evolve(RELEASE, path_values={"authorization_id": value}), TOKEN, "r").url
    segments = url.raw_path.split("/")

    assert ["", "flexiti", "pos-api", "v2.5.1", "client-id", "shop", "authorization"] == (
        segments[:7]
    )
    assert 9 == len(segments)
    assert segments[7] == quote_segment(value)
    assert ("release", "", "") == (segments[8], url.raw_query_string, url.raw_fragment)


@pytest.mark.parametrize(
    ("client_id", "segment"), [("my/shop", "my%2Fshop"), ("a b?", "a%20b%3F"), ("é", "%C3%A9")]
)
def test_client_id_is_quoted(client_id: str, segment: str) -> None:
    """A client id is quoted once, in path and form, and reused."""
    builder = RequestBuilder(BASE, client_id)
    for _ in range(2):
        url = builder.call(WIDGET, TOKEN, "r").url

        assert f"{BASE}/v2.5/client-id/{segment}/widget/init" == str(url)
    body = builder.grant(Secret("s"), Scope.CUSTOMER, "r").body
    assert body is not None

    assert client_id == dict(parse_qsl(body.decode()))["client_id"]


def test_missing_path_value() -> None:
    """A call without a path value is a programming error."""
    with pytest.raises(KeyError, match="authorization_id"):
        BUILDER.call(evolve(RELEASE, path_values={}), TOKEN, "r")


@pytest.mark.parametrize(
    ("refresh_token", "more"),
    [
        (None, {"grant_type": "client_credentials"}),
        (Secret("canary-RT"), {"grant_type": "refresh_token", "refresh_token": "canary-RT"}),
    ],
    ids=["client_credentials", "refresh_token"],
)
@pytest.mark.parametrize("scope", Scope)
def test_grant(scope: Scope, refresh_token: Secret | None, more: dict[str, str]) -> None:
    """A token request has its parameters in the form only, and is private."""
    request = BUILDER.grant(Secret("canary-CS&="), scope, "ref-1", refresh_token)

    assert f"{BASE}/v2.5/oauth/token" == str(request.url)
    assert ("oauth/token", "POST", "ref-1", True) == (
        request.endpoint,
        request.method,
        request.reference_id,
        request.private,
    )
    assert {
        "content-type": "application/x-www-form-urlencoded",
        "x-reference-id": "ref-1",
        "user-agent": f"flexiti-async/{__version__}",
        "accept-encoding": "identity",
    } == dict(request.headers)
    assert request.body is not None
    assert {
        "client_id": "shop",
        "client_secret": "canary-CS&=",
        "scope": scope.value,
        **more,
    } == dict(parse_qsl(request.body.decode(), strict_parsing=True))


def test_reprs_show_nothing() -> None:
    """The repr of a request shows no bearer token, form or URL."""
    requests: list[Any] = [
        BUILDER.call(WIDGET, TOKEN, "ref-1"),
        BUILDER.call(evolve(RELEASE, path_values={"authorization_id": "canary"}), TOKEN, "ref-1"),
        BUILDER.grant(Secret("canary-CS"), Scope.CUSTOMER, "ref-1", Secret("canary-RT")),
    ]

    assert "canary" not in repr([*requests, RELEASE, BUILDER])
    assert "20009100" not in repr(requests)
    assert "ref-1" in repr(requests)


def test_own_headers() -> None:
    """A call's own headers are sent beside the common ones."""
    request = BUILDER.call(evolve(WIDGET, headers={"x-idempotency-key": "k"}), TOKEN, "r")

    assert {"x-idempotency-key": "k", **BUILDER.call(WIDGET, TOKEN, "r").headers} == request.headers


def test_own_headers_never_win() -> None:
    """A call's headers never replace the token, even if they were changed after the check."""
    headers: dict[str, str] = {}
    call = evolve(WIDGET, headers=headers)
    headers.update({"authorization": "x", "x-reference-id": "x", "content-type": "x"})

    assert BUILDER.call(WIDGET, TOKEN, "r").headers == BUILDER.call(call, TOKEN, "r").headers


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (RELEASE, "v2.6"),
        (RELEASE.at_version("v2.5"), "v2.5"),
        (WIDGET, "v2.5"),
        (evolve(WIDGET, version="v2.5.1"), "v2.5.1"),
    ],
    ids=["configured", "pinned", "documented", "made"],
)
def test_configured_versions(call: Call[object], expected: str) -> None:
    """A configured version replaces the documented one, but not one that the caller has chosen."""
    builder = RequestBuilder(BASE, "shop", versions={"authorization/release": "v2.6"})

    assert str(builder.call(call, TOKEN, "r").url).startswith(f"{BASE}/{expected}/client-id/")


def test_configured_version_of_the_token() -> None:
    """The token endpoint's version is configured under its own name."""
    builder = RequestBuilder(BASE, "shop", versions={"oauth/token": "v3"})

    assert f"{BASE}/v3/oauth/token" == str(builder.grant(TOKEN, Scope.CUSTOMER, "r").url)
