"""
aiohttp.web: the session under a typed key of the application, and an answer to our errors.

```python
app = web.Application()
setup(app)


async def pay(request: web.Request) -> web.Response:
    checkout = await request.app[FLEXITI].checkout()
```

With applications in applications: `setup` goes to the outer one, and a handler in an inner one says
`request.config_dict[FLEXITI]`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

from aiohttp import web

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.serving import open_session, tell
from flexiti_async.session import FlexitiSession

__all__ = ["FLEXITI", "answer_problems", "setup"]

FLEXITI: web.AppKey[FlexitiSession] = web.AppKey("flexiti", FlexitiSession)
"""Where the session stands, between start-up and clean-up."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def setup(
    app: web.Application,
    config: FlexitiConfig | None = None,
    *,
    listeners: Iterable[Listener] = (),
) -> None:
    """
    Open a session when an application starts, close it when it ends, and answer our errors.

    Args:
        app: The application, not started yet.
        config: What the session is told; by default the environment, read at start-up.
        listeners: Told what happens.
    """

    async def run(starting: web.Application) -> AsyncGenerator[None, None]:
        async with open_session(config, listeners=listeners) as session:
            starting[FLEXITI] = session
            yield

    app.cleanup_ctx.append(run)
    app.middlewares.append(answer_problems)


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors of this library with their problems."""
    try:
        return await handler(request)
    except FlexitiError as error:
        problem = tell(error, request.headers.get("accept-language"))
    return web.Response(body=problem.json(), status=problem.status, headers=problem.headers)
