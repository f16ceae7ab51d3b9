"""widget/init: the way in and the URL that comes out (spec section 4.4)."""

import re
import uuid

import pytest

from flexiti_async.sandbox import Sandbox
from tests.sandbox.conftest import APPLY, PURCHASE, REFERENCE_ID, Api


async def redirection_url(api: Api, body: object, **headers: str | None) -> str:
    """Call widget/init and give the URL."""
    answer = await api.call("widget/init", await api.access_token(), body, headers=headers)
    assert ["redirection_url"] == list(answer.body)
    return str(answer.body["redirection_url"])


async def test_redirection_url(api: Api, sandbox: Sandbox) -> None:
    """The URL holds client id, token, language and both ids, with the query inside the fragment."""
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
    """Old answers have neither id."""
    sandbox.bare_redirection_url = True
    url = await redirection_url(api, PURCHASE)

    assert (
        f"{sandbox.base_url}/#/widget/sandbox-client/{sandbox.tokens[-1].access_token}?lang=en"
        == url
    )


async def test_language_and_reference_id_go_into_the_url(api: Api) -> None:
    """The URL takes the language from the body and the reference id from the header."""
    guid = str(uuid.UUID(REFERENCE_ID))
    url = await redirection_url(api, {**PURCHASE, "lang": "fr"}, **{"x-reference-id": guid})

    assert f"?lang=fr&x-reference-id={guid}&" in url


async def test_client_id_is_quoted_in_the_url(api: Api, sandbox: Sandbox) -> None:
    """A client id with special characters keeps to its part of the path."""
    sandbox.client_id = "shop ?#1"
    answer = await api.call(
        "widget/init", await api.access_token(), PURCHASE, client_id="shop%20%3F%231"
    )

    assert "/#/widget/shop%20%3F%231/" in answer.body["redirection_url"]


async def test_each_call_opens_another_session(api: Api) -> None:
    """Two calls give two widget sessions."""
    assert await redirection_url(api, PURCHASE) != await redirection_url(api, PURCHASE)


async def test_application_is_remembered(api: Api, sandbox: Sandbox) -> None:
    """The last accepted application is kept under its token, for /apply to be compared with."""
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
    """The start page wants merchants/login first, with the same token."""
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
    """Only application/json is read."""
    data = b'{"flow": "purchase", "customer_identification": {"account_number": 1}}'
    access_token = await api.access_token()
    right, wrong = [
        await api.call("widget/init", access_token, headers={"content-type": header}, data=data)
        for header in ("application/json; charset=utf-8", content_type)
    ]

    assert 200 == right.status
    assert (409, "wrong_inputs") == wrong.refusal
    assert [("content-type", "wrong format")] == wrong.faults


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
    """What is not one JSON object in UTF-8 is refused, and told apart from wrong fields."""
    headers = {"content-type": "application/json"}
    answer = await api.call("widget/init", await api.access_token(), headers=headers, data=data)

    assert (409, "wrong_inputs") == answer.refusal
    assert [("body", "wrong format")] == answer.faults


async def test_header_and_body_faults_at_once(api: Api) -> None:
    """A wrong header does not hide a wrong body."""
    answer = await api.call(
        "widget/init",
        await api.access_token(),
        {**PURCHASE, "lang": "de"},
        headers={"x-reference-id": None},
    )

    assert [("x-reference-id", "required"), ("lang", "invalid")] == answer.faults
