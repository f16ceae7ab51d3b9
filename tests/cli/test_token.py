"""`flexiti-async token status|refresh|forget`."""

import asyncio
import json
import os
import re
import secrets
from typing import Any, cast

import pytest

from flexiti_async import open_store
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import Entry
from flexiti_async.tokens.record import Claim, Failure, Record, encode_record

from ..support.keys import token_key
from .conftest import STORE_PASSWORD, Command, Ran

NOTE = (
    "note: memory:// is private to one process: this command uses its own store, not a "
    "running shop's"
)


def _json(ran: Ran) -> dict[str, Any]:
    """Return the JSON object that a successful command has printed."""
    assert (0, NOTE) == (ran.status, ran.err.rstrip())
    assert 1 == ran.out.count("\n")
    return cast("dict[str, Any]", json.loads(ran.out))


def _token_id(status: dict[str, Any]) -> str:
    """Return the id of the token in a status."""
    return str(status["token"]["token_id"])


def _leave(sandbox: Sandbox, *, claim: Claim | None = None, failure: Failure | None = None) -> None:
    """Write a record to the store as another process would."""
    key = token_key(sandbox)
    record = Record(key, claim=claim, failure=failure)
    entry = Entry(secrets.token_hex(16), encode_record(record), keep_for=3600)
    store = open_store(os.environ["FLEXITI_STORE"])
    assert asyncio.run(store.swap(key, entry, expected=None))


@pytest.fixture
def failure(sandbox: Sandbox) -> Failure:
    """Write a failure of other credentials to the store."""
    failure = Failure("throttled", "HTTP 429", 600.0, 3, "0123456789abcdef", 429, "slow_down")
    _leave(sandbox, failure=failure)
    return failure


def test_status_of_nothing(command: Command, sandbox: Sandbox) -> None:
    """Without a stored record the status says so, and no request is sent."""
    status = _json(command("token", "status", "--json"))
    ran = command("token", "status")

    assert (False, None, None) == (status["stored"], status["token"], status["version"])
    assert (0, [NOTE]) == (ran.status, ran.errors)
    assert "nothing is stored" in ran.out
    assert 0 == sandbox.tokens_issued


def test_refresh(command: Command, sandbox: Sandbox) -> None:
    """Each refresh replaces the stored token; the status shows the new one."""
    first = _json(command("token", "refresh", "--json"))
    second = _json(command("token", "refresh", "--json"))
    seen = _json(command("token", "status", "--json"))
    ran = command("token", "status")

    assert 2 == sandbox.tokens_issued
    assert _token_id(first) != _token_id(second)
    assert _token_id(second) == _token_id(seen)
    assert second["version"] == seen["version"]
    assert f"{_token_id(seen)[:8]}, 1" in ran.out
    assert "of 1200 s left, not pinned" in ran.out
    assert re.search(r"written \d+\.\d s ago", ran.out)


def test_status_shows_no_token(command: Command, sandbox: Sandbox) -> None:
    """Neither the access token nor the refresh token is in any output."""
    outputs = [
        command("token", verb, *more).out
        for verb in ("refresh", "status", "forget")
        for more in ((), ("--json",))
    ]
    tokens = [
        text for token in sandbox.tokens for text in (token.access_token, token.refresh_token)
    ]

    assert [] == [token for token in tokens if token in "".join(outputs)]


@pytest.mark.usefixtures("sandbox")
def test_status_of_a_pinned_token(command: Command) -> None:
    """The status says that a checkout has pinned the token."""
    _json(command("token", "refresh", "--json"))
    command("init-widget", "--flow", "purchase", "--account-number", "20009100")
    token = _json(command("token", "status", "--json"))["token"]

    assert True is token["pinned"]
    assert "pinned to checkouts" in command("token", "status").out


def test_scopes(command: Command, sandbox: Sandbox) -> None:
    """Each scope has a record of its own."""
    merchant = _json(command("token", "refresh", "--scope", "merchant", "--json"))
    customer = _json(command("token", "status", "--json"))

    assert ("merchant", True) == (merchant["scope"], merchant["stored"])
    assert ("customer", False) == (customer["scope"], customer["stored"])
    assert ["merchant"] == [token.scope for token in sandbox.tokens]


def test_forget(command: Command, sandbox: Sandbox) -> None:
    """After a forget, the next caller gets a new token."""
    old = _token_id(_json(command("token", "refresh", "--json")))
    forgotten = _json(command("token", "forget", "--json"))
    empty = _json(command("token", "status", "--json"))
    command("init-widget", "--flow", "purchase", "--account-number", "20009100")
    new = _token_id(_json(command("token", "status", "--json")))

    assert True is forgotten["forgotten"]
    assert (True, None) == (empty["stored"], empty["token"])
    assert old != new
    assert 2 == sandbox.tokens_issued


