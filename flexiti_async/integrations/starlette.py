"""
Starlette: a lifespan, the session of a request, and an answer to our errors.

```python
app = Starlette(routes=routes, lifespan=lifespan())
answer_errors(app)


async def pay(request: Request) -> Response:
    checkout = await flexiti_of(request).checkout()
```

An application that has a lifespan of its own opens the session in it, and yields it under `KEY`:

```python
async with open_session() as flexiti:
    yield {KEY: flexiti, "database": database}
```
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.serving import KEY, open_session, tell, the_session
from flexiti_async.session import FlexitiSession

__all__ = ["KEY", "answer_errors", "answer_problem", "flexiti_of", "lifespan", "open_session"]

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[Mapping[str, object]]]


def lifespan(
    config: FlexitiConfig | None = None, *, listeners: Iterable[Listener] = ()
) -> Lifespan:
    """
    Make a lifespan that opens one session in each process of the server, and closes it.

    Args:
        config: What the session is told; by default the environment, read at start-up.
        listeners: Told what happens.
    """

    @asynccontextmanager
    async def run(_: Starlette) -> AsyncGenerator[Mapping[str, object], None]:
        async with open_session(config, listeners=listeners) as session:
            yield {KEY: session}

    return run


def flexiti_of(connection: HTTPConnection) -> FlexitiSession:
    """
    Give the session of the application that serves a request.

    Raises:
        NotOpenError: There is none.
    """
    found: object = getattr(connection.state, KEY, None)
    return the_session(found, "give it lifespan=lifespan(), and a server that runs lifespans")


async def answer_problem(request: Request, error: Exception) -> Response:
    """Answer an error of this library with its problem; raise any other again."""
    if not isinstance(error, FlexitiError):
        raise error
    problem = tell(error, request.headers.get("accept-language"))
    return Response(problem.json(), problem.status, problem.headers)


def answer_errors(app: Starlette) -> None:
    """Answer errors of this library with their problems, in all of an application."""
    app.add_exception_handler(FlexitiError, answer_problem)
