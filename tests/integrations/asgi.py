"""A server of ASGI applications in a test: their lifespan and their requests, without a socket."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen

Message = MutableMapping[str, Any]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


@frozen
class Answer:
    """Response of an application."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever it holds
        """Parsed JSON body."""
        return json.loads(self.body)


class StartupFailedError(Exception):
    """The application failed to start."""


@frozen
class Server:
    """
    An application that has been started.

    Attributes:
        app: The application.
        state: State that its lifespan provides to requests.
    """

    app: Asgi
    state: dict[str, Any]

    async def post(self, path: str, *, query: str = "", **headers: str) -> Answer:
        """Send a request, and return the response."""
        sent: list[Message] = []
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (b"host", b"127.0.0.1"),
                *(
                    (name.replace("_", "-").encode(), each.encode())
                    for name, each in headers.items()
                ),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": dict(self.state),
            "extensions": {},
        }
        asked, answered = asyncio.Event(), asyncio.Event()

        async def receive() -> Message:
            if asked.is_set():
                await answered.wait()  # the client stays connected until it has the whole response
                return {"type": "http.disconnect"}
            asked.set()
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        await self.app(scope, receive, send)
        start = sent[0]
        return Answer(
            start["status"],
            {name.decode().lower(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in sent[1:]),
        )


@asynccontextmanager
async def started(app: Asgi) -> AsyncGenerator[Server, None]:
    """Run the lifespan of an application around the block."""
    received: asyncio.Queue[Message] = asyncio.Queue()
    sent: asyncio.Queue[Message] = asyncio.Queue()
    state: dict[str, Any] = {}
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
    living = asyncio.ensure_future(app(scope, received.get, sent.put))
    await received.put({"type": "lifespan.startup"})
    try:
        if (await sent.get())["type"] != "lifespan.startup.complete":
            raise StartupFailedError
        yield Server(app, state)
        await received.put({"type": "lifespan.shutdown"})
        assert "lifespan.shutdown.complete" == (await sent.get())["type"]
    finally:
        await living
