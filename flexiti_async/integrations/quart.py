"""
Quart: the session of the application, and problem details for our errors.

```python
from quart import Quart, current_app

from flexiti_async.integrations.quart import flexiti_of, setup

app = Quart(__name__)
setup(app)


@app.post("/pay")
async def pay() -> dict[str, str]:
    checkout = await flexiti_of(current_app).checkout("order-9")
    return {"step": checkout.step}
```

Several merchants have a name each: `setup(app, north, name="north")`, and
`flexiti_of(current_app, name="north")`.
"""

from collections.abc import AsyncGenerator, Iterable
from typing import cast

from quart import Quart, Response, has_request_context, has_websocket_context, request, websocket

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.asgi import Application, AsgiProblems, Connection
from flexiti_async.integrations.groups import answerable
from flexiti_async.integrations.serving import (
    KEY,
    SetUp,
    checked_name,
    raise_on,
    refuse_other,
    report_problem,
    require_session,
    taken,
)
from flexiti_async.session import FlexitiSession

__all__ = ["flexiti_of", "problem_response", "setup"]

_SET_UP = "flexiti.set_up"
"""Key of the names that are set up, in the extensions of an application."""


def setup(
    app: Quart,
    config: FlexitiConfig | None = None,
    *,
    listeners: Iterable[Listener] = (),
    name: str = KEY,
) -> None:
    """
    Open a session before an application serves, close it afterwards, and handle our errors.

    Errors after the response has begun are logged and raised on; a WebSocket is closed with 1011.

    Args:
        app: The application, before it is started.
        config: Configuration of the session; by default the environment, read at start-up.
        listeners: Listeners for the events of the session.
        name: Name of the session, where an application has several.

    Raises:
        ConfigError: An argument is of another type, or the name is set up already.
    """
    # `current_app` is a proxy, which passes for the application.
    refuse_other("app", app, Quart, "an application of Quart")
    set_up = SetUp.of(config, listeners, name)
    names: set[str] = app.extensions.setdefault(_SET_UP, set())
    if name in names or name in app.extensions:
        raise taken(name)

    @app.while_serving
    async def run() -> AsyncGenerator[None, None]:
        async with set_up.open() as session:
            app.extensions[name] = session
            yield

    if not names:
        app.register_error_handler(FlexitiError, problem_response)
        app.register_error_handler(ExceptionGroup, problem_response)
        inner = cast("Application", app.asgi_app)
        app.asgi_app = AsgiProblems(inner)  # type: ignore[method-assign, assignment]
    names.add(name)


def flexiti_of(app: Quart, *, name: str = KEY) -> FlexitiSession:
    """
    Return a session of an application, which is `current_app` in a request.

    Raises:
        NotOpenError: No session is open under this name.
        ConfigError: An argument is of another type.
    """
    refuse_other("app", app, Quart, "an application of Quart")
    found: object = app.extensions.get(checked_name(name))
    return require_session(found, name, "call setup(app), and start the application")


async def problem_response(error: Exception) -> Response:
    """
    Return the problem details of an error of this library, or of a group of such errors.

    Raises:
        Exception: The error, if it is another one.
    """
    if not answerable(error):
        raise_on(error)
    if has_websocket_context():
        connection = Connection.of(cast("dict[str, object]", websocket.scope))
        if connection is None:  # without setup()
            raise error
        await connection.answered(error)
        return Response(b"")  # goes nowhere: the WebSocket is closed
    language = request.headers.get("accept-language") if has_request_context() else None
    problem = report_problem(error, language)
    return Response(problem.json(), problem.status, dict(problem.headers))
