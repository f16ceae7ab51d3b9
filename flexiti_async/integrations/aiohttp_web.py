"""
aiohttp.web: the session under a typed key of the application, and problem details for our errors.

```python
app = web.Application()
setup(app)


async def pay(request: web.Request) -> web.Response:
    checkout = await request.app[FLEXITI].checkout("order-9")
```

With nested applications, call `setup` on the outer one; handlers of an inner one read
`request.config_dict[FLEXITI]`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

from aiohttp import web

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.serving import open_session, report_problem
from flexiti_async.session import FlexitiSession

__all__ = ["FLEXITI", "problems_middleware", "setup"]

FLEXITI: web.AppKey[FlexitiSession] = web.AppKey("flexiti", FlexitiSession)
"""Key of the session, from start-up to clean-up."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def setup(
    app: web.Application,
    config: FlexitiConfig | None = None,
    *,
    listeners: Iterable[Listener] = (),
) -> None:
    """
    Open a session when an application starts, close it when it stops, and handle our errors.

    Args:
        app: The application, before it is started.
        config: Configuration of the session; by default the environment, read at start-up.
        listeners: Listeners for the events of the session.
    """

    async def run(starting: web.Application) -> AsyncGenerator[None, None]:
        async with open_session(config, listeners=listeners) as session:
            starting[FLEXITI] = session
            yield

    app.cleanup_ctx.append(run)
    app.middlewares.append(problems_middleware)


@web.middleware
async def problems_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return errors of this library as problem details."""
    try:
        return await handler(request)
    except FlexitiError as error:
        problem = report_problem(error, request.headers.get("accept-language"))
    return web.Response(body=problem.json(), status=problem.status, headers=problem.headers)
