"""
The other side of most benchmarks: a server of ready bytes, in a process of its own.

It is the least that a client takes for Flexiti: oauth/token and widget/init, always with the same
answers, so that the client alone is measured. It counts requests, and can be made slow, made to
fail, or made to hold its answers back until they are released.
"""

import asyncio
import json
import re
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

from attrs import define, field

from benchmarks.harness.children import Child, Details, obey, run
from benchmarks.harness.target import Target

__all__ = ["TOKEN", "WIDGET", "running_server", "steer"]

TOKEN: Final = "token"  # noqa: S105 - the name of an endpoint
WIDGET: Final = "widget"
_CONTROL: Final = b"POST /control "
_BASE_PATH: Final = "/flexiti/pos-api"
_ACCESS_TOKEN: Final = "bench-access-token-0123456789abcdef0123456789abcdef"  # noqa: S105
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LONGEST_HOLD: Final = 3.0
"""Seconds after which answers come in any case: a client that blocks its loop cannot ask for it."""
_PATIENCE: Final = 30.0
"""Seconds in which the server has to answer an order."""
_BACKLOG: Final = 16384
_HEADERS: Final = 2
"""Headers of an answer, at least."""


def _answer(status: str, body: object, *more: str) -> bytes:
    text = json.dumps(body, separators=(",", ":")).encode()
    headers = ("content-type: application/json", f"content-length: {len(text)}", *more)
    head = "\r\n".join((f"HTTP/1.1 {status}", *headers))
    return head.encode() + b"\r\n\r\n" + text


def _widget_answer(origin: str, headers: int) -> bytes:
    more = (f"x-header-{number}: 0123456789abcdef" for number in range(headers - _HEADERS))
    url = (
        f"{origin}/#/widget/bench/{_ACCESS_TOKEN}?lang=en"
        "&x-reference-id=0123456789abcdef0123456789abcdef"
        "&widget_session_id=fedcba9876543210fedcba9876543210"
    )
    return _answer("200 OK", {"redirection_url": url}, *more)


_REFRESH_TOKEN: Final = re.compile(rb"refresh_token=([\w-]+)")
_REPLAYED: Final = _answer("400 Bad Request", {"error": "invalid_grant", "message": "replayed"})
_DOWN: Final = _answer("503 Service Unavailable", {"error": "general_error", "message": "down"})


@define
class _State:
    """Requests so far, and how to answer the next ones."""

    widget_answer: bytes
    counts: Counter[str] = field(factory=Counter[str])
    held: frozenset[str] = frozenset()
    waiting: list[Callable[[], None]] = field(factory=list[Callable[[], None]])
    first_answer: float | None = None
    expires_in: int = 1200
    token_latency: float = 0.0
    down: bool = False
    token_times: list[float] = field(factory=list[float])
    _issued: int = 0
    _spent: set[bytes] = field(factory=set[bytes])
    _patience: asyncio.TimerHandle | None = None

    def set(self, orders: Details) -> Details:
        """Apply new settings, and return the counts so far."""
        if orders.pop("reset", False):
            self.counts.clear()
            self.token_times.clear()
            self.first_answer = None
        if "hold" in orders:
            self._hold(frozenset(orders.pop("hold")))
        for name, value in orders.items():
            setattr(self, name, value)
        return {
            "requests": dict(self.counts),
            "waiting": len(self.waiting),
            "first_answer": self.first_answer,
            "token_times": self.token_times,
        }

    def _hold(self, endpoints: frozenset[str]) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        self.held = endpoints
        if TOKEN in endpoints:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(_LONGEST_HOLD, self.release)
        if not endpoints:
            self.release()

    def release(self) -> None:
        """Send the answers that were held back."""
        self.held = frozenset()
        waiting, self.waiting = self.waiting, []
        for send in waiting:
            send()

    def grant(self, form: bytes) -> bytes:
        """Return the answer to a token request; a refresh token is valid once."""
        self.token_times.append(time.monotonic())
        if self.down:
            return _DOWN
        spent = _REFRESH_TOKEN.search(form)
        if spent is not None:
            if spent[1] in self._spent:
                return _REPLAYED
            self._spent.add(spent[1])
        self._issued += 1
        number = self._issued
        return _answer(
            "200 OK",
            {
                "access_token": f"{_ACCESS_TOKEN}-{number}",
                "refresh_token": f"bench-refresh-token-{number}",
                "token_type": "bearer",
                "expires_in": self.expires_in,
            },
        )


