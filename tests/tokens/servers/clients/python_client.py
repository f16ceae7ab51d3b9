"""
Obtain, use and refresh a token with a client that others have written.

    python python_client.py authlib|requests-oauthlib URL ID SECRET form|basic

It prints what happened as JSON, as the clients of npm do.
"""

import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol

_, NAME, BASE_URL, CLIENT_ID, SECRET, AUTH = sys.argv
TOKEN_URL = f"{BASE_URL}/v2.5/oauth/token"
CALL_URL = f"{BASE_URL}/v2.5/client-id/{CLIENT_ID}/i18n"
HEADERS = {"x-reference-id": "0123456789abcdef0123456789abcdef"}
Token = Mapping[str, Any]


class Client(Protocol):
    """One of the clients, with a secret."""

    def grant(self) -> Token:
        """Request a token of customer scope."""
        ...

    def refresh(self, token: Token, scope: str | None) -> Token:
        """Refresh a token."""
        ...

    def call(self) -> int:
        """Make a call with the newest token, and return the status."""
        ...


class Authlib:
    """The client of authlib."""

    def __init__(self, secret: str) -> None:
        method = {"form": "client_secret_post", "basic": "client_secret_basic"}[AUTH]
        library = import_module("authlib.integrations.requests_client")
        self._session = library.OAuth2Session(CLIENT_ID, secret, token_endpoint_auth_method=method)

    def grant(self) -> Token:
        """Request a token of customer scope."""
        grant = {"grant_type": "client_credentials", "scope": "customer"}
        return dict(self._session.fetch_token(TOKEN_URL, headers=HEADERS, **grant))

    def refresh(self, token: Token, scope: str | None) -> Token:
        """Refresh a token."""
        more = {} if scope is None else {"scope": scope}
        refresh_token = token["refresh_token"]
        return dict(self._session.refresh_token(TOKEN_URL, refresh_token, headers=HEADERS, **more))

    def call(self) -> int:
        """Make a call with the newest token, and return the status."""
        return int(self._session.post(CALL_URL, headers=HEADERS).status_code)


class RequestsOauthlib:
    """The client of requests-oauthlib."""

    def __init__(self, secret: str) -> None:
        client = import_module("oauthlib.oauth2").BackendApplicationClient(CLIENT_ID)
        self._session = import_module("requests_oauthlib").OAuth2Session(client=client)
        self._secret: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": secret}
        if AUTH == "basic":
            self._secret = {"auth": (CLIENT_ID, secret)}

    def grant(self) -> Token:
        """Request a token of customer scope."""
        more = {} if AUTH == "basic" else {"include_client_id": True}
        return dict(
            self._session.fetch_token(
                TOKEN_URL, headers=HEADERS, scope="customer", **self._secret, **more
            )
        )

    def refresh(self, token: Token, scope: str | None) -> Token:
        """Refresh a token."""
        self._session.scope = scope
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return dict(
            self._session.refresh_token(
                TOKEN_URL, token["refresh_token"], headers={**HEADERS, **form}, **self._secret
            )
        )

    def call(self) -> int:
        """Make a call with the newest token, and return the status."""
        return int(self._session.post(CALL_URL, headers=HEADERS).status_code)


def scope_of(token: Token) -> str:
    """Return the scope of a token; oauthlib makes a list of it."""
    return str(token["scope"] if isinstance(token["scope"], str) else token["scope"][0])


def outcome(attempt: Callable[[], Token]) -> str:
    """Return the scope that was granted, or the error."""
    try:
        return scope_of(attempt())
    except Exception as error:  # noqa: BLE001 - of two libraries
        return str(getattr(error, "error", None) or error)


def main(kind: Callable[[str], Client]) -> None:
    """Do the steps and print what happened."""
    client = kind(SECRET)
    first = client.grant()
    before = client.call()
    second = client.refresh(first, "customer")
    after = client.call()
    third = outcome(lambda: client.refresh(second, None))
    wrong = outcome(kind("wrong").grant)
    renewed = first["access_token"] != second["access_token"]
    json.dump([scope_of(first), before, renewed, after, third, wrong], sys.stdout)


CLIENTS: dict[str, Callable[[str], Client]] = {
    "authlib": Authlib,
    "requests-oauthlib": RequestsOauthlib,
}
main(CLIENTS[NAME])
