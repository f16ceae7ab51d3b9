"""Bearer token and client id on every endpoint except oauth/token (spec sections 1.3, 6.4)."""

import pytest

from flexiti_async.sandbox import Sandbox
from tests.sandbox.conftest import REFERENCE_ID, Api

PURCHASE = {"flow": "purchase", "customer_identification": {"account_number": 10000001}}
BODIES = {"merchants/login": None, "widget/init": PURCHASE}
each_endpoint = pytest.mark.parametrize("endpoint", BODIES)


@each_endpoint
@pytest.mark.parametrize("scope", ["customer", "merchant"])
async def test_both_scopes_are_accepted(api: Api, endpoint: str, scope: str) -> None:
    """Endpoints for customer tokens accept merchant tokens, too (spec section 2.3)."""
    answer = await api.call(endpoint, await api.access_token(scope), BODIES[endpoint])

    assert 200 == answer.status


@each_endpoint
async def test_missing_token(api: Api, endpoint: str) -> None:
    """Requests without a token are refused."""
    answer = await api.call(endpoint, None, BODIES[endpoint])

    assert (401, "invalid_token") == answer.refusal


@each_endpoint
@pytest.mark.parametrize(
    "form", ["{}", "bearer {}", "Bearer  {}", "Bearer {} x", "Token {}", "Bearer"]
)
async def test_malformed_bearer(api: Api, endpoint: str, form: str) -> None:
    """The header must be the word Bearer, one space and the token."""
    header = form.format(await api.access_token())
    answer = await api.call(endpoint, None, BODIES[endpoint], headers={"authorization": header})

    assert (401, "invalid_token") == answer.refusal


@each_endpoint
async def test_unknown_token(api: Api, endpoint: str) -> None:
    """A token that was never issued is rejected, and so is a refresh token."""
    token = await api.token(scope="customer")

    assert (401, "invalid_token") == (await api.call(endpoint, "0" * 40, BODIES[endpoint])).refusal
    answer = await api.call(endpoint, token.body["refresh_token"], BODIES[endpoint])
    assert (401, "invalid_token") == answer.refusal


@each_endpoint
async def test_token_that_is_not_utf8(api: Api, endpoint: str) -> None:
    """Bytes that are not UTF-8 are an unknown token, not a server error."""
    answer = await api.call(endpoint, "\udcff", BODIES[endpoint])

    assert (401, "invalid_token") == answer.refusal


@each_endpoint
@pytest.mark.parametrize(("age", "status"), [(1199.0, 200), (1200.0, 401)])
async def test_expiry(api: Api, sandbox: Sandbox, endpoint: str, age: float, status: int) -> None:
    """A token is valid until it expires, and not a second longer."""
    access_token = await api.access_token()
    sandbox.advance(age)

    assert status == (await api.call(endpoint, access_token, BODIES[endpoint])).status


@each_endpoint
async def test_revoked_token(api: Api, sandbox: Sandbox, endpoint: str) -> None:
    """A revoked token is rejected; others are not."""
    access_token = await api.access_token()
    neighbour = await api.access_token()
    sandbox.revoke(access_token)

    assert (401, "invalid_token") == (
        await api.call(endpoint, access_token, BODIES[endpoint])
    ).refusal
    assert 200 == (await api.call(endpoint, neighbour, BODIES[endpoint])).status


async def test_reasons(api: Api, sandbox: Sandbox) -> None:
    """The message states why the token is rejected."""
    revoked, expired = [await api.access_token() for _ in range(2)]
    sandbox.revoke(revoked)
    sandbox.advance(1200)
    answers = [await api.call("widget/init", token) for token in (None, "x", revoked, expired)]

    reasons = ["is missing", "is unknown", "was revoked", "has expired"]
    assert [f"The access token {reason}." for reason in reasons] == [
        answer.body["message"] for answer in answers
    ]


@each_endpoint
async def test_client_id_of_another(api: Api, endpoint: str) -> None:
    """A valid token with another client id is forbidden."""
    answer = await api.call(endpoint, await api.access_token(), BODIES[endpoint], client_id="other")

    assert (403, "not_permitted") == answer.refusal


@each_endpoint
async def test_token_is_checked_before_the_client_id(api: Api, endpoint: str) -> None:
    """Without a valid token, an answer does not reveal which client ids exist."""
    answer = await api.call(endpoint, "0" * 40, BODIES[endpoint], client_id="other")

    assert 401 == answer.status


@each_endpoint
@pytest.mark.parametrize(
    ("reference_id", "msg"), [(None, "required"), (REFERENCE_ID[:-1], "wrong format")]
)
async def test_wrong_reference_id(
    api: Api, endpoint: str, reference_id: str | None, msg: str
) -> None:
    """Every call needs a reference id (spec section 1.3)."""
    headers = {"x-reference-id": reference_id}
    answer = await api.call(endpoint, await api.access_token(), BODIES[endpoint], headers=headers)

    assert (409, "wrong_inputs") == answer.refusal
    assert [("x-reference-id", msg)] == answer.field_errors


@each_endpoint
@pytest.mark.parametrize("name", ["authorization", "x-reference-id"])
async def test_header_sent_twice(api: Api, endpoint: str, name: str) -> None:
    """A header that is sent twice is ambiguous, so it is refused."""
    bearer = f"Bearer {await api.access_token()}"
    headers = [("authorization", bearer), ("x-reference-id", REFERENCE_ID)]
    headers += [header for header in headers if header[0] == name]
    url = f"{api.sandbox.base_url}/v2.5/client-id/{api.sandbox.client_id}/{endpoint}"
    async with api.http.post(url, headers=headers, json=BODIES[endpoint]) as response:
        status = response.status

    assert {"authorization": 401, "x-reference-id": 409}[name] == status


@each_endpoint
async def test_error_body(api: Api, sandbox: Sandbox, endpoint: str) -> None:
    """Errors have the four fields of spec section 6.1, with the path without the query."""
    answer = await api.call(endpoint, None, query="?lang=en")

    assert {"url", "message", "error", "field_errors"} == set(answer.body)
    assert f"/flexiti/pos-api/v2.5/client-id/{sandbox.client_id}/{endpoint}" == answer.body["url"]
    assert "application/json" == answer.headers["content-type"].split(";")[0]
