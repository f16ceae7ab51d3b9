"""
Django, async views under ASGI: one session per process, and problem details for our errors.

```python
# asgi.py
application = FlexitiApplication(get_asgi_application())


# settings.py
MIDDLEWARE = [..., "flexiti_async.integrations.django.ProblemsMiddleware"]


# views.py
async def pay(request: HttpRequest) -> JsonResponse:
    checkout = await flexiti_of(request).checkout("order-9")
```

Django does not handle the lifespan protocol, so the wrapper does: the session is opened before the
first request and closed when the server stops. With a server that runs no lifespans (daphne) it is
opened by the first request and ends with the process; the shared token is in the store either way.
Views must be async and run under ASGI: under WSGI each request has an event loop of its own.
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
from flexiti_async.integrations.serving import KEY, open_session, report_problem, require_session
from flexiti_async.session import FlexitiSession

__all__ = ["FlexitiApplication", "ProblemsMiddleware", "flexiti_of", "problem_response"]

Scope: TypeAlias = dict[str, Any]  # as in ASGI
Message: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

GetResponse: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_HINT: Final = "wrap it: FlexitiApplication(get_asgi_application())"


class FlexitiApplication:
    """
    An ASGI application that adds a session to Django's.

    Args:
        application: Result of `get_asgi_application()`.
        config: Configuration of the session; by default the environment, read at start-up.
        listeners: Listeners for the events of the session.
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
            await self._serve_lifespan(receive, send)
            return
        session = self._session or await self._open()
        await self._application({**scope, KEY: session}, receive, send)

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
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
        # Opening a session awaits nothing, so two first requests cannot both open one.
        opening = open_session(self._config, listeners=self._listeners)
        self._session = await self._stack.enter_async_context(opening)
        return self._session


def flexiti_of(request: HttpRequest) -> FlexitiSession:
    """
    Return the session of the process that serves a request.

    Raises:
        NotOpenError: No session is open.
    """
    found = request.scope.get(KEY) if isinstance(request, ASGIRequest) else None
    return require_session(found, _HINT)


class ProblemsMiddleware:
    """
    Return errors of this library as problem details; for `MIDDLEWARE`.

    Args:
        get_response: The next middleware, or the view.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        markcoroutinefunction(self)  # Django cannot see that an object is async

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve a request."""
        return await self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return a response for an error of this library that a view raised; Django calls this."""
        return problem_response(request, error) if isinstance(error, FlexitiError) else None


def problem_response(request: HttpRequest, error: FlexitiError) -> HttpResponse:
    """Return the problem details of an error as a response."""
    problem = report_problem(error, request.headers.get("accept-language"))
    return HttpResponse(problem.json(), status=problem.status, headers=dict(problem.headers))