@pytest.mark.usefixtures("sandbox")
def test_forget_nothing(command: Command) -> None:
    """Without a stored record, forget succeeds."""
    status = _json(command("token", "forget", "--json"))
    ran = command("token", "forget")

    assert False is status["forgotten"]
    assert (0, True) == (ran.status, ran.out.startswith("nothing to discard: "))


@pytest.mark.usefixtures("sandbox")
def test_forget_in_words(command: Command) -> None:
    """Forget reports what it has discarded."""
    command("token", "refresh")
    ran = command("token", "forget")

    assert (0, True) == (
        ran.status,
        ran.out.startswith("discarded the token stored at flexiti-token-"),
    )


def test_claim(command: Command, sandbox: Sandbox) -> None:
    """A refresh in flight is shown, with the rest of its lease."""
    _leave(sandbox, claim=Claim(25.0))
    claim = _json(command("token", "status", "--json"))["claim"]

    assert 25.0 == claim["lease"]
    assert 20 < claim["remaining"] <= 25
    assert "a refresh is in flight; its lease has 2" in command("token", "status").out


def test_lapsed_claim(command: Command, sandbox: Sandbox) -> None:
    """A claim whose lease is over is shown as lapsed."""
    _leave(sandbox, claim=Claim(0.0))
    claim = _json(command("token", "status", "--json"))["claim"]

    assert {"lease": 0.0, "remaining": 0.0} == claim
    assert "lapsed" in command("token", "status").out


def test_failure_of_others(command: Command, failure: Failure) -> None:
    """The last failure is shown, with the fingerprint of its credentials."""
    shown = _json(command("token", "status", "--json"))["failure"]
    ran = command("token", "status")

    assert 590 < shown.pop("remaining") <= 600
    assert {
        "kind": "throttled",
        "message": "HTTP 429",
        "status": 429,
        "code": "slow_down",
        "attempts": 3,
        "back_off": 600.0,
        "fingerprint": failure.fingerprint,
    } == shown
    assert "throttled, 3 in a row, with credentials 0123456789abcdef" in ran.out
    assert "next attempt in " in ran.out


def test_own_failure(command: Command, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    """A failed refresh is recorded for all processes, and shown as one with these credentials."""
    sandbox.client_secret = "another-secret"
    ran = command("token", "refresh")
    again = command("token", "refresh")
    status = command("token", "status").out

    assert (1, "", [NOTE]) == (ran.status, ran.out, ran.errors[:-1])
    assert ran.errors[-1].startswith("error: HTTP 400 invalid_client")
    assert "; try again in " in again.err
    assert "misconfigured, 1 in a row, with these credentials; next attempt" in status
    assert 1 == sandbox.count("oauth/token")

    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", "another-secret")

    assert 0 == command("token", "refresh").status


def test_age_unknown(command: Command, sandbox: Sandbox, odd_stores: str) -> None:
    """An unknown age is null in JSON, and unknown in words."""
    assert 0 == sandbox.tokens_issued
    argv = ("token", "status", "--store", f"{odd_stores}Ageless")
    status = json.loads(command(*argv, "--json").out)
    ran = command(*argv)

    assert None is status["age"]
    assert None is status["token"]["remaining"]
    assert "an unknown part of 1200 s left" in ran.out
    assert "" == ran.err


@pytest.mark.parametrize(
    ("store", "complaint"),
    [
        ("Down", "the store failed to load: OSError"),
        ("Unreadable", "cannot be read: it is not a record of flexiti-async"),
    ],
)
@pytest.mark.parametrize("verb", ["status", "refresh", "forget"])
@pytest.mark.usefixtures("sandbox")
def test_store_that_fails(
    command: Command, odd_stores: str, verb: str, store: str, complaint: str
) -> None:
    """A failure of the store is one line, without the store's own text."""
    ran = command("token", verb, "--store", f"{odd_stores}{store}")

    assert (1, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert complaint in ran.err


@pytest.mark.usefixtures("sandbox")
def test_forget_on_a_store_that_takes_no_writes(command: Command, odd_stores: str) -> None:
    """A record that could not be discarded is an error."""
    ran = command("token", "forget", "--store", f"{odd_stores}ReadOnly")

    assert (1, "") == (ran.status, ran.out)
    assert ["error: the token store can be read, but rejected the write"] == ran.errors


@pytest.mark.usefixtures("sandbox")
def test_store_in_the_output(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is shown without the password in its URL."""
    monkeypatch.setenv("FLEXITI_STORE", f"memory://shop:{STORE_PASSWORD}@tokens/x?y=z")
    ran = command("token", "status")

    assert "memory://****@tokens/x\n" in ran.out


@pytest.mark.usefixtures("sandbox")
def test_unknown_command(command: Command) -> None:
    """An unknown command is reported with the nearest known one."""
    ran = command("token", "refersh")

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert 'Did you mean "refresh"?' in ran.err
