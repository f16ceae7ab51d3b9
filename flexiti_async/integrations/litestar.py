"""
Litestar: a plugin that provides the session to handlers, and problem details for our errors.

```python
@post("/pay")
async def pay(flexiti: NamedDependency[FlexitiSession]) -> dict[str, str]:
    checkout = await flexiti.checkout("order-9")


app = Litestar([pay], plugins=[FlexitiPlugin()])
```
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from litestar import Litestar, Request, Response
from litestar.config.app import AppConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins import InitPlugin

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.serving import KEY, open_session, report_problem, require_session
from flexiti_async.session import FlexitiSession

__all__ = ["FlexitiPlugin", "flexiti_of", "problem_response"]


def flexiti_of(state: State) -> FlexitiSession:
    """
    Return the session from an application's state; handlers receive it as `flexiti`.

    Raises:
        NotOpenError: No session is open.
    """
    found: object = state.get(KEY)
    return require_session(found, "pass plugins=[FlexitiPlugin()] to Litestar, and start it")


def problem_response(
    request: Request[object, object, State], error: FlexitiError
) -> Response[bytes]:
    """Return the problem details of an error as a response."""
    problem = report_problem(error, request.headers.get("accept-language"))
    headers = dict(problem.headers)
    media_type = headers.pop("Content-Type")
    return Response(
        problem.json(), status_code=problem.status, headers=headers, media_type=media_type
    )


class FlexitiPlugin(InitPlugin):
    """
    Provide one session per process as the dependency `flexiti`, and problem details for our errors.

    Args:
        config: Configuration of the session; by default the environment, read at start-up.
        listeners: Listeners for the events of the session.
    """

    def __init__(
        self, config: FlexitiConfig | None = None, *, listeners: Iterable[Listener] = ()
    ) -> None:
        self._config = config
        self._listeners = tuple(listeners)

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the session's lifespan, the dependency and the error handler."""
        # Litestar's own types of these are incomplete.
        app_config.lifespan.append(self._run)  # pyright: ignore[reportUnknownMemberType]
        app_config.dependencies[KEY] = Provide(flexiti_of, sync_to_thread=False)
        app_config.exception_handlers[  # pyright: ignore[reportUnknownMemberType]
            FlexitiError
        ] = problem_response
        app_config.signature_types.append(FlexitiSession)
        return app_config

    @asynccontextmanager
    async def _run(self, app: Litestar) -> AsyncGenerator[None, None]:
        async with open_session(self._config, listeners=self._listeners) as session:
            app.state[KEY] = session
            yield
