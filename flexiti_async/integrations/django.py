"""
Django, async views under ASGI: one session per process, and an answer to our errors.

```python
# asgi.py
application = FlexitiApplication(get_asgi_application())


# settings.py
MIDDLEWARE = [..., "flexiti_async.integrations.django.ProblemsMiddleware"]


# views.py
async def pay(request: HttpRequest) -> JsonResponse:
    checkout = await flexiti_of(request).checkout()
```

Django itself knows no lifespan of the server, so the wrapper answers for it: the session opens
before the first request and is closed when the server stops. A server that runs no lifespans
(daphne) opens it with the first request, and lets it end with the process; the shared token is in
the store either way. Views need async and ASGI: under WSGI each request has an event loop of its
own.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final, TypeAlias

from asgiref.sync import markcoroutinefunction
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations.serving import KEY, open_session, tell, the_session
from flexiti_async.session import FlexitiSession

__all__ = ["FlexitiApplication", "ProblemsMiddleware", "answer_problem", "flexiti_of"]

Scope: TypeAlias = dict[str, Any]  # as ASGI has it
Message: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

GetResponse: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_HINT: Final = "wrap it: FlexitiApplication(get_asgi_application())"


class FlexitiApplication:
    """
    An ASGI application with a session, around Django's.

    Args:
        application: What `get_asgi_application()` gives.
        config: What the session is told; by default the environment, read at start-up.
        listeners: Told what happens.
    """

    def __init__(
        self,
        application: Application,
        config: FlexitiConfig | None = None,
        *,
        listeners: Iterable[Listener] = (),
    ) -> None:
        self._application = application
        self._config = config
        self._listeners = tuple(listeners)
        self._stack = AsyncExitStack()
        self._session: FlexitiSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        session = self._session or await self._open()
        await self._application({**scope, KEY: session}, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        try:
            await self._open()
        except FlexitiError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        self._session = None
        await self._stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self) -> FlexitiSession:
        # Making a session awaits nothing, so two first requests cannot both make one.
        opening = open_session(self._config, listeners=self._listeners)
        self._session = await self._stack.enter_async_context(opening)
        return self._session


def flexiti_of(request: HttpRequest) -> FlexitiSession:
    """
    Give the session of the process that serves a request.

    Raises:
        NotOpenError: There is none.
    """
    found = request.scope.get(KEY) if isinstance(request, ASGIRequest) else None
    return the_session(found, _HINT)


class ProblemsMiddleware:
    """
    Answer errors of this library with their problems; for `MIDDLEWARE`.

    Args:
        get_response: What comes next.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        markcoroutinefunction(self)  # an object does not look async by itself

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve a request."""
        return await self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer what a view has raised, if it is ours; Django calls this."""
        return answer_problem(request, error) if isinstance(error, FlexitiError) else None


def answer_problem(request: HttpRequest, error: FlexitiError) -> HttpResponse:
    """Answer an error of this library with its problem."""
    problem = tell(error, request.headers.get("accept-language"))
    return HttpResponse(problem.json(), status=problem.status, headers=dict(problem.headers))