class _Wire(asyncio.Protocol):
    """A connection of a client."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of no class of asyncio

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(data, 0, end)
            after = end + 4 + (int(length[1]) if length else 0)
            if len(data) < after:
                break
            self._serve(data[:end], data[end + 4 : after])
            data = data[after:]
        self._buffer = data

    def _serve(self, head: bytes, body: bytes) -> None:
        state = self._state
        if head.startswith(_CONTROL):
            self._transport.write(_answer("200 OK", state.set(json.loads(body))))
            return
        endpoint = TOKEN if b"/oauth/token " in head[:200] else WIDGET
        state.counts[endpoint] += 1
        if endpoint == WIDGET:
            answer, delay = state.widget_answer, 0.0
        else:
            answer, delay = state.grant(body), state.token_latency
        if endpoint in state.held:
            state.waiting.append(partial(self._send, endpoint, answer))
        elif delay:
            asyncio.get_running_loop().call_later(delay, self._send, endpoint, answer)
        else:
            self._send(endpoint, answer)

    def _send(self, endpoint: str, answer: bytes) -> None:
        if endpoint == TOKEN and self._state.first_answer is None:
            self._state.first_answer = time.monotonic()
        if not self._transport.is_closing():
            self._transport.write(answer)


async def steer(target: Target, **orders: object) -> Details:
    """
    Change how the server answers, and return what it counted.

    Args:
        target: The server.
        orders: `reset` (bool), `hold` (names of endpoints), `expires_in` and `token_latency`
            (seconds), `down` (bool: the token endpoint answers 503).

    Returns:
        `requests` by endpoint; how many are `waiting`; `token_times`: when token requests came,
        and when the `first_answer` to one was sent, both by the monotonic clock.

    Raises:
        TimeoutError: The server did not answer.
    """
    body = json.dumps(orders).encode()
    head = f"HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n\r\n"
    async with asyncio.timeout(_PATIENCE):
        return await _control(target, _CONTROL + head.encode() + body)


async def _control(target: Target, order: bytes) -> Details:
    parts = urlsplit(target.base_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(order)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = int(answer.partition(b"content-length: ")[2].split()[0])
    state: Details = json.loads(await reader.readexactly(length))
    writer.close()
    return state


@asynccontextmanager
async def running_server(
    *, headers: int = _HEADERS, certificate: Path | None = None
) -> AsyncGenerator[Target]:
    """
    Run the server in a process, and yield the target for clients.

    Args:
        headers: Headers of an answer to widget/init, at least two.
        certificate: A file with its private key and its chain; with it the server speaks TLS.
    """
    options = () if certificate is None else (str(certificate),)
    async with await Child.start("harness.server", str(headers), *options) as child:
        yield Target(base_url=child.ready["base_url"])


async def _main(headers: int, certificate: str | None) -> None:
    tls, scheme = None, "http"
    if certificate is not None:
        tls, scheme = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), "https"
        tls.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
    origin = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    state = _State(_widget_answer(origin, headers))
    server = await asyncio.get_running_loop().create_server(
        lambda: _Wire(state), sock=listener, ssl=tls, backlog=_BACKLOG
    )
    await obey({}, {"base_url": origin + _BASE_PATH})
    server.close()


if __name__ == "__main__":
    run(_main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None), "uvloop")
