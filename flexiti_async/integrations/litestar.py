"""
Litestar: a plugin that provides the session to handlers, and problem details for our errors.

```python
from litestar import Litestar, post
from litestar.di import NamedDependency

from flexiti_async import FlexitiSession
from flexiti_async.integrations.litestar import FlexitiPlugin


@post("/pay")
async def pay(flexiti: NamedDependency[FlexitiSession]) -> dict[str, str]:
    checkout = await flexiti.checkout("order-9")
    return {"step": checkout.step}


app = Litestar([pay], plugins=[FlexitiPlugin()])
```

Several merchants have a plugin and a name each, which is the name of the dependency:
`plugins=[FlexitiPlugin(north, name="north"), FlexitiPlugin(south, name="south")]`.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast

from litestar import Litestar, Request, Response
from litestar.config.app import AppConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import responses
from litestar.plugins import InitPlugin
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import Scope

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.asgi import AsgiProblems, Connection
from flexiti_async.integrations.groups import answerable
from flexiti_async.integrations.litestar_models import ModelsPlugin
from flexiti_async.integrations.serving import (
    KEY,
    SetUp,
    checked_name,
    log_unanswered,
    raise_on,
    refuse_other,
    report_problem,
    require_session,
    taken,
    without_name,
)
from flexiti_async.session import FlexitiSession

__all__ = ["FlexitiPlugin", "flexiti_of", "problem_response"]


@without_name
def flexiti_of(state: State, *, name: str = KEY) -> FlexitiSession:
    """
    Return a session from an application's state; handlers receive it as `flexiti`.

    Args:
        state: The state of the application.
        name: Name of the session; not a parameter of a dependency, because customers could set it.

    Raises:
        NotOpenError: No session is open under this name.
        ConfigError: An argument is of another type.
    """
    refuse_other("state", state, State, "the State of an application")
    found: object = state.get(checked_name(name))
    hint = "pass plugins=[FlexitiPlugin()] to Litestar, and start it"
    return require_session(found, name, hint)


def problem_response(request: Request[object, object, State], error: Exception) -> Response[bytes]:
    """
    Return the problem details of an error of this library, or of a group of such errors.

    Raises:
        Exception: The error, if it is another one.
        ConfigError: `request` is of another type.
    """
    refuse_other("request", request, Request, "a request of Litestar")
    if not answerable(error):
        raise_on(error)
    problem = report_problem(error, request.headers.get("accept-language"))
    headers = dict(problem.headers)
    media_type = headers.pop("Content-Type")
    return Response(
        problem.json(), status_code=problem.status, headers=headers, media_type=media_type
    )


def _answer_group(request: Request[object, object, State], error: Exception) -> Response[Any]:
    """Answer a group: with problem details, or as Litestar would without this handler."""
    if answerable(error):
        return problem_response(request, error)
    log_unanswered(error, "left to the application, together with an error of others")
    app: Any = request.app
    shown: Any = responses
    default = shown.create_debug_response if app.debug else shown.create_exception_response
    of_status = app.exception_handlers.get(HTTP_500_INTERNAL_SERVER_ERROR, default)
    return cast("Response[Any]", app.exception_handlers.get(Exception, of_status)(request, error))


class FlexitiPlugin(InitPlugin):
    """
    Provide one session per process as the dependency `flexiti`, and problem details for our errors.

    Errors after the response has begun are logged and raised on; a WebSocket is closed with 1011.

    Args:
        config: Configuration of the session; by default the environment, read at start-up.
        listeners: Listeners for the events of the session.
        name: Name of the session and of the dependency, where an application has several.

    Raises:
        ConfigError: An argument is of another type.
    """

    def __init__(
        self,
        config: FlexitiConfig | None = None,
        *,
        listeners: Iterable[Listener] = (),
        name: str = KEY,
    ) -> None:
        self._set_up = SetUp.of(config, listeners, name)

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """
        Add the session's lifespan, the dependency, the error handlers and the models.

        Raises:
            ConfigError: The application has a dependency of this name already.
        """
        name = self._set_up.name
        if name in app_config.dependencies:
            raise taken(name)

        def provide(state: State) -> FlexitiSession:
            return flexiti_of(state, name=name)

        untyped: Any = app_config  # Litestar's own types of these are incomplete
        untyped.lifespan.append(self._run)
        untyped.dependencies[name] = Provide(provide, sync_to_thread=False)
        untyped.exception_handlers.setdefault(FlexitiError, problem_response)
        untyped.exception_handlers.setdefault(ExceptionGroup, _answer_group)
        untyped.signature_types.append(FlexitiSession)
        untyped.plugins.append(ModelsPlugin())
        if _close_websocket not in untyped.after_exception:
            untyped.after_exception.append(_close_websocket)
            untyped.middleware.insert(0, AsgiProblems)
        return app_config

    @asynccontextmanager
    async def _run(self, app: Litestar) -> AsyncGenerator[None, None]:
        async with self._set_up.open() as session:
            app.state[self._set_up.name] = session
            yield


async def _close_websocket(error: Exception, scope: Scope) -> None:
    """Close a WebSocket before Litestar does, with a code of its own and without a log line."""
    connection = Connection.of(cast("dict[str, Any]", scope))
    if scope["type"] == ScopeType.WEBSOCKET and connection is not None and answerable(error):
        await connection.answered(error)
