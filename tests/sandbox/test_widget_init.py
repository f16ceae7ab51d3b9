"""widget/init: the request and the URL in the answer (spec section 4.4)."""

import re
import uuid

import pytest

from flexiti_async.sandbox import Sandbox
from tests.sandbox.conftest import APPLY, PURCHASE, REFERENCE_ID, Api


async def redirection_url(api: Api, body: object, **headers: str | None) -> str:
    """Call widget/init and return the URL."""
    answer = await api.call("widget/init", await api.access_token(), body, headers=headers)
    assert ["redirection_url"] == list(answer.body)
    return str(answer.body["redirection_url"])


async def test_redirection_url(api: Api, sandbox: Sandbox) -> None:
    """The URL has client id, token, language and both ids; its query is in the fragment."""
    url = await redirection_url(api, PURCHASE)

    token = sandbox.tokens[-1].access_token
    pattern = (
        f"{re.escape(sandbox.base_url)}/#/widget/sandbox-client/{token}"
        rf"\?lang=en&x-reference-id={REFERENCE_ID}&widget_session_id=([0-9a-f-]{{36}})"
    )
    match = re.fullmatch(pattern, url)
    assert match is not None
    assert 4 == uuid.UUID(match[1]).version


async def test_bare_redirection_url(api: Api, sandbox: Sandbox) -> None:
    """Old answers contain neither id."""
    sandbox.bare_redirection_url = True
    url = await redirection_url(api, PURCHASE)

    assert (
        f"{sandbox.base_url}/#/widget/sandbox-client/{sandbox.tokens[-1].access_token}?lang=en"
        == url
    )


async def test_language_and_reference_id_go_into_the_url(api: Api) -> None:
    """The URL has the language of the body and the reference id of the header."""
    guid = str(uuid.UUID(REFERENCE_ID))
    url = await redirection_url(api, {**PURCHASE, "lang": "fr"}, **{"x-reference-id": guid})

    assert f"?lang=fr&x-reference-id={guid}&" in url


async def test_client_id_is_quoted_in_the_url(api: Api, sandbox: Sandbox) -> None:
    """A client id with special characters stays one part of the path."""
    sandbox.client_id = "shop ?#1"
    answer = await api.call(
        "widget/init", await api.access_token(), PURCHASE, client_id="shop%20%3F%231"
    )

    assert "/#/widget/shop%20%3F%231/" in answer.body["redirection_url"]


async def test_each_call_opens_another_session(api: Api) -> None:
    """Two calls open two widget sessions."""
    assert await redirection_url(api, PURCHASE) != await redirection_url(api, PURCHASE)


async def test_application_is_remembered(api: Api, sandbox: Sandbox) -> None:
    """The last accepted application is kept with its token, for `apply` to compare."""
    access_token = await api.access_token()
    other = await api.access_token()
    last = {**APPLY, "city": "Gatineau", "province": "QC"}
    await api.call("widget/init", access_token, APPLY)
    await api.call("widget/init", access_token, last)
    await api.call("widget/init", access_token, {**APPLY, "city": None})
    await api.call("widget/init", access_token, PURCHASE)
    await api.call("widget/init", other, PURCHASE)

    assert last == sandbox.init_payload(access_token)
    assert sandbox.init_payload(other) is None
    assert sandbox.init_payload("0" * 40) is None


async def test_merchant_login_can_be_required(api: Api, sandbox: Sandbox) -> None:
    """The start page requires merchants/login first, with the same token."""
    sandbox.require_merchant_login = True
    access_token = await api.access_token()
    other = await api.access_token()
    await api.call("merchants/login", other, {"merchant_username": "x", "merchant_password": "x"})

    assert (409, "invalid_role") == (await api.call("widget/init", access_token, PURCHASE)).refusal
    assert 200 == (await api.call("merchants/login", access_token)).status
    assert 200 == (await api.call("widget/init", access_token, PURCHASE)).status
    assert (409, "invalid_role") == (await api.call("widget/init", other, PURCHASE)).refusal


async def test_merchant_login_is_not_required(api: Api) -> None:
    """Newer pages do not mention it (spec section 8, row 10)."""
    assert 200 == (await api.call("widget/init", await api.access_token(), PURCHASE)).status


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "application/jsonp"]
)
async def test_content_type(api: Api, content_type: str) -> None:
    """Only application/json is accepted."""
    data = b'{"flow": "purchase", "customer_identification": {"account_number": 1}}'
    access_token = await api.access_token()
    right, wrong = [
        await api.call("widget/init", access_token, headers={"content-type": header}, data=data)
        for header in ("application/json; charset=utf-8", content_type)
    ]

    assert 200 == right.status
    assert (409, "wrong_inputs") == wrong.refusal
    assert [("content-type", "wrong format")] == wrong.field_errors


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'"flow"',
        b"null",
        b"{'flow': 'purchase'}",
        b'{"flow": "purchase",}',
        b'{"flow": "purchase"} x',
        b'{"flow": "apply", "flow": "purchase"}',
        b'{"flow": NaN}',
        b'{"flow": 1e999}',
        b'{"flow": ' + b"1" * 5000 + b"}",
        b'{"flow": "\xff"}',
        b'\xef\xbb\xbf{"flow": "purchase"}',
        '{"flow": "purchase"}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"flow": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"flow": ' + b'{"a":' * 500 + b"1" + b"}" * 501,
        b'{"flow": 1e-999999999}',
    ],
)
async def test_malformed_json(api: Api, data: bytes) -> None:
    """A body that is not one JSON object in UTF-8 is refused, other than one with field errors."""
    headers = {"content-type": "application/json"}
    answer = await api.call("widget/init", await api.access_token(), headers=headers, data=data)

    assert (409, "wrong_inputs") == answer.refusal
    assert [("body", "wrong format")] == answer.field_errors


async def test_header_and_body_errors_together(api: Api) -> None:
    """Errors of the headers and of the body are reported together."""
    answer = await api.call(
        "widget/init",
        await api.access_token(),
        {**PURCHASE, "lang": "de"},
        headers={"x-reference-id": None},
    )

    assert [("x-reference-id", "required"), ("lang", "invalid")] == answer.field_errors
