"""
A table of bytes: what leaves the socket for every endpoint, beside the specification's parameters.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

import pytest
from attrs import define, field, frozen

from flexiti_async import ApplyWidget, FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.api.endpoints import NAMES
from flexiti_async.protocol.call import BaseCall, Call, OperationCall
from flexiti_async.testing import ManualClock
from flexiti_stores.memory import MemoryStore

from ..support.parameters import ENDPOINTS, Endpoint, Parameter
from ..support.patience import PATIENT
from ..support.sample_calls import SAMPLES, SESSION_ID

OURS = {
    *("accept", "accept-encoding", "connection", "content-length", "content-type", "host"),
    "user-agent",
}
"""Headers of HTTP and of the library, which the specification does not list."""
EXAMPLES = Path(__file__).parents[1] / "samples"
REDIRECT = f"/#/widget/shop/t?widget_session_id={SESSION_ID}"


@frozen
class Sent:
    """A request, as its bytes say."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path without the prefix of the base URL."""
        return self.line.split()[1].partition("?")[0].removeprefix("/flexiti/pos-api")

    @property
    def query(self) -> dict[str, str]:
        """The query."""
        return dict(parse_qsl(self.line.split()[1].partition("?")[2], strict_parsing=True))

    def values(self, endpoint: Endpoint) -> dict[tuple[str, str], Any]:
        """Return the parameters that the bytes have, by place and name."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", endpoint.path)
        filled = re.fullmatch(pattern, self.path)
        assert filled is not None, self.line
        form = self.headers.get("content-type") == "application/x-www-form-urlencoded"
        text = self.body.decode()
        places: dict[str, dict[str, Any]] = {
            "header": {name: v for name, v in self.headers.items() if name not in OURS},
            "path": {name: unquote(value) for name, value in filled.groupdict().items()},
            "query": self.query if "?" in self.line else {},
            "form": dict(parse_qsl(text, strict_parsing=True)) if form else {},
            "body": _flat(json.loads(text, parse_float=Decimal)) if text and not form else {},
        }
        return {(place, name): v for place, names in places.items() for name, v in names.items()}


def _flat(value: object, prefix: str = "") -> dict[str, Any]:
    """Return the values of a JSON document by their dotted names; of a list, of its members."""
    if isinstance(value, dict):
        members = cast("dict[str, object]", value).items()
        inner = [_flat(one, f"{prefix}.{name}" if prefix else name) for name, one in members]
    elif isinstance(value, list):
        inner = [_flat(one, prefix) for one in cast("list[object]", value)]
    else:
        return {prefix: value}
    return {name: one for names in inner for name, one in names.items()}


@define
class Socket:
    """A server that keeps the bytes of each request, and answers with the least."""

    url: str = ""
    sent: list[Sent] = field(factory=list[Sent])
    issued: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, keep it, answer, and close."""
        head = await reader.readuntil(b"\r\n\r\n")
        line, *lines = head.decode("ascii").rstrip("\r\n").split("\r\n")
        headers = dict(one.split(": ", 1) for one in lines)
        headers = {name.lower(): value for name, value in headers.items()}
        assert len(lines) == len(headers)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.sent.append(Sent(line, headers, body))
        answer = self._answer(line)
        writer.write(
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n"
            + f"content-length: {len(answer)}\r\n\r\n".encode()
            + answer
        )
        await writer.drain()
        writer.close()

    def _answer(self, line: str) -> bytes:
        if "/oauth/token" in line:
            self.issued += 1
            grant = {
                "token_type": "bearer",
                "access_token": f"{self.issued:040x}",
                "refresh_token": f"{self.issued:039x}f",
                "expires_in": 1200,
            }
            return json.dumps(grant).encode()
        if "/widget/init" in line:
            return json.dumps({"redirection_url": self.url + REDIRECT}).encode()
        lists = ("/search", "/authorizations", "/captures")
        return b"[]" if any(name in line for name in lists) else b"{}"


@pytest.fixture
async def socket() -> AsyncIterator[Socket]:
    """Run the server."""
    socket = Socket()
    running = await asyncio.start_server(socket.handle, "127.0.0.1", 0)
    async with running:
        host, port = running.sockets[0].getsockname()[:2]
        socket.url = f"http://{host}:{port}/flexiti/pos-api"
        yield socket


def configured(socket: Socket, **options: Any) -> FlexitiConfig:
    """Return the configuration of a session."""
    return FlexitiConfig(
        client_id="shop",
        client_secret="5ecret",
        base_url=socket.url,
        store=MemoryStore(),
        retries=0,
        **PATIENT,
        **options,
    )


def fits(parameter: Parameter, value: object) -> bool:
    """Whether a value on the wire is of the type of the table."""
    if parameter.kind == "boolean":
        return isinstance(value, bool)
    if parameter.kind == "number" and parameter.place == "body":
        digits = len(re.sub(r"\D", "", str(value)))
        whole_or_exact = isinstance(value, int | Decimal) and not isinstance(value, bool)
        return whole_or_exact and digits <= (parameter.most or digits)
    if not isinstance(value, str) or len(value) > (parameter.most or len(value)):
        return False
    if parameter.kind == "number":
        return value.isdigit()
    if parameter.words == ("YYYY-MM-DD",):
        return re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is not None
    return not parameter.words or value in parameter.words


