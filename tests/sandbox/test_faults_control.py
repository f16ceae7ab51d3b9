"""The control endpoint: another process reads and controls a sandbox."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request
from attrs import frozen

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.control import Control, _is_local
from tests.sandbox.conftest import PURCHASE, Answer, Api

SECRET = "canary_of-a-control-token"
NOW = 1_800_000_000.0


@frozen
class Remote:
    """Requests to the control endpoint."""

    sandbox: Sandbox
    http: aiohttp.ClientSession

    async def send(
        self,
        method: str,
        name: str,
        json: object = None,
        *,
        data: bytes | None = None,
        token: str | None = SECRET,
    ) -> Answer:
        """Send a command."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        url = f"{self.sandbox.control_url}/{name}"
        body = None if data is None else BytesIO(data)
        async with self.http.request(method, url, json=json, data=body, headers=headers) as answer:
            return Answer(answer.status, answer.headers.copy(), await answer.json())


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Run a sandbox that has a control endpoint."""
    async with Sandbox(clock=lambda: NOW, control_token=SECRET) as running:
        yield running


@pytest.fixture
def remote(api: Api) -> Remote:
    """Return a client of the control endpoint."""
    return Remote(api.sandbox, api.http)


async def test_state(api: Api, remote: Remote) -> None:
    """The state contains counts and issued tokens, and no secret."""
    access_token = await api.access_token()
    await api.call("widget/init", access_token, PURCHASE)
    await api.token(client_secret="wrong")
    answer = await remote.send("GET", "state")
    [token] = answer.body.pop("tokens")

    assert 200 == answer.status
    assert {
        "now": NOW,
        "clock_offset": 0.0,
        "latency": {},
        "requests": {"oauth/token": {"200": 1, "400": 1}, "widget/init": {"200": 1}},
        "tokens_issued": 1,
        "replays": 0,
        "faults": [],
    } == answer.body
    assert {
        "token_id": api.sandbox.tokens[0].token_id,
        "scope": "customer",
        "grant": "client_credentials",
        "issued_at": NOW,
        "expires_at": NOW + 1200,
        "revoked": False,
        "family": 1,
    } == token


async def test_faults(api: Api, remote: Remote) -> None:
    """A fault sent as JSON is active, listed with its remaining requests, and can be removed."""
    rule: dict[str, Any] = {
        "fault": {"kind": "answer", "status": 503, "retry_after": 2},
        "endpoint": "oauth/token",
        "times": 3,
        "only": {"grant": "client_credentials"},
    }
    lasting = {"fault": {"kind": "drop", "commit": False}, "endpoint": "i18n", "times": None}
    await remote.send("POST", "faults", lasting)
    added = await remote.send("POST", "faults", rule)
    met = await api.token()
    state = (await remote.send("GET", "state")).body
    healed = await remote.send("DELETE", "faults?endpoint=oauth/token")
    cleared = await remote.send("DELETE", "faults")

    assert (503, "2") == (met.status, met.headers["retry-after"])
    assert [{**lasting, "left": None}, {**rule, "left": 3}] == added.body["faults"]
    assert [{**lasting, "left": None}, {**rule, "left": 2}] == state["faults"]
    assert [{**lasting, "left": None}] == healed.body["faults"]
    assert [] == cleared.body["faults"]


async def test_revoke(api: Api, remote: Remote) -> None:
    """One token, a family of tokens, or all are revoked, without sending a token."""
    first = (await api.token()).body
    await api.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    for _ in range(3):
        await api.token()

    async def revoked(json: object) -> list[bool]:
        answer = await remote.send("POST", "revoke", json)
        return [token["revoked"] for token in answer.body["tokens"]]

    token_id = api.sandbox.tokens[2].token_id
    assert [True, False, True, False, False] == await revoked({"token_id": token_id})
    assert [True, True, True, False, False] == await revoked({"family": 1})
    assert [True] * 5 == await revoked({"all": True})


async def test_expire(api: Api, remote: Remote) -> None:
    """All tokens expire."""
    access_token = await api.access_token()
    await remote.send("POST", "expire")

    assert 401 == (await api.call("merchants/login", access_token)).status


async def test_clock(api: Api, remote: Remote) -> None:
    """The clock is set, and advanced from there."""
    await remote.send("POST", "clock", {"offset": -90})
    answer = await remote.send("POST", "clock", {"advance": 5.5})

    assert (-84.5, NOW - 84.5) == (answer.body["clock_offset"], answer.body["now"])
    assert NOW - 84.5 == api.sandbox.now()


async def test_latency(remote: Remote) -> None:
    """The latency is replaced as a whole."""
    await remote.send("POST", "latency", {"oauth/token": 0.2})
    answer = await remote.send("POST", "latency", {"widget/init": 1})

    assert {"widget/init": 1} == answer.body["latency"] == dict(remote.sandbox.latency)


async def test_play(api: Api, remote: Remote) -> None:
    """A customer of a shop in any language plays the widget: the answer is the widget's event."""
    widget = await api.call("widget/init", await api.access_token(), PURCHASE)
    url = widget.body["redirection_url"]
    played = await remote.send("POST", "play", {"widget": url, "choice": "approve"})
    again = await remote.send("POST", "play", {"widget": url})

    assert (200, "flx-success") == (played.status, played.body["eventType"])
    assert played.body["eventData"]["verified"]
    assert 400 == again.status
    assert "this widget session has ended" in again.body["error"]


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({}, 400, "widget must be the redirection_url"),
        ({"widget": "x"}, 404, "has not opened this widget session"),
        ({"widget": "x", "choise": "approve"}, 400, "play takes widget, choice"),
        ({"widget": "{url}", "choice": "canary"}, 400, "choice must be one of: approve, decline"),
        ({"widget": "{url}", "choice": []}, 400, "choice must be one of"),
        ({"widget": "{url}", "mfa": None}, 400, "mfa must be one of: sms"),
        ({"widget": "{url}", "account_number": "1"}, 400, "account_number must be a number"),
        ({"widget": "{url}", "account_number": True}, 400, "account_number must be a number"),
    ],
)
async def test_play_refuses(
    api: Api, remote: Remote, body: dict[str, object], status: int, text: str
) -> None:
    """A wrong request is refused with the rule, and the widget stays open."""
    widget = await api.call("widget/init", await api.access_token(), PURCHASE)
    url = widget.body["redirection_url"]
    sent = {name: url if value == "{url}" else value for name, value in body.items()}
    answer = await remote.send("POST", "play", sent)

    assert status == answer.status
    assert text in answer.body["error"]
    assert "canary" not in answer.body["error"]
    assert 200 == (await remote.send("POST", "play", {"widget": url})).status


