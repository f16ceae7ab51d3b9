"""
A running sandbox, and a client that knows nothing but URLs: it sends exactly what a test passes.

The names without a fixture are imported by the tests as `tests.sandbox.conftest`: pytest has
loaded this file under that name before them.
"""

import asyncio
import copy
import json as json_library
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlencode

import aiohttp
import pytest
from attrs import define, frozen

from flexiti_async.sandbox import Sandbox

from ..support.patience import PATIENCE

if TYPE_CHECKING:
    from .shop import Shop

Body: TypeAlias = dict[str, object]

REFERENCE_ID = "0123456789abcdef0123456789abcdef"

APPLY: Body = {
    "customer_identification": {
        "personal_information": {
            "first_name": "John",
            "last_name": "Smith",
            "dob": "1988-07-24",
            "postal_code": "m1m1m1",
        }
    },
    "flow": "apply",
    "email": "john@email.com",
    "phone_number": 1231231234,
    "address_1": "Fake 445",
    "city": "Toronto",
    "province": "ON",
    "tos_agreement": True,
}
"""The example of the start page for the apply flow."""

BUY: Body = {
    "customer_identification": {
        "account_number": 20009100,
        "vcc_number": "1070015210367982",
        "personal_information": {
            "first_name": "John",
            "last_name": "Smith",
            "dob": "1988-07-24",
            "postal_code": "m1m1m1",
        },
    },
    "flow": "purchase",
}
"""The example of the start page for the buy flow."""

PURCHASE: Body = {
    "customer_identification": {"account_number": 10000001},
    "flow": "purchase",
}
"""The smallest purchase."""

CUSTOMER = "customer_identification"
PERSON = f"{CUSTOMER}.personal_information"
PROVINCES = ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]

exactly = partial(json_library.loads, parse_float=Decimal)
"""Read JSON as the sandbox means it: numbers with a fraction are exact."""


@frozen
class Answer:
    """An answer, decoded."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and error code."""
        return (self.status, self.body["error"])

    @property
    def field_errors(self) -> list[tuple[str, str]]:
        """Names and messages of the field errors."""
        return [(error["param"], error["msg"]) for error in self.body["field_errors"]]


@define
class Api:
    """Requests to a sandbox. A header or form field of None is omitted."""

    sandbox: Sandbox
    http: aiohttp.ClientSession

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str | None] | None = None,
        data: bytes | None = None,
        json: object = None,
    ) -> Answer:
        """Send a request to a path below the base URL and read a JSON answer."""
        sent = {"x-reference-id": REFERENCE_ID, **(headers or {})}
        async with self.http.request(
            method,
            f"{self.sandbox.base_url}{path}",
            headers={name: value for name, value in sent.items() if value is not None},
            data=data,
            json=json,
        ) as response:
            return Answer(
                response.status, response.headers.copy(), await response.json(loads=exactly)
            )

    async def token(self, **changes: str | None) -> Answer:
        """Request a token: the sandbox's credentials, with changes to the form."""
        return await self.token_request(changes)

    async def token_request(
        self,
        changes: Mapping[str, str | None] | None = None,
        *,
        headers: Mapping[str, str | None] | None = None,
        query: str = "",
    ) -> Answer:
        """Request a token with changes to the form, to the headers or to the query."""
        sandbox = self.sandbox
        form = {
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            **(changes or {}),
        }
        body = urlencode({name: value for name, value in form.items() if value is not None})
        sent = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        path = f"/v2.5/oauth/token{query}"
        return await self.send("POST", path, headers=sent, data=body.encode())

    async def access_token(self, scope: str = "customer") -> str:
        """Request a token, and return the access token."""
        answer = await self.token(scope=scope)
        return str(answer.body["access_token"])

    async def call(
        self,
        endpoint: str,
        access_token: str | None,
        json: object = None,
        *,
        client_id: str | None = None,
        query: str = "",
        headers: Mapping[str, str | None] | None = None,
        data: bytes | None = None,
        method: str = "POST",
        version: str = "v2.5",
    ) -> Answer:
        """Call an endpoint below a client id with a token."""
        bearer = None if access_token is None else f"Bearer {access_token}"
        path = f"/{version}/client-id/{client_id or self.sandbox.client_id}/{endpoint}{query}"
        sent = {"authorization": bearer, **(headers or {})}
        return await self.send(method, path, headers=sent, json=json, data=data)


async def until(condition: Callable[[], bool]) -> None:
    """Run the event loop until a condition holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)


def changed(body: Body, param: str, value: object) -> Body:
    """Return a copy of a body in which a field, named with dots, has another value."""
    result = copy.deepcopy(body)
    *groups, name = param.split(".")
    group: dict[str, Any] = result
    for step in groups:
        group = group.setdefault(step, {})
    group[name] = value
    return result


def without(body: Body, param: str) -> Body:
    """Return a copy of a body without a field, named with dots."""
    result = copy.deepcopy(body)
    *groups, name = param.split(".")
    group: dict[str, Any] = result
    for step in groups:
        group = group[step]
    del group[name]
    return result


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Run a sandbox with its defaults, on a clock that only `advance` moves."""
    async with Sandbox(clock=lambda: 1_800_000_000.0) as running:
        yield running


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[Api]:
    """Open a client."""
    async with aiohttp.ClientSession() as http:
        yield Api(sandbox, http)


@pytest.fixture
async def shop(sandbox: Sandbox, api: Api) -> "Shop":
    """Set up a shop."""
    from .shop import Shop  # it imports this file

    return Shop(api, sandbox, await api.access_token(), await api.access_token("merchant"))