def misfits(endpoint: Endpoint, sent: Sequence[Sent]) -> list[tuple[str, object]]:
    """Return the parameters on the wire that are not of the table, or not of its type."""
    rows = {(one.place, one.name): one for one in endpoint.parameters}
    values = [item for one in sent for item in one.values(endpoint).items()]
    return [
        (".".join(row), value)
        for row, value in values
        if row not in rows or not fits(rows[row], value)
    ]


def missing(endpoint: Endpoint, sent: Sequence[Sent]) -> set[tuple[str, str]]:
    """Return the parameters of the table that no request has."""
    rows = {(one.place, one.name) for one in endpoint.parameters}
    return rows.difference(*(one.values(endpoint) for one in sent))


async def make(flexiti: FlexitiSession, call: BaseCall[object], key: str) -> None:
    """Make a call, under an idempotency key if it moves money."""
    if isinstance(call, OperationCall):
        await flexiti.operations.run(call, idempotency_key=key)
    else:
        assert isinstance(call, Call)
        await flexiti.send(call)


def test_every_endpoint_is_in_the_table() -> None:
    """The table and the samples have all endpoints of the specification."""
    assert ENDPOINTS.keys() == NAMES
    assert SAMPLES.keys() | {"oauth/token"} == NAMES


@pytest.mark.parametrize("name", sorted(SAMPLES))
async def test_bytes(name: str, socket: Socket) -> None:
    """Every parameter of the table is sent, in its place and type, and no other."""
    endpoint = ENDPOINTS[name]
    async with FlexitiSession(configured(socket)) as flexiti:
        for number, sample in enumerate(SAMPLES[name]):
            await make(flexiti, sample.call(), f"{name}-{number}")
    sent = [one for one in socket.sent if "/oauth/token" not in one.line]
    types = {one.headers["content-type"] for one in sent if one.body}

    assert {endpoint.method} == {one.line.split()[0] for one in sent}
    assert (set(), []) == (missing(endpoint, sent), misfits(endpoint, sent))
    assert types <= {"application/json"}
    assert not any("content-type" in one.headers for one in sent if not one.body)


async def test_bytes_of_a_token_request(socket: Socket) -> None:
    """Both grants are forms with the parameters of the table, and nothing in the URL."""
    endpoint, clock = ENDPOINTS["oauth/token"], ManualClock()
    async with FlexitiSession(configured(socket), clock=clock) as flexiti:
        await flexiti.token()
        clock.advance(1175.0)
        await flexiti.token()
    grants = [one.values(endpoint)["form", "grant_type"] for one in socket.sent]

    assert ["client_credentials", "refresh_token"] == grants
    assert (set(), []) == (missing(endpoint, socket.sent), misfits(endpoint, socket.sent))
    assert not any("?" in one.line for one in socket.sent)


async def test_a_log_in_without_credentials_can_be_a_prerequisite(socket: Socket) -> None:
    """With `merchants_login="always"` and no name, a token is logged in before its first use."""
    async with FlexitiSession(configured(socket, merchants_login="always")) as flexiti:
        await make(flexiti, SAMPLES["widget/init"][1].call(), "")
    paths = [
        one.path.removeprefix("/v2.5/").rpartition("client-id/shop/")[2] for one in socket.sent
    ]

    assert ["oauth/token", "merchants/login", "widget/init"] == paths
    assert b"{}" == socket.sent[1].body


@pytest.mark.parametrize("name", ["close", "authorization/release", "i18n", "information"])
async def test_an_empty_post_has_no_content_type(name: str, socket: Socket) -> None:
    """A POST without a body names no content type, and a length of zero."""
    sample = SAMPLES[name][0]
    given = {key: value for key, value in sample.given.items() if key != "amount"}
    async with FlexitiSession(configured(socket)) as flexiti:
        await make(flexiti, sample.make(**given), name)
    last = socket.sent[-1]

    assert ("POST", b"", "0") == (last.line.split()[0], last.body, last.headers["content-length"])
    assert "content-type" not in last.headers


@pytest.mark.parametrize("name", ["apply", "buy"])
async def test_the_examples_of_the_start_page_go_through_to_the_letter(
    name: str, socket: Socket
) -> None:
    """Their values, given to the models, leave the socket as the examples without their blanks."""
    example: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    person = example["customer_identification"].pop("personal_information")
    given = {**example["customer_identification"], **person, **example}
    del given["customer_identification"]
    model = {"apply": ApplyWidget, "purchase": PurchaseWidget}[given.pop("flow")]
    async with FlexitiSession(configured(socket)) as flexiti:
        await flexiti.init_widget(model(**given))
    text = (EXAMPLES / f"{name}.json").read_text()

    assert json.dumps(json.loads(text), separators=(",", ":")).encode() == socket.sent[-1].body