async def test_beside_the_api(api: Api, remote: Remote) -> None:
    """Commands meet no fault and no latency, and are not recorded."""
    api.sandbox.latency = {"unknown": 3600}
    await remote.send("POST", "faults", {"fault": {"kind": "reset"}, "times": None})

    assert 200 == (await remote.send("DELETE", "faults")).status
    assert () == api.sandbox.requests


@pytest.mark.parametrize("token", [None, "", "canary_of-a-control-tokem", SECRET + "x", "ünï"])
async def test_without_the_token(api: Api, remote: Remote, token: str | None) -> None:
    """Clients without the token can neither read nor change anything."""
    await api.token()
    state = await remote.send("GET", "state", token=token)
    revoked = await remote.send("POST", "revoke", {"all": True}, token=token)

    assert [401, 401] == [state.status, revoked.status]
    assert {"error": "the control token is missing or wrong"} == state.body
    assert not api.sandbox.tokens[0].revoked


async def test_no_control_without_a_token(api: Api) -> None:
    """A sandbox without a token has no control endpoint."""
    async with Sandbox() as plain:
        url = f"http://{plain.host}:{plain.port}/sandbox/control/state"
        async with api.http.get(url, headers={"authorization": f"Bearer {SECRET}"}) as response:
            status = response.status
        with pytest.raises(RuntimeError, match="no control_token"):
            _ = plain.control_url

    assert 404 == status
    assert ["unknown"] == [seen.endpoint for seen in plain.requests]


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.1", False),
        ("192.0.2.1", False),
        ("0.0.0.0", False),  # noqa: S104 - compared, not bound
        ("fe80::1%eth0", False),
        (None, False),
    ],
)
def test_only_this_machine(address: str | None, here: bool) -> None:
    """The control endpoint serves loopback addresses only."""
    assert here == _is_local(address)


