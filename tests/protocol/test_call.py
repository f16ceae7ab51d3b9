"""Calls: their own headers and versions, and the headers that they cannot set."""

import pytest
from attrs import evolve
from yarl import URL

from flexiti_async.protocol.call import Call, Replay, is_version
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings

CALL: Call[dict[str, object]] = Call(
    endpoint="transactions",
    method="POST",
    path="x",
    scope=Scope.MERCHANT,
    result=dict[str, object],
    replay=Replay.NEVER,
)


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-idempotency-key": "a"}, {"x-context-hash": "0 1~", "x-idempotency-key": "!"}],
    ids=map(str, range(3)),
)
def test_headers(headers: dict[str, str]) -> None:
    """A call carries its own headers, and does not show them."""
    call = evolve(CALL, headers=headers)

    assert headers == call.headers
    assert "x-" not in repr(call)


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Authorization",
        "x-reference-id",
        "X-Reference-Id",
        "content-type",
        "content-length",
        "transfer-encoding",
        "host",
        "connection",
        "accept-encoding",
        "user-agent",
        "",
        "a b",
        "a:b",
        "a\r\nb",
        "é",
    ],
)
def test_headers_that_a_call_cannot_set(name: str) -> None:
    """A call cannot set the headers of the token and of message framing, in any spelling."""
    with pytest.raises(ValueError, match="cannot set the header"):
        evolve(CALL, headers={name: "x"})


@pytest.mark.parametrize("value", ["", " a", "a ", "a\r\nb: c", "a\x00", "é", "\x7f"], ids=ascii)
def test_invalid_header_values(value: str) -> None:
    """A value is printable ASCII without blanks around it, so it cannot add a header."""
    with pytest.raises(ValueError, match="must be printable ASCII"):
        evolve(CALL, headers={"x-idempotency-key": value})


def test_rejected_headers_are_not_shown() -> None:
    """A rejected value is neither in the error nor in its frames."""
    with pytest.raises(ValueError, match="ASCII") as caught:
        Call(
            endpoint="e",
            method="GET",
            path="x",
            scope=Scope.MERCHANT,
            result=dict[str, object],
            replay=Replay.SAFE,
            headers={"x-a": "canary-4f1d\n"},
        )
    shown = [place for place in sightings(caught.value, "canary-4f1d") if "__init__" not in place]

    assert [] == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v2.5", True),
        ("v2.5.1", True),
        ("v3", True),
        ("v10.0", True),
        ("2.5", False),
        ("v", False),
        ("v2.", False),
        ("v2.5/..", False),
        ("V2.5", False),
        ("v2.5\n", False),
        ("v٢", False),
        ("", False),
    ],
    ids=ascii,
)
def test_versions(text: str, expected: bool) -> None:
    """A version is `v` and digits with dots; nothing else gets into a URL."""
    assert expected is is_version(text)
    if expected:
        assert (text, True) == (CALL.at_version(text).version, CALL.at_version(text).fixed_version)
    else:
        with pytest.raises(ValueError, match="API version must be"):
            CALL.at_version(text)


def test_the_documented_version_is_not_fixed() -> None:
    """Without `at_version` the configuration may replace the version."""
    assert not CALL.fixed_version


def test_nothing_that_travels_is_shown() -> None:
    """No repr shows the token in a header, or the content of a body, path, query or answer."""
    canary = {"name": "canary-4f1d"}
    body = b"canary-4f1d"
    url = URL("http://127.0.0.1/canary-4f1d")
    shown = [
        evolve(CALL, body=canary, query=canary, path_values=canary),
        HttpRequest("transactions", "POST", url, canary, body, "id"),
        HttpResponse(200, canary, body),
    ]

    assert "canary" not in repr(shown)


def test_requests_are_not_private_by_default() -> None:
    """The shop's middlewares see every request except those with the client secret."""
    request = HttpRequest("transactions", "POST", URL("http://127.0.0.1/"), {}, None, "id")

    assert not request.private


def test_a_header_with_a_mask_is_refused() -> None:
    """A masked secret in a header would be a 401 later: the error says what to do."""
    with pytest.raises(ValueError, match=r"reveal\(\)"):
        evolve(CALL, headers={"x-shop-key": f"Key {Secret('secret')}"})
