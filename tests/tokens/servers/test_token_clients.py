"""OAuth2 clients that others have written obtain, use and refresh tokens of the sandbox."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.endpoints.oauth_rules import PROFILES, OAuthProfile

from .conftest import SECRETS

CLIENTS = Path(__file__).with_name("clients")
PROGRAMS = {
    "authlib": [sys.executable, str(CLIENTS / "python_client.py"), "authlib"],
    "requests-oauthlib": [sys.executable, str(CLIENTS / "python_client.py"), "requests-oauthlib"],
    "openid-client": ["node", str(CLIENTS / "openid_client.cjs")],
    "simple-oauth2": ["node", str(CLIENTS / "simple_oauth2.cjs")],
}


async def run(name: str, *argv: str) -> list[object]:
    """Run a client, and return what happened."""
    folder = os.environ.get("OAUTH2_SERVERS")
    assert folder is not None, "OAUTH2_SERVERS names no folder: use `nox -s token_servers`"
    program, *words = PROGRAMS[name]
    found = shutil.which(program)
    assert found is not None, f"no {program} on this machine"
    process = await asyncio.create_subprocess_exec(
        *(found, *words, *argv),
        env={
            **os.environ,
            "NODE_PATH": str(Path(folder) / "node_modules"),
            "OAUTHLIB_INSECURE_TRANSPORT": "1",  # loopback has plain HTTP
            "AUTHLIB_INSECURE_TRANSPORT": "1",
        },
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert 0 == process.returncode
    return list(json.loads(out))


@pytest.mark.parametrize(
    ("profile", "auth"),
    [("documented", "form"), ("oauth2-server", "form"), ("oauth2-server", "basic")],
)
@pytest.mark.parametrize("name", PROGRAMS)
async def test_a_client(name: str, profile: OAuthProfile, auth: str) -> None:
    """Its tokens are accepted, also after a refresh, and it understands the errors."""
    secret = SECRETS["plain"]
    rules = PROFILES[profile]
    async with Sandbox(client_secret=secret, oauth=rules) as sandbox:
        happened = await run(name, sandbox.base_url, sandbox.client_id, secret, auth)
    scope, before, renewed, after, without_scope, wrong = happened

    assert ("customer", 200, True, 200) == (scope, before, renewed, after)
    # Without `scope` the documented service asks for its default, which is `merchant`.
    assert without_scope == ("customer" if rules.refresh_keeps_scope else "wrong_inputs")
    # A 401 with a challenge is an error of its own for openid-client.
    assert wrong in {"invalid_client", "401"}
    assert 2 + rules.refresh_keeps_scope == sandbox.tokens_issued
