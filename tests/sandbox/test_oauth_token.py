"""oauth/token: issued tokens and refusals (spec section 2)."""

import re
import uuid
from typing import Literal

import pytest

from flexiti_async.sandbox import Sandbox
from tests.sandbox.conftest import REFERENCE_ID, Api


async def test_answer_has_the_documented_shape(api: Api) -> None:
    """The answer has all five fields of spec section 2.2."""
    answer = await api.token(grant_type="client_credentials", scope="customer")

    body = answer.body
    assert 200 == answer.status
    assert {"token_type", "access_token", "expires_in", "refresh_token", "scope"} == set(body)
    assert ("bearer", 1200, "customer") == (body["token_type"], body["expires_in"], body["scope"])
    assert re.fullmatch("[0-9a-f]{40}", body["access_token"])
    assert re.fullmatch("[0-9a-f]{40}", body["refresh_token"])
    assert body["access_token"] != body["refresh_token"]


@pytest.mark.parametrize("grant_type", [None, "", "client_credentials"])
@pytest.mark.parametrize(
    ("scope", "granted"),
    [(None, "merchant"), ("", "merchant"), ("merchant", "merchant"), ("customer", "customer")],
)
async def test_defaults(api: Api, grant_type: str | None, scope: str | None, granted: str) -> None:
    """A missing or empty grant or scope means the API's default."""
    answer = await api.token(grant_type=grant_type, scope=scope)

    assert (200, granted) == (answer.status, answer.body["scope"])


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"},
        {"client_id": "Sandbox-client"},
        {"client_secret": "other"},
        {"client_secret": "sandbox-client-secret "},
    ],
)
async def test_wrong_credentials(api: Api, changes: dict[str, str]) -> None:
    """Credentials that differ in one character are refused, without being echoed."""
    answer = await api.token(**changes)

    assert (400, "invalid_client") == answer.refusal
    assert [] == answer.field_errors


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("name", ["client_id", "client_secret"])
async def test_missing_credentials(api: Api, name: str, value: str | None) -> None:
    """Missing or empty credentials are refused by name."""
    answer = await api.token(**{name: value})

    assert (400, "invalid_client") == answer.refusal
    assert [(name, "required")] == answer.field_errors


async def test_credentials_can_be_rotated(api: Api, sandbox: Sandbox) -> None:
    """A new secret is valid at once, and the old one no longer."""
    sandbox.client_secret = "rotated"

    assert 200 == (await api.token()).status
    assert (400, "invalid_client") == (
        await api.token(client_secret="sandbox-client-secret")
    ).refusal


@pytest.mark.parametrize("grant_type", ["password", "client_credential", "CLIENT_CREDENTIALS", "x"])
async def test_unknown_grant(api: Api, grant_type: str) -> None:
    """Other grants are refused, including the undocumented password grant and misspellings."""
    answer = await api.token(grant_type=grant_type)

    assert (400, "invalid_request") == answer.refusal
    assert [("grant_type", "invalid")] == answer.field_errors


@pytest.mark.parametrize("scope", ["admin", "Customer", "customer merchant"])
async def test_unknown_scope(api: Api, scope: str) -> None:
    """An unknown scope is refused with `wrong_inputs` and echoed."""
    answer = await api.token(scope=scope)

    assert (409, "wrong_inputs") == answer.refusal
    assert [{"param": "scope", "msg": "invalid", "value": scope}] == answer.body["field_errors"]


@pytest.mark.parametrize(
    ("allowed", "refused"), [("customer", "merchant"), ("merchant", "customer")]
)
async def test_scope_that_the_client_lacks(
    api: Api, sandbox: Sandbox, allowed: Literal["customer", "merchant"], refused: str
) -> None:
    """A client without a scope gets invalid_role for it, and tokens for the other scope."""
    sandbox.scopes = frozenset({allowed})

    assert (409, "invalid_role") == (await api.token(scope=refused)).refusal
    assert 200 == (await api.token(scope=allowed)).status


@pytest.mark.parametrize(
    "reference_id", [REFERENCE_ID, REFERENCE_ID.upper(), str(uuid.UUID(REFERENCE_ID))]
)
async def test_reference_id(api: Api, reference_id: str) -> None:
    """A GUID is accepted with 32 hex digits and with hyphens."""
    answer = await api.token_request(headers={"x-reference-id": reference_id})

    assert 200 == answer.status


