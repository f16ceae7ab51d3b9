"""
aiohttp.web: the session under a typed key of the application, and problem details for our errors.

```python
from aiohttp import web

from flexiti_async.integrations.aiohttp_web import FLEXITI, setup


async def pay(request: web.Request) -> web.Response:
    checkout = await request.app[FLEXITI].checkout("order-9")
    return web.json_response({"step": checkout.step})


app = web.Application()
app.router.add_post("/pay", pay)
setup(app)
```

With nested applications, call `setup` on the outer one; handlers of an inner one use
`flexiti_of(request)`. Several merchants have a name each: `setup(app, north, name="north")`, and
`flexiti_of(request, name="north")`.
"""

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextvars import ContextVar
from typing import Final

from aiohttp import WSCloseCode, web

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import ConfigError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.groups import answerable
from flexiti_async.integrations.serving import (
    KEY,
    SetUp,
    checked_name,
    log_unanswered,
    refuse_other,
    report_problem,
    require_session,
    taken,
)
from flexiti_async.session import FlexitiSession

__all__ = ["FLEXITI", "flexiti_of", "key_of", "problems_middleware", "setup"]

FLEXITI: web.AppKey[FlexitiSession] = web.AppKey(KEY, FlexitiSession)
"""Key of the session, from start-up to clean-up."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_NAMES: Final[web.AppKey[set[str]]] = web.AppKey("flexiti.names", set)
_begun: Final[ContextVar[list[web.StreamResponse]]] = ContextVar("flexiti.begun")
"""The response of the current request, once its headers are written."""


def key_of(name: str = KEY) -> web.AppKey[FlexitiSession]:
    """
    Return the key of the session of a name, the same one each time.

    Raises:
        ConfigError: It is no name of a session.
    """
    return _key_of(checked_name(name))


@functools.cache
def _key_of(name: str) -> web.AppKey[FlexitiSession]:
    return FLEXITI if name == KEY else web.AppKey(name, FlexitiSession)


def flexiti_of(request: web.Request, *, name: str = KEY) -> FlexitiSession:
    """
    Return a session of the application that serves a request, or of one around it.

    Raises:
        NotOpenError: No session is open under this name.
        ConfigError: An argument is of another type.
    """
    refuse_other("request", request, web.Request, "a request of aiohttp.web")
    found = request.config_dict.get(key_of(name))
    return require_session(found, name, "call setup(app), and start the application")


def setup(
    app: web.Application,
    config: FlexitiConfig | None = None,
    *,
    listeners: Iterable[Listener] = (),
    name: str = KEY,
) -> None:
    """
    Open a session when an application starts, close it when it stops, and handle our errors.

    Errors after the response has begun are logged and raised on; a WebSocket is closed with 1011.

    Args:
        app: The application, before it is started.
        config: Configuration of the session; by default the environment, read at start-up.
        listeners: Listeners for the events of the session.
        name: Name of the session, where an application has several.

    Raises:
        ConfigError: An argument is of another type, the name is set up already, or the application
            has been started.
    """
    refuse_other("app", app, web.Application, "an application of aiohttp.web")
    if app.frozen:
        msg = "app has been started: call setup(app) where it is created"
        raise ConfigError(msg, option="app")
    set_up = SetUp.of(config, listeners, name)
    if _NAMES not in app:
        app[_NAMES] = set()
        app.middlewares.append(problems_middleware)
        app.on_response_prepare.append(_remember_response)
    if name in app[_NAMES]:
        raise taken(name)
    app[_NAMES].add(name)

    async def run(starting: web.Application) -> AsyncGenerator[None, None]:
        async with set_up.open() as session:
            starting[key_of(name)] = session
            yield

    app.cleanup_ctx.append(run)


async def _remember_response(_: web.Request, response: web.StreamResponse) -> None:
    _begun.get([]).append(response)


@web.middleware
async def problems_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return errors of this library, and groups of them, as problem details; `setup` adds it."""
    begun: list[web.StreamResponse] = []
    outer = _begun.set(begun)
    try:
        return await handler(request)
    except Exception as error:
        if not answerable(error):
            log_unanswered(error, "raised on, together with an error of others")
            raise
        if begun:
            response = begun[0]
            if isinstance(response, web.WebSocketResponse):
                log_unanswered(error, f"closed a WebSocket with {WSCloseCode.INTERNAL_ERROR}")
                await response.close(code=WSCloseCode.INTERNAL_ERROR)
                return begun[0]
            log_unanswered(error, "raised on, the response had begun")
            raise
        problem = report_problem(error, request.headers.get("accept-language"))
    finally:
        _begun.reset(outer)
    return web.Response(body=problem.json(), status=problem.status, headers=problem.headers)
