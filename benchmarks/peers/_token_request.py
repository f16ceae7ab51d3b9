"""A token request for peers whose own are tied to a cloud provider: the locking is theirs."""

import json
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import aiohttp
from attrs import frozen

from benchmarks.harness.target import Target

__all__ = ["Grant", "request_token", "request_token_in_thread"]

_PATIENCE: Final = 60


@frozen
class Grant:
    """
    A token from the token endpoint.

    Attributes:
        access_token: The token.
        expires_in: Its life in seconds.
    """

    access_token: str
    expires_in: int


def _form(target: Target) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": target.client_id,
        "client_secret": target.client_secret,
    }


async def request_token(session: aiohttp.ClientSession, target: Target) -> Grant:
    """Request a token; raises aiohttp.ClientResponseError."""
    async with session.post(target.token_url, data=_form(target)) as response:
        if response.status != HTTPStatus.OK:
            response.raise_for_status()
        answer = await response.json()
        return Grant(answer["access_token"], answer["expires_in"])


def request_token_in_thread(target: Target) -> Grant:
    """Request a token, blocking this thread; raises OSError."""
    request = Request(target.token_url, data=urlencode(_form(target)).encode())  # noqa: S310 - ours
    with urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310 - as above
        answer = json.load(response)
    return Grant(answer["access_token"], answer["expires_in"])
