"""The refresh_token grant: once, in time, and within its scope (spec section 2.4)."""

import pytest

from flexiti_async.sandbox import Sandbox
from tests.sandbox.conftest import Answer, Api


async def refresh(api: Api, token: Answer, **changes: str | None) -> Answer:
    """Exchange the refresh token of an answer."""
    form = {"refresh_token": token.body["refresh_token"], "scope": token.body["scope"], **changes}
    return await api.token(grant_type="refresh_token", **form)


async def status_of(api: Api, token: Answer) -> int:
    """Call an endpoint with the access token of an answer, and return the status."""
    return (await api.call("merchants/login", token.body["access_token"])).status


@pytest.mark.parametrize("scope", ["customer", "merchant"])
async def test_refresh_issues_a_new_pair(api: Api, sandbox: Sandbox, scope: str) -> None:
    """Both tokens are new; scope and family stay the same."""
    first = await api.token(scope=scope)
    second = await refresh(api, first)

    assert (200, scope) == (second.status, second.body["scope"])
    texts = {
        answer.body[name]
        for answer in (first, second)
        for name in ("access_token", "refresh_token")
    }
    assert 4 == len(texts)
    assert ["client_credentials", "refresh_token"] == [token.grant for token in sandbox.tokens]
    assert 1 == len({token.family for token in sandbox.tokens})


async def test_refresh_tokens_rotate(api: Api) -> None:
    """Each refresh token yields the next."""
    token = await api.token()
    for _ in range(3):
        token = await refresh(api, token)

    assert 200 == token.status
    assert 200 == await status_of(api, token)


@pytest.mark.parametrize(("revokes", "status"), [(True, 401), (False, 200)])
async def test_access_token_before_the_refresh(
    api: Api, sandbox: Sandbox, revokes: bool, status: int
) -> None:
    """A setting decides whether a refresh revokes the earlier access token."""
    sandbox.refresh_revokes_access = revokes
    first = await api.token()
    second = await refresh(api, first)

    assert status == await status_of(api, first)
    assert 200 == await status_of(api, second)


async def test_new_pair_has_a_full_lifetime(api: Api, sandbox: Sandbox) -> None:
    """A refresh just in time starts a full lifetime."""
    first = await api.token()
    sandbox.advance(1199)
    second = await refresh(api, first)
    sandbox.advance(1199)

    assert 200 == await status_of(api, second)


async def test_late_refresh_is_refused(api: Api, sandbox: Sandbox) -> None:
    """A token cannot be refreshed from the second in which the access token expires."""
    token = await api.token()
    sandbox.advance(1200)
    answer = await refresh(api, token)

    assert (400, "invalid_request") == answer.refusal
    assert [("refresh_token", "invalid")] == answer.field_errors


async def test_refresh_of_a_revoked_token_is_refused(api: Api, sandbox: Sandbox) -> None:
    """A revoked token cannot be refreshed either."""
    token = await api.token()
    sandbox.revoke(token.body["access_token"])

    assert (400, "invalid_request") == (await refresh(api, token)).refusal


@pytest.mark.parametrize("value", [None, ""])
async def test_missing_refresh_token(api: Api, value: str | None) -> None:
    """The grant requires a refresh token."""
    answer = await api.token(grant_type="refresh_token", refresh_token=value)

    assert (400, "invalid_request") == answer.refusal
    assert [("refresh_token", "required")] == answer.field_errors


async def test_access_token_in_place_of_the_refresh_token(api: Api) -> None:
    """An access token is not a refresh token, despite one page (spec section 8, row 2)."""
    token = await api.token()
    answer = await refresh(api, token, refresh_token=token.body["access_token"])

    assert (400, "invalid_request") == answer.refusal
    assert token.body["access_token"] not in str(answer.body)


@pytest.mark.parametrize("revokes", [True, False])
async def test_replay_revokes_the_family(api: Api, sandbox: Sandbox, revokes: bool) -> None:
    """A replayed refresh token revokes all its successors, and no other tokens."""
    sandbox.refresh_revokes_access = revokes
    bystander = await api.token()
    first = await api.token()
    second = await refresh(api, first)
    third = await refresh(api, second)
    replay = await refresh(api, first)

    assert (400, "invalid_request") == replay.refusal
    assert [401, 401, 401] == [await status_of(api, token) for token in (first, second, third)]
    assert (400, "invalid_request") == (await refresh(api, third)).refusal
    assert 200 == await status_of(api, bystander)
    assert 1 == sandbox.replays


async def test_every_replay_is_counted(api: Api, sandbox: Sandbox) -> None:
    """A refresh token sent twice is a replay, even if the first answer was an error."""
    token = await api.token()
    sandbox.fail("oauth/token", status=503)

    assert 503 == (await refresh(api, token)).status
    assert 0 == sandbox.replays
    assert 200 == (await refresh(api, token)).status
    assert 1 == sandbox.replays


async def test_refresh_token_with_another_grant_counts(api: Api, sandbox: Sandbox) -> None:
    """A refresh token sent with another grant counts as presented."""
    token = await api.token()
    for _ in range(2):
        assert 200 == (await api.token(refresh_token=token.body["refresh_token"])).status

    assert 1 == sandbox.replays


async def test_unknown_refresh_token_is_not_a_replay(api: Api, sandbox: Sandbox) -> None:
    """Only tokens that the sandbox issued are counted."""
    for _ in range(2):
        answer = await api.token(grant_type="refresh_token", refresh_token="0" * 40)
        assert (400, "invalid_request") == answer.refusal

    assert 0 == sandbox.replays


@pytest.mark.parametrize(
    ("scope", "asked"), [("customer", "merchant"), ("customer", None), ("merchant", "customer")]
)
async def test_scope_cannot_change(api: Api, scope: str, asked: str | None) -> None:
    """Another scope is refused; so is a missing one, merchant, for a customer token."""
    token = await api.token(scope=scope)
    answer = await refresh(api, token, scope=asked)

    assert (409, "wrong_inputs") == answer.refusal
    assert [("scope", "invalid")] == answer.field_errors


async def test_scope_is_optional_in_a_merchant_refresh(api: Api) -> None:
    """The documented default scope is merchant."""
    token = await api.token(scope="merchant")

    assert 200 == (await refresh(api, token, scope=None)).status


@pytest.mark.parametrize(
    "changes", [{"client_secret": "other"}, {"client_secret": None}, {"scope": "admin"}]
)
async def test_refused_refresh_does_not_spend(api: Api, changes: dict[str, str | None]) -> None:
    """A refresh that is refused for another reason does not spend the refresh token."""
    token = await api.token()

    assert 200 != (await refresh(api, token, **changes)).status
    assert 200 == (await refresh(api, token)).status


async def test_refresh_still_needs_the_scope(api: Api, sandbox: Sandbox) -> None:
    """A client that has lost a scope cannot refresh tokens of it."""
    token = await api.token(scope="customer")
    sandbox.scopes = frozenset({"merchant"})

    assert (409, "invalid_role") == (await refresh(api, token)).refusal
