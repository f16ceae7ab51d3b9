"""
Quart: the session of the application, and an answer to our errors.

```python
app = Quart(__name__)
setup(app)


@app.post("/pay")
async def pay() -> dict[str, str]:
    checkout = await flexiti_of(current_app).checkout()
```
"""

from collections.abc import AsyncGenerator, Iterable

from quart import Quart, Response, request

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.serving import KEY, open_session, tell, the_session
from flexiti_async.session import FlexitiSession

__all__ = ["answer_problem", "flexiti_of", "setup"]


def setup(
    app: Quart, config: FlexitiConfig | None = None, *, listeners: Iterable[Listener] = ()
) -> None:
    """
    Open a session before an application serves, close it afterwards, and answer our errors.

    Args:
        app: The application, not started yet.
        config: What the session is told; by default the environment, read at start-up.
        listeners: Told what happens.
    """

    @app.while_serving
    async def run() -> AsyncGenerator[None, None]:
        async with open_session(config, listeners=listeners) as session:
            app.extensions[KEY] = session
            yield

    app.register_error_handler(FlexitiError, answer_problem)


def flexiti_of(app: Quart) -> FlexitiSession:
    """
    Give the session of an application, `current_app` in a request.

    Raises:
        NotOpenError: There is none.
    """
    found: object = app.extensions.get(KEY)
    return the_session(found, "call setup(app), and start it")


async def answer_problem(error: FlexitiError) -> Response:
    """Answer an error of this library with its problem."""
    problem = tell(error, request.headers.get("accept-language"))
    return Response(problem.json(), problem.status, dict(problem.headers))
