"""Reading and controlling a sandbox from a test."""

import asyncio
import re
import time

import pytest

from flexiti_async.sandbox import RequestRecord, Sandbox, token_id
from tests.sandbox.conftest import PURCHASE, REFERENCE_ID, Api, until

from ..support.patience import PATIENCE


async def test_scripted_answers_are_sent_in_order(api: Api, sandbox: Sandbox) -> None:
    """Scripted answers are sent first in, first out, then the real answer."""
    sandbox.fail("oauth/token", status=503, times=2, headers={"Retry-After": "2"})
    sandbox.fail("oauth/token", status=429)
    answers = [await api.token() for _ in range(4)]

    assert [503, 503, 429, 200] == [answer.status for answer in answers]
    assert ["2", "2", None, None] == [answer.headers.get("retry-after") for answer in answers]
    assert (503, "general_error") == answers[0].refusal
    assert 1 == sandbox.tokens_issued


async def test_scripted_answer_is_sent_as_it_is(api: Api, sandbox: Sandbox) -> None:
    """Status, headers and bytes are those of the script."""
    sandbox.fail("oauth/token", status=502, headers={"content-type": "text/html"}, body=b"<h1>oops")
    async with api.http.post(f"{sandbox.base_url}/v2.5/oauth/token") as response:
        seen = (response.status, response.headers.getall("content-type"), await response.read())

    assert (502, ["text/html"], b"<h1>oops") == seen


async def test_failing_until_healed(api: Api, sandbox: Sandbox) -> None:
    """With `times=None` an endpoint fails until `heal`, which is for this endpoint only."""
    sandbox.fail("oauth/token", status=500, times=None)
    sandbox.fail("widget/init", status=500, times=None)

    assert {500} == {(await api.token()).status for _ in range(5)}
    sandbox.heal("oauth/token")
    access_token = await api.access_token()
    assert 500 == (await api.call("widget/init", access_token, PURCHASE)).status
    sandbox.heal()
    assert 200 == (await api.call("widget/init", access_token, PURCHASE)).status


async def test_scripted_answer_does_not_touch_other_endpoints(api: Api, sandbox: Sandbox) -> None:
    """A scripted answer is for its endpoint only."""
    sandbox.fail("merchants/login", status=500)

    assert 200 == (await api.call("widget/init", await api.access_token(), PURCHASE)).status


@pytest.mark.parametrize("status", [200, 467, 599])
async def test_possible_status(api: Api, sandbox: Sandbox, status: int) -> None:
    """Every final status can be scripted, including the API's own inventions."""
    sandbox.fail("oauth/token", status=status, body=b"{}")

    assert (status, {}) == ((answer := await api.token()).status, answer.body)


@pytest.mark.parametrize("status", [199, 600, 0])
def test_impossible_status(status: int) -> None:
    """An invalid status is refused when it is scripted."""
    with pytest.raises(ValueError, match="status must be a whole number from 200 to 599"):
        Sandbox().fail("oauth/token", status=status)


@pytest.mark.parametrize("times", [0, -1])
def test_impossible_times(times: int) -> None:
    """A number of times below 1 is refused when it is scripted."""
    with pytest.raises(ValueError, match="times must be a whole number of at least 1"):
        Sandbox().fail("oauth/token", status=500, times=times)


