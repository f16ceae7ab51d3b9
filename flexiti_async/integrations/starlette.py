"""
Starlette: a lifespan, the session of a request, and problem details for our errors.

```python
app = Starlette(routes=routes, lifespan=lifespan())
add_problem_handler(app)


async def pay(request: Request) -> Response:
    checkout = await flexiti_of(request).checkout("order-9")
```

An application with a lifespan of its own opens the session there, and yields it under `KEY`:

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
from flexiti_async.integrations.serving import KEY, open_session, report_problem, require_session
from flexiti_async.session import FlexitiSession

__all__ = [
    "KEY",
    "add_problem_handler",
    "flexiti_of",
    "lifespan",
    "open_session",
    "problem_response",
]

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[Mapping[str, object]]]


def lifespan(
    config: FlexitiConfig | None = None, *, listeners: Iterable[Listener] = ()
) -> Lifespan:
    """
    Return a lifespan that opens one session per process of the server, and closes it.

    Args:
        config: Configuration of the session; by default the environment, read at start-up.
        listeners: Listeners for the events of the session.
    """

    @asynccontextmanager
    async def run(_: Starlette) -> AsyncGenerator[Mapping[str, object], None]:
        async with open_session(config, listeners=listeners) as session:
            yield {KEY: session}

    return run


def flexiti_of(connection: HTTPConnection) -> FlexitiSession:
    """
    Return the session of the application that serves a request.

    Raises:
        NotOpenError: No session is open.
    """
    found: object = getattr(connection.state, KEY, None)
    return require_session(
        found, "pass lifespan=lifespan() to it, and use a server that runs lifespans"
    )


async def problem_response(request: Request, error: Exception) -> Response:
    """Return the problem details of an error of this library; raise any other error again."""
    if not isinstance(error, FlexitiError):
        raise error
    problem = report_problem(error, request.headers.get("accept-language"))
    return Response(problem.json(), problem.status, problem.headers)


def add_problem_handler(app: Starlette) -> None:
    """Return errors of this library as problem details, everywhere in an application."""
    app.add_exception_handler(FlexitiError, problem_response)
