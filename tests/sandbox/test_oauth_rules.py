"""The token service in its two profiles, and each of its rules by itself (spec sections 2.4, 9)."""

from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote_plus

import pytest
from attrs import evolve

from flexiti_async.sandbox import OAuthRules, Sandbox
from flexiti_async.sandbox.endpoints.oauth_rules import PROFILES
from tests.sandbox.conftest import Answer, Api

from .test_oauth_refresh import refresh, status_of

PACKAGE = PROFILES["oauth2-server"]
Refusal = tuple[int, str]


@pytest.fixture(params=PROFILES)
def profile(request: pytest.FixtureRequest, sandbox: Sandbox) -> str:
    """Run the sandbox in each profile, chosen by its name."""
    name = str(request.param)
    setattr(sandbox, "oauth", name)  # noqa: B010 - a name is converted when it is assigned
    return name


def of(profile: str, documented: Refusal, package: Refusal) -> Refusal:
    """Return what a profile is expected to answer."""
    return documented if profile == "documented" else package


async def test_refresh_tokens(api: Api, sandbox: Sandbox, profile: str) -> None:
    """Unknown, spent and late ones have the code of the profile."""
    expected = of(profile, (400, "invalid_request"), (400, "invalid_grant"))
    first = await api.token()
    second = await refresh(api, first)
    unknown = await refresh(api, second, refresh_token="0" * 40)
    late = await api.token()
    spent = await refresh(api, first)
    sandbox.advance(1200)

    assert expected == unknown.refusal
    assert expected == spent.refusal
    assert expected == (await refresh(api, late)).refusal
    assert ("error_description" in spent.body) == (profile == "oauth2-server")


async def test_a_replay(api: Api, profile: str) -> None:
    """Only the documented profile revokes the successors of a refresh token that is sent again."""
    first = await api.token()
    second = await refresh(api, first)
    await refresh(api, first)

    assert (401 if profile == "documented" else 200) == await status_of(api, second)


async def test_bearers(api: Api, profile: str) -> None:
    """Missing and malformed ones have the code of the profile; an expired one is 401 in both."""
    token = await api.access_token()
    malformed = of(profile, (401, "invalid_token"), (400, "invalid_request"))

    async def refusal(authorization: str | None) -> Refusal:
        headers = {"authorization": authorization}
        return (await api.call("merchants/login", None, headers=headers)).refusal

    missing = of(profile, (401, "invalid_token"), (401, "unauthorized_request"))
    assert missing == await refusal(None)
    assert malformed == await refusal(f"bearer {token}")
    assert malformed == await refusal("Token x")
    assert (401, "invalid_token") == await refusal("Bearer unknown")
    api.sandbox.expire_now()
    assert (401, "invalid_token") == await refusal(f"Bearer {token}")


async def test_a_bearer_in_lower_case(api: Api, sandbox: Sandbox) -> None:
    """A setting of its own accepts it, in any profile."""
    for rules in PROFILES.values():
        sandbox.oauth = evolve(rules, any_case_bearer=True)
        headers = {"authorization": f"bearer {await api.access_token()}"}

        assert 200 == (await api.call("merchants/login", None, headers=headers)).status
    assert sandbox.requests[-1].token_id == sandbox.tokens[-1].token_id


@pytest.mark.parametrize("scope", ["customer", "merchant"])
async def test_a_refresh_without_scope(api: Api, sandbox: Sandbox, scope: str) -> None:
    """It is granted the scope of its token, or asks for the default, which is `merchant`."""
    token = await api.token(scope=scope)
    kept = {"merchant": 200, "customer": 409}[scope]

    assert kept == (await refresh(api, token, scope=None)).status
    sandbox.oauth = OAuthRules(refresh_keeps_scope=True)
    answer = await refresh(api, await api.token(scope=scope), scope=None)
    assert (200, scope) == (answer.status, answer.body["scope"])


def _raw(client_id: str, secret: str) -> bytes:
    return f"{client_id}:{secret}".encode()


def _encoded(client_id: str, secret: str) -> bytes:
    return f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()


@pytest.mark.parametrize("pair", [_raw, _encoded])
async def test_http_basic(api: Api, sandbox: Sandbox, pair: Callable[[str, str], bytes]) -> None:
    """It is accepted by a setting, encoded or not; a wrong secret is 401 with a challenge."""
    sandbox.client_secret = "a secret: with + and / and %"

    async def request(secret: str) -> Answer:
        header = f"Basic {b64encode(pair(sandbox.client_id, secret)).decode()}"
        return await api.token_request(
            {"client_id": None, "client_secret": None}, headers={"authorization": header}
        )

    assert (400, "invalid_client") == (await request(sandbox.client_secret)).refusal
    sandbox.oauth = PACKAGE
    wrong = await request("wrong")
    assert 200 == (await request(sandbox.client_secret)).status
    assert (401, "invalid_client") == wrong.refusal
    assert 'Basic realm="Service"' == wrong.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic YQ==", "Basic /w=="])
async def test_malformed_http_basic(api: Api, sandbox: Sandbox, header: str) -> None:
    """It is a wrong client, not a server error."""
    sandbox.oauth = PACKAGE
    answer = await api.token_request(headers={"authorization": header})

    assert (401, "invalid_client") == answer.refusal


async def test_no_cache_keeps_a_token(api: Api, sandbox: Sandbox, profile: str) -> None:
    """Answers of oauth/token are not to be stored (RFC 6749 section 5.1), whatever they say."""
    del profile
    for answer in (await api.token(), await api.token(client_secret="wrong")):
        assert "no-store" == answer.headers["cache-control"]
    call = await api.call("merchants/login", await api.access_token())
    assert "cache-control" not in call.headers
    assert 2 == sandbox.tokens_issued