async def test_not_from_elsewhere(sandbox: Sandbox) -> None:
    """Requests from another machine are refused, even with the token."""
    request = make_mocked_request(
        "GET",
        "/sandbox/control/state",
        headers={"authorization": f"Bearer {SECRET}"},
        match_info={"name": "state"},
    )
    control = Control(sandbox._dispatcher, SECRET)
    statuses = [
        (await control.serve(request.clone(remote=address))).status
        for address in ("192.0.2.1", "127.0.0.1")
    ]

    assert [403, 200] == statuses


@pytest.mark.parametrize(
    ("method", "name", "allow"),
    [
        ("POST", "state", "GET"),
        ("GET", "faults", "POST, DELETE"),
        ("PUT", "clock", "POST"),
        ("DELETE", "revoke", "POST"),
    ],
)
async def test_other_methods(remote: Remote, method: str, name: str, allow: str) -> None:
    """Another method is refused, and the allowed ones are named."""
    answer = await remote.send(method, name)

    assert (405, allow) == (answer.status, answer.headers["allow"])


@pytest.mark.parametrize("name", ["", "nothing", "state/x", "../control/stat"])
async def test_other_paths(remote: Remote, name: str) -> None:
    """Other paths are a 404."""
    assert 404 == (await remote.send("GET", name)).status


@pytest.mark.parametrize(
    ("method", "name", "json", "status", "expected"),
    [
        ("POST", "faults", {}, 400, "a rule needs fault"),
        ("POST", "faults", [1], 400, "a rule must be an object"),
        ("POST", "faults", {"fault": {"kind": "dorp"}}, 400, "unknown kind of fault"),
        ("POST", "faults", {"fault": {"kind": "drop"}, "endpoint": "x"}, 400, "no endpoint"),
        ("DELETE", "faults?endpoint=x", None, 400, "no endpoint"),
        ("DELETE", "faults?name=x", None, 400, "query parameter"),
        ("POST", "revoke", {}, 400, "one of: token_id, family, all"),
        ("POST", "revoke", {"token_id": "x", "all": True}, 400, "one of: token_id"),
        ("POST", "revoke", {"all": False}, 400, "revoke takes"),
        ("POST", "revoke", {"family": True}, 400, "revoke takes"),
        ("POST", "revoke", {"family": "1"}, 400, "revoke takes"),
        ("POST", "revoke", {"family": 9}, 404, "no token has this family"),
        ("POST", "revoke", {"token_id": SECRET}, 404, "no token has this token_id"),
        ("POST", "expire", {"all": True}, 400, "expire takes no arguments"),
        ("POST", "clock", {}, 400, "one of: offset, advance"),
        ("POST", "clock", {"offset": "90"}, 400, "clock_offset must be"),
        ("POST", "clock", {"offset": 10**400}, 400, "clock_offset must be"),
        ("POST", "clock", {"advance": 10**400}, 400, "advance must be"),
        ("POST", "clock", {"advance": -1}, 400, "advance must be"),
        ("POST", "latency", {"oauth/token": "x"}, 400, "the latency of oauth/token"),
        ("POST", "latency", {"oauth/tokn": 1}, 400, "no endpoint"),
        ("POST", "latency", 5, 400, "the body must be an object"),
    ],
)
async def test_bad_commands(
    remote: Remote, method: str, name: str, json: object, status: int, expected: str
) -> None:
    """An invalid command is refused with a reason, and changes nothing."""
    before = (await remote.send("GET", "state")).body
    answer = await remote.send(method, name, json)

    assert status == answer.status
    assert expected in answer.body["error"]
    assert SECRET not in answer.body["error"]
    assert before == (await remote.send("GET", "state")).body


@pytest.mark.parametrize(
    ("data", "status"), [(b"{", 400), (b"\xff", 400), (b"[" * 10**5, 400), (b" " * 2**21, 413)]
)
async def test_bad_bodies(remote: Remote, data: bytes, status: int) -> None:
    """A body that is not JSON, or too large, is refused."""
    assert status == (await remote.send("POST", "faults", data=data)).status


@pytest.mark.parametrize("token", ["", "short", "a" * 15, "with a blank in it", "ünïcödeünïcöde"])
def test_weak_control_token(token: str) -> None:
    """A token that is guessable, or cannot be sent, is refused and not quoted."""
    with pytest.raises(ValueError, match="control_token must be") as caught:
        Sandbox(control_token=token)

    assert not token or token not in str(caught.value)


def test_control_token_is_not_shown(sandbox: Sandbox) -> None:
    """The repr does not contain the control token."""
    assert SECRET not in repr(sandbox)