@pytest.mark.parametrize(
    ("reference_id", "msg"),
    [
        (None, "required"),
        ("", "required"),
        (REFERENCE_ID[1:], "wrong format"),
        (REFERENCE_ID + "0", "wrong format"),
        ("g" * 32, "wrong format"),
        (f"{{{uuid.UUID(REFERENCE_ID)}}}", "wrong format"),
        ("01234567-89ab-cdef-0123456789ab-cdef", "wrong format"),
    ],
)
async def test_wrong_reference_id(api: Api, reference_id: str | None, msg: str) -> None:
    """A missing reference id, or one that is not a GUID, is a field error."""
    answer = await api.token_request(headers={"x-reference-id": reference_id})

    assert (409, "wrong_inputs") == answer.refusal
    assert [("x-reference-id", msg)] == answer.field_errors


async def test_all_wrong_inputs_at_once(api: Api) -> None:
    """Both inputs are reported if both are wrong."""
    answer = await api.token_request({"scope": "admin"}, headers={"x-reference-id": None})

    assert [("x-reference-id", "required"), ("scope", "invalid")] == answer.field_errors


async def test_json_is_refused(api: Api) -> None:
    """The sample in the documentation is JSON, and JSON is not accepted (spec section 8, row 9)."""
    credentials = {"client_id": api.sandbox.client_id, "client_secret": api.sandbox.client_secret}
    answer = await api.send("POST", "/v2.5/oauth/token", json=credentials)

    assert (400, "invalid_request") == answer.refusal


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
    ],
)
async def test_form_under_another_content_type_is_refused(api: Api, content_type: str) -> None:
    """The same bytes with another content type are not a form."""
    assert (400, "invalid_request") == (
        await api.token_request(headers={"content-type": content_type})
    ).refusal


async def test_charset_parameter_is_accepted(api: Api) -> None:
    """A parameter of the content type changes nothing."""
    content_type = "Application/x-www-form-urlencoded; charset=utf-8"

    assert 200 == (await api.token_request(headers={"content-type": content_type})).status


@pytest.mark.parametrize(
    "query", ["?scope=customer", "?lang=en", "?client_secret=sandbox-client-secret"]
)
async def test_query_parameters_are_refused(api: Api, query: str) -> None:
    """A query is refused even with a complete form, and not echoed."""
    answer = await api.token_request(query=query)

    assert (400, "invalid_request") == answer.refusal
    assert "sandbox-client-secret" not in str(answer.body)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_client"),
        (b"&", "invalid_request"),
        (b"client_id", "invalid_request"),
        (b"\xff=1", "invalid_request"),
        (b"client_id=%ff", "invalid_request"),
        (b"&".join(b"a%d=1" % number for number in range(40)), "invalid_request"),
        (b"scope=customer&scope=customer", "invalid_request"),
    ],
)
async def test_malformed_form(api: Api, body: bytes, error: str) -> None:
    """A malformed form, or one with a repeated parameter, is distinguished from an empty one."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await api.send("POST", "/v2.5/oauth/token", headers=headers, data=body)

    assert (400, error) == answer.refusal


async def test_repeated_parameter_is_refused(api: Api) -> None:
    """A complete form with a repeated secret is refused."""
    body = "client_id=sandbox-client" + 2 * "&client_secret=sandbox-client-secret"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await api.send("POST", "/v2.5/oauth/token", headers=headers, data=body.encode())

    assert (400, "invalid_request") == answer.refusal


async def test_unknown_parameter_is_ignored(api: Api) -> None:
    """OAuth2 servers ignore unknown parameters (RFC 6749 section 3.2)."""
    assert 200 == (await api.token(audience="x")).status


async def test_credentials_with_special_characters(api: Api, sandbox: Sandbox) -> None:
    """Form encoding is decoded: plus, percent, ampersand and accents."""
    sandbox.client_id = "boutique à/1"
    sandbox.client_secret = "a+b&c=d%é "

    assert 200 == (await api.token()).status


async def test_refused_requests_issue_nothing(api: Api, sandbox: Sandbox) -> None:
    """Only a 200 issues a token."""
    await api.token(client_secret="other")
    await api.token(scope="admin")
    await api.token()

    assert 1 == sandbox.tokens_issued == len(sandbox.tokens)
