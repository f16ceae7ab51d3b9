"""
Litestar: a plugin that gives handlers the session and answers our errors.

```python
@post("/pay")
async def pay(flexiti: NamedDependency[FlexitiSession]) -> dict[str, str]:
    checkout = await flexiti.checkout()


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
from flexiti_async.integrations.serving import KEY, open_session, tell, the_session
from flexiti_async.session import FlexitiSession

__all__ = ["FlexitiPlugin", "answer_problem", "flexiti_of"]


def flexiti_of(state: State) -> FlexitiSession:
    """
    Give the session of an application's state: what handlers get as `flexiti`.

    Raises:
        NotOpenError: There is none.
    """
    found: object = state.get(KEY)
    return the_session(found, "give it plugins=[FlexitiPlugin()], and start it")


def answer_problem(request: Request[object, object, State], error: FlexitiError) -> Response[bytes]:
    """Answer an error of this library with its problem."""
    problem = tell(error, request.headers.get("accept-language"))
    headers = dict(problem.headers)
    media_type = headers.pop("Content-Type")
    return Response(
        problem.json(), status_code=problem.status, headers=headers, media_type=media_type
    )


class FlexitiPlugin(InitPlugin):
    """
    One session per process, as the dependency `flexiti`, and problems for our errors.

    Args:
        config: What the session is told; by default the environment, read at start-up.
        listeners: Told what happens.
    """

    def __init__(
        self, config: FlexitiConfig | None = None, *, listeners: Iterable[Listener] = ()
    ) -> None:
        self._config = config
        self._listeners = tuple(listeners)

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the session's life, the dependency and the handler of errors."""
        # Litestar's own types leave these open.
        app_config.lifespan.append(self._run)  # pyright: ignore[reportUnknownMemberType]
        app_config.dependencies[KEY] = Provide(flexiti_of, sync_to_thread=False)
        app_config.exception_handlers[  # pyright: ignore[reportUnknownMemberType]
            FlexitiError
        ] = answer_problem
        app_config.signature_types.append(FlexitiSession)
        return app_config

    @asynccontextmanager
    async def _run(self, app: Litestar) -> AsyncGenerator[None, None]:
        async with open_session(self._config, listeners=self._listeners) as session:
            app.state[KEY] = session
            yield