def test_misspelt_scope() -> None:
    """An unknown scope is refused when it is set."""
    with pytest.raises(ValueError, match="admin"):
        Sandbox(scopes=["admin"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


async def test_latency(api: Api, sandbox: Sandbox) -> None:
    """A request is recorded, waits, and is processed with the settings after the wait."""
    access_token = await api.access_token()
    sandbox.latency = {"widget/init": 0.05}
    started = time.monotonic()
    call = asyncio.create_task(api.call("widget/init", access_token, PURCHASE))
    await until(lambda: sandbox.count("widget/init") == 1)
    in_progress = sandbox.requests[-1]
    sandbox.revoke(access_token)
    answer = await call

    assert in_progress.status is None
    assert 401 == answer.status == sandbox.requests[-1].status
    assert time.monotonic() - started >= 0.05


async def test_latency_is_for_one_endpoint(api: Api, sandbox: Sandbox) -> None:
    """A token is issued at once while widget/init would take an hour."""
    sandbox.latency = {"widget/init": 3600}

    async with asyncio.timeout(PATIENCE):
        assert 200 == (await api.token()).status


async def test_records(api: Api, sandbox: Sandbox) -> None:
    """Each request is recorded with its details."""
    access_token = await api.access_token("customer")
    sandbox.advance(2)
    await api.call("widget/init", access_token, PURCHASE, query="?lang=en")
    await api.call("merchants/login", None, headers={"x-reference-id": None})

    base = "/flexiti/pos-api/v2.5"
    started = 1_800_000_000.0
    assert [
        RequestRecord(
            method="POST",
            path=f"{base}/oauth/token",
            endpoint="oauth/token",
            status=200,
            error=None,
            reference_id=REFERENCE_ID,
            grant="client_credentials",
            scope="customer",
            token_id=None,
            at=started,
        ),
        RequestRecord(
            method="POST",
            path=f"{base}/client-id/sandbox-client/widget/init",
            endpoint="widget/init",
            status=200,
            error=None,
            reference_id=REFERENCE_ID,
            grant=None,
            scope="customer",
            token_id=token_id(access_token),
            at=started + 2,
        ),
        RequestRecord(
            method="POST",
            path=f"{base}/client-id/sandbox-client/merchants/login",
            endpoint="merchants/login",
            status=401,
            error="invalid_token",
            reference_id=None,
            grant=None,
            scope=None,
            token_id=None,
            at=started + 2,
        ),
    ] == list(sandbox.requests)


async def test_token_views(api: Api, sandbox: Sandbox) -> None:
    """Each token is listed with its lifetime and its state."""
    sandbox.expires_in = 5
    answer = await api.token(scope="customer")
    sandbox.revoke(answer.body["access_token"])
    await api.token()

    first, second = sandbox.tokens
    assert answer.body["access_token"] == first.access_token
    assert answer.body["refresh_token"] == first.refresh_token
    assert token_id(first.access_token) == first.token_id
    assert re.fullmatch("[0-9a-f]{12}", first.token_id)
    assert ("customer", "client_credentials", True) == (first.scope, first.grant, first.revoked)
    assert (1_800_000_000.0, 1_800_000_005.0) == (first.issued_at, first.expires_at)
    assert ("merchant", False) == (second.scope, second.revoked)
    assert first.family != second.family


async def test_count(api: Api, sandbox: Sandbox) -> None:
    """Requests are counted by endpoint, grant, scope and status, in any combination."""
    await api.token(scope="customer")
    token = await api.token()
    await api.token(grant_type="refresh_token", refresh_token=token.body["refresh_token"])
    await api.token(client_secret="other")
    await api.call("merchants/login", await api.access_token("customer"))

    assert 5 == sandbox.count("oauth/token")
    assert 4 == sandbox.count("oauth/token", grant="client_credentials")
    assert 2 == sandbox.count("oauth/token", grant="client_credentials", scope="customer")
    assert 1 == sandbox.count("oauth/token", grant="refresh_token", scope="merchant", status=200)
    assert 1 == sandbox.count("oauth/token", status=400)
    assert 1 == sandbox.count("merchants/login", scope="customer")
    assert 0 == sandbox.count("widget/init")


async def test_on_request(api: Api, sandbox: Sandbox) -> None:
    """The callback receives each record once, complete."""
    seen: list[RequestRecord] = []
    sandbox.on_request = seen.append
    await api.token()
    await api.call("widget/init", None)

    assert list(sandbox.requests) == seen
    assert [200, 401] == [record.status for record in seen]


async def test_expires_in_is_for_new_tokens(api: Api, sandbox: Sandbox) -> None:
    """A new lifetime changes no token that was issued before."""
    old = await api.access_token()
    sandbox.expires_in = 5
    new = await api.token()
    sandbox.advance(5)

    assert 5 == new.body["expires_in"]
    assert 200 == (await api.call("merchants/login", old)).status
    assert 401 == (await api.call("merchants/login", new.body["access_token"])).status


async def test_expire_now(api: Api, sandbox: Sandbox) -> None:
    """All tokens expire now; later ones are valid."""
    access_token = await api.access_token()
    sandbox.expire_now()

    answer = await api.call("merchants/login", access_token)
    assert (401, "The access token has expired.") == (answer.status, answer.body["message"])
    assert 200 == (await api.call("merchants/login", await api.access_token())).status


async def test_revoke_all(api: Api, sandbox: Sandbox) -> None:
    """All tokens are revoked; later ones are valid."""
    tokens = [await api.access_token() for _ in range(3)]
    sandbox.revoke_all()

    assert [401] * 3 == [(await api.call("merchants/login", token)).status for token in tokens]
    assert 200 == (await api.call("merchants/login", await api.access_token())).status


def test_revoke_of_an_unknown_token() -> None:
    """An unknown token cannot be revoked, and the error does not quote it."""
    with pytest.raises(LookupError) as caught:
        Sandbox().revoke("c0ffee" * 6)

    assert "c0ffee" not in str(caught.value)


def test_clock() -> None:
    """The time is the clock's plus the advanced seconds."""
    sandbox = Sandbox(clock=lambda: 100.0)
    sandbox.advance(20)
    sandbox.advance(3.5)

    assert 123.5 == sandbox.now()


def test_default_clock_is_the_wall_clock() -> None:
    """By default, the time is that of the machine."""
    before = time.time()

    assert before <= Sandbox().now() <= time.time()


async def test_reprs_show_no_secret(api: Api, sandbox: Sandbox) -> None:
    """No repr contains a secret, a whole token or the number of an account."""
    answer = await api.token(scope="customer")
    await api.send("GET", f"/{answer.body['access_token']}", headers={"x-reference-id": "f" * 40})
    await api.send("POST", "/accounts/20009100/refund")
    shown = repr((sandbox, sandbox.tokens, sandbox.requests))

    secrets = [
        sandbox.client_secret,
        sandbox.merchant_password,
        answer.body["access_token"],
        answer.body["refresh_token"],
    ]
    assert [] == [secret for secret in (*secrets, "f" * 40, "20009100") if secret in shown]
    assert f"access_token={answer.body['access_token'][:4]}…," in repr(sandbox.tokens)
    assert "client_secret=…," in repr(Sandbox(client_secret="abcdefgh"))
    assert "client_secret=abcd…," in repr(Sandbox(client_secret="abcdefghi"))
