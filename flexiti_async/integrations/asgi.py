"""
Errors that reach an ASGI server past the handlers of a framework: late ones, and of WebSockets.

A handler answers an error with a response. It cannot once the response has begun, in a stream or a
background task, and a WebSocket has none: frameworks then raise on, or close with a code of their
own, and nobody logs what happened. `AsgiProblems` is the middleware that does, in every framework
for ASGI.
"""

import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from flexiti_async.integrations.groups import answerable
from flexiti_async.integrations.serving import log_unanswered, report_problem

__all__ = ["Application", "AsgiProblems", "Connection", "Message", "Receive", "Scope", "Send"]

Scope: TypeAlias = MutableMapping[str, Any]  # as in ASGI
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_CONNECTION: Final = "flexiti.connection"
"""Key of the `Connection` in a scope."""
_INTERNAL_ERROR: Final = 1011
"""Code that closes a WebSocket (RFC 6455 section 7.4.1)."""


class Connection:
    """
    One request or WebSocket, and how far its response is.

    Args:
        scope: Its scope.
        send: Sends to the server.
    """

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._begun = self._ended = self._failed = False

    @staticmethod
    def of(scope: MutableMapping[str, Any]) -> "Connection | None":
        """Return the one of a scope; None outside of `AsgiProblems`."""
        found: object = scope.get(_CONNECTION)
        return found if isinstance(found, Connection) else None

    async def send(self, message: Message) -> None:
        """Send a message of the application, unless a WebSocket was closed for an error."""
        if self._failed:
            return
        self._begun = self._begun or message["type"] == "http.response.start"
        self._ended = self._ended or message["type"] == "websocket.close"
        await self._send(message)

    async def answered(self, error: Exception) -> bool:
        """
        Log an error, and end the connection for it: by problem details, or by closing a WebSocket.

        Returns:
            Whether it ended. False once a response has begun, and for errors of others: they are
            to be raised on.
        """
        # Starlette and Litestar wrap an error that comes too late for their handlers.
        late = error.__cause__ if self._begun and not answerable(error) else None
        error = late if isinstance(late, Exception) else error
        if not answerable(error):
            log_unanswered(error, "raised on, together with an error of others")
        elif self._scope["type"] == "websocket":
            log_unanswered(error, f"closed a WebSocket with {_INTERNAL_ERROR}")
            await self._close()
            return True
        elif self._begun:
            log_unanswered(error, "raised on, the response had begun")
        else:
            await self._respond(error)
            return True
        return False

    async def _close(self) -> None:
        self._failed = True
        if not self._ended:
            # The client may have closed it meanwhile, which each server reports in its own way.
            with contextlib.suppress(Exception):
                await self._send({"type": "websocket.close", "code": _INTERNAL_ERROR})

    async def _respond(self, error: Exception) -> None:
        headers = {name.lower(): value for name, value in self._scope["headers"]}
        preferred: bytes = headers.get(b"accept-language", b"")
        problem = report_problem(error, preferred.decode("latin-1"))
        lines = [(name.lower().encode(), text.encode()) for name, text in problem.headers.items()]
        start = {"type": "http.response.start", "status": problem.status, "headers": lines}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": problem.json()})


class AsgiProblems:
    """
    An ASGI middleware for the errors of this library that an application raises.

    Before a response begins they are answered with problem details; afterwards they are logged, and
    raised on; a WebSocket is closed with 1011. Other errors pass.

    Args:
        app: The application.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a WebSocket or the lifespan."""
        if scope["type"] not in {"http", "websocket"} or Connection.of(scope) is not None:
            await self._app(scope, receive, send)
            return
        connection = scope[_CONNECTION] = Connection(scope, send)
        try:
            await self._app(scope, receive, connection.send)
        except Exception as error:
            if not await connection.answered(error):
                raise
