"""
Starlette: a lifespan, the session of a request, and problem details for our errors.

```python
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from flexiti_async.integrations.starlette import add_problem_handler, flexiti_of, lifespan


async def pay(request: Request) -> JSONResponse:
    checkout = await flexiti_of(request).checkout("order-9")
    return JSONResponse({"step": checkout.step})


app = Starlette(routes=[Route("/pay", pay, methods=["POST"])], lifespan=lifespan())
add_problem_handler(app)
```

An application with a lifespan of its own passes it on, as `lifespan(inner=own)`; or it opens the
session there, and yields it under `KEY`:

```python
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flexiti_async.integrations.starlette import KEY, open_session


@asynccontextmanager
async def own(app: Starlette) -> AsyncIterator[dict[str, object]]:
    async with open_session() as flexiti:
        yield {KEY: flexiti, "database": "open"}
```

Several merchants have a name each: `lifespan(north, name="north", inner=lifespan(south,
name="south"))`, and `flexiti_of(request, name="north")`.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import ConfigError, FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.asgi import AsgiProblems, Receive, Scope, Send
from flexiti_async.integrations.groups import answerable
from flexiti_async.integrations.serving import (
    KEY,
    SetUp,
    checked_name,
    open_session,
    raise_on,
    refuse_other,
    report_problem,
    require_session,
    taken,
    without_name,
)
from flexiti_async.session import FlexitiSession

__all__ = [
    "KEY",
    "add_problem_handler",
    "flexiti_of",
    "lifespan",
    "open_session",
    "problem_response",
]

Lifespan = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any] | None]]


def lifespan(
    config: FlexitiConfig | None = None,
    *,
    listeners: Iterable[Listener] = (),
    name: str = KEY,
    inner: Lifespan | None = None,
) -> Callable[[Starlette], AbstractAsyncContextManager[Mapping[str, object]]]:
    """
    Return a lifespan that opens one session per process of the server, and closes it.

    Args:
        config: Configuration of the session; by default the environment, read at start-up.
        listeners: Listeners for the events of the session.
        name: Name of the session, where an application has several: its key in the state.
        inner: Another lifespan, which runs while the session is open: the shop's own, or one for a
            second session.

    Raises:
        ConfigError: An argument is of another type. The start fails with it if `inner` yields the
            same name.
    """
    set_up = SetUp.of(config, listeners, name)
    if inner is not None and not callable(inner):
        msg = f"inner must be a lifespan, a function of the application, not {type(inner).__name__}"
        raise ConfigError(msg, option="inner")

    @asynccontextmanager
    async def run(app: Starlette) -> AsyncGenerator[Mapping[str, object], None]:
        async with set_up.open() as session:
            if inner is None:
                yield {name: session}
                return
            async with inner(app) as state:
                if name in (state or {}):
                    raise taken(name)
                yield {**(state or {}), name: session}

    return run


@without_name
def flexiti_of(connection: HTTPConnection, *, name: str = KEY) -> FlexitiSession:
    """
    Return a session of the application that serves a request or a WebSocket.

    Args:
        connection: The request, or the WebSocket.
        name: Name of the session; not a parameter of a dependency, because customers could set it.

    Raises:
        NotOpenError: No session is open under this name.
        ConfigError: An argument is of another type.
    """
    refuse_other("connection", connection, HTTPConnection, "a request or a WebSocket")
    found: object = getattr(connection.state, checked_name(name), None)
    return require_session(
        found, name, "pass lifespan=lifespan() to it, and use a server that runs lifespans"
    )


async def problem_response(request: HTTPConnection, error: Exception) -> Response:
    """
    Return the problem details of an error of this library, or of a group of such errors.

    Raises:
        Exception: The error, if it is another one, or of a WebSocket, which has no response.
        ConfigError: `request` is of another type.
    """
    refuse_other("request", request, HTTPConnection, "a request or a WebSocket")
    if not isinstance(request, Request) or not answerable(error):
        raise_on(error)
    problem = report_problem(error, request.headers.get("accept-language"))
    return Response(problem.json(), problem.status, problem.headers)


def add_problem_handler(app: Starlette) -> None:
    """
    Return errors of this library as problem details, everywhere in an application.

    That includes applications that it mounts, until the first request or the lifespan, and groups
    of errors. Errors after the response has begun are logged and raised on; a WebSocket is closed
    with 1011. Handlers that the shop has set for these errors stay.

    Raises:
        ConfigError: It is not an application, or it serves already.
    """
    refuse_other("app", app, Starlette, "an application of Starlette or FastAPI")
    if app.middleware_stack is not None:
        msg = "app serves already: call add_problem_handler(app) where it is created"
        raise ConfigError(msg, option="app")
    _add_handlers(app)
    app.add_middleware(_Problems)


class _Problems(AsgiProblems):
    """The middleware, which adds handlers to mounted applications when the first scope comes."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - an ASGI application, as Starlette types it
        super().__init__(app)
        self._walked = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a WebSocket or the lifespan."""
        if not self._walked:
            self._walked = True
            for mounted in _mounted(scope["app"], set()):
                _add_handlers(mounted)
        await super().__call__(scope, receive, send)


def _add_handlers(app: Starlette) -> None:
    for kind in (FlexitiError, ExceptionGroup):
        app.exception_handlers.setdefault(kind, problem_response)


def _mounted(app: object, seen: set[int]) -> Iterable[Starlette]:
    """Yield the applications that one mounts, also within mounts and behind their middlewares."""
    seen.add(id(app))
    for route in cast("Iterable[object]", getattr(app, "routes", ())):
        inner: object = getattr(route, "app", None)
        while inner is not None and not hasattr(inner, "routes"):
            inner = getattr(inner, "app", None)
        if isinstance(inner, Starlette):
            yield inner
        if inner is not None and id(inner) not in seen:
            yield from _mounted(inner, seen)
