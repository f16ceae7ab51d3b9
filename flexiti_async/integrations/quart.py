"""
Quart: the session of the application, and problem details for our errors.

```python
app = Quart(__name__)
setup(app)


@app.post("/pay")
async def pay() -> dict[str, str]:
    checkout = await flexiti_of(current_app).checkout("order-9")
```
"""

from collections.abc import AsyncGenerator, Iterable

from quart import Quart, Response, request

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.serving import KEY, open_session, report_problem, require_session
from flexiti_async.session import FlexitiSession

__all__ = ["flexiti_of", "problem_response", "setup"]


def setup(
    app: Quart, config: FlexitiConfig | None = None, *, listeners: Iterable[Listener] = ()
) -> None:
    """
    Open a session before an application serves, close it afterwards, and handle our errors.

    Args:
        app: The application, before it is started.
        config: Configuration of the session; by default the environment, read at start-up.
        listeners: Listeners for the events of the session.
    """

    @app.while_serving
    async def run() -> AsyncGenerator[None, None]:
        async with open_session(config, listeners=listeners) as session:
            app.extensions[KEY] = session
            yield

    app.register_error_handler(FlexitiError, problem_response)


def flexiti_of(app: Quart) -> FlexitiSession:
    """
    Return the session of an application, which is `current_app` in a request.

    Raises:
        NotOpenError: No session is open.
    """
    found: object = app.extensions.get(KEY)
    return require_session(found, "call setup(app), and start the application")


async def problem_response(error: FlexitiError) -> Response:
    """Return the problem details of an error as a response."""
    problem = report_problem(error, request.headers.get("accept-language"))
    return Response(problem.json(), problem.status, dict(problem.headers))
