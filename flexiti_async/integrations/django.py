"""
Django, async views under ASGI: one session per process, and problem details for our errors.

| in | write |
|---|---|
| `asgi.py` | `application = FlexitiApplication(get_asgi_application())` |
| `MIDDLEWARE` of the settings | `"flexiti_async.integrations.django.ProblemsMiddleware"` |
| an async view | `checkout = await flexiti_of(request).checkout("order-9")` |

Django does not handle the lifespan protocol, so the wrapper does, and passes it on to what it
wraps: the session is opened before the first request and closed when the server stops. With a
server that runs no lifespans (daphne) it is opened by the first request and ends with the process;
the shared token is in the store either way.

Django's test clients and `runserver` do not use `asgi.py`: there the session is one of the process,
configured by the environment. `override_session` replaces it in a test. Any other WSGI server is
refused: each of its requests has an event loop of its own, which would end under an operation.
"""

import os
import threading
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Final, TypeAlias, cast

from asgiref.sync import markcoroutinefunction
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import ConfigError, FlexitiError
from flexiti_async.events.types import Listener
from flexiti_async.integrations import asgi
from flexiti_async.integrations.groups import answerable
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
)
from flexiti_async.session import FlexitiSession

__all__ = [
    "FlexitiApplication",
    "ProblemsMiddleware",
    "flexiti_of",
    "override_session",
    "problem_response",
]

Scope: TypeAlias = dict[str, Any]  # as Django's stubs have these
Message: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

GetResponse: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_ASGI: Final = "wrap it: FlexitiApplication(get_asgi_application())"
_WSGI: Final = (
    "the request came by WSGI, where its event loop ends with it, also under an operation that "
    "moves money: serve the ASGI application instead, with uvicorn, hypercorn, granian or "
    "gunicorn -k asgi"
)
_CLOSING: Final = frozenset(
    {"lifespan.startup.failed", "lifespan.shutdown.complete", "lifespan.shutdown.failed"}
)
"""Messages of the wrapped application after which it needs no session."""


class FlexitiApplication:
    """
    An ASGI application that adds a session to Django's.

    Errors of this library after a response has begun are logged and raised on; a WebSocket is
    closed with 1011. After the shutdown no session is opened.

    Args:
        application: Result of `get_asgi_application()`, or another wrapper.
        config: Configuration of the session; by default the environment, read at start-up.
        listeners: Listeners for the events of the session.
        name: Name of the session, where wrappers in each other provide several.

    Raises:
        ConfigError: An argument is of another type, or a wrapper inside has the same name.

    Attributes:
        names: Names of the sessions, also of wrappers inside.
    """

    def __init__(
        self,
        application: Application,
        config: FlexitiConfig | None = None,
        *,
        listeners: Iterable[Listener] = (),
        name: str = KEY,
    ) -> None:
        if not callable(application):
            msg = f"application must be an ASGI application, not {type(application).__name__}"
            raise ConfigError(msg, option="application")
        self._set_up = SetUp.of(config, listeners, name)
        inside: frozenset[str] = frozenset()
        if isinstance(application, FlexitiApplication):
            inside = application.names
        if name in inside:
            raise taken(name)
        self.names: Final[frozenset[str]] = inside | {name}
        self._application = cast(
            "Application", asgi.AsgiProblems(cast("asgi.Application", application))
        )
        self._stack = AsyncExitStack()
        self._session: FlexitiSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a WebSocket or the lifespan."""
        if scope["type"] == "lifespan":
            await self._serve_lifespan(scope, receive, send)
            return
        # After a shutdown it is the closed one, which raises SessionClosed.
        session = self._session or await self._open()
        sessions = {**scope.get(KEY, {}), self._set_up.name: session}
        await self._application({**scope, KEY: sessions}, receive, send)

    async def _serve_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open the session, run the wrapped application's own lifespan, and close the session."""
        unread = [await receive()]  # lifespan.startup
        answered = False

        async def receive_inside() -> Message:
            return unread.pop() if unread else await receive()

        async def send_outside(message: Message) -> None:
            nonlocal answered
            answered = True
            if message["type"] in _CLOSING:
                await self._stack.aclose()
            await send(message)

        try:
            await self._open()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": _text(error)})
            if isinstance(error, FlexitiError):
                return
            raise
        async with self._stack:
            try:
                await self._application(scope, receive_inside, send_outside)
            except Exception as error:
                # Refusing the scope at once means that it has no lifespan, as with Django itself.
                if answered or not unread:
                    if not answered:
                        failed = {"type": "lifespan.startup.failed", "message": _text(error)}
                        await send_outside(failed)
                    raise
            if answered:
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self) -> FlexitiSession:
        # Opening a session awaits nothing, so two first requests cannot both open one.
        self._session = await self._stack.enter_async_context(self._set_up.open())
        return self._session


def _text(error: Exception) -> str:
    """Return what a server's log shows: of an error of others only its class, it may quote all."""
    if isinstance(error, FlexitiError):
        return str(error)
    return f"the start failed with {type(error).__name__}"


def flexiti_of(request: HttpRequest, *, name: str = KEY) -> FlexitiSession:
    """
    Return a session of the process that serves a request.

    Raises:
        NotOpenError: No session is open under this name, or the server is one for WSGI.
        ConfigError: An argument is of another type, or, for a test client and `runserver`, the
            environment is not valid.
    """
    refuse_other("request", request, HttpRequest, "a request of Django")
    overridden = _overridden.get(checked_name(name))
    if overridden is not None:
        return overridden
    sessions: dict[str, FlexitiSession] = (
        request.scope.get(KEY, {}) if isinstance(request, ASGIRequest) else {}
    )
    found = sessions.get(name)
    if found is None and name == KEY and not sessions and _is_for_development(request):
        found = _of_this_process()
    return require_session(found, name, _WSGI if isinstance(request, WSGIRequest) else _ASGI)


@contextmanager
def override_session(session: FlexitiSession, *, name: str = KEY) -> Generator[FlexitiSession]:
    """
    Let `flexiti_of` return this session for all requests in a block; for tests.

    It works with every client and factory of `django.test`, and for a request that a test makes by
    hand. The session stays open.

    Raises:
        ConfigError: An argument is of another type.
    """
    refuse_other("session", session, FlexitiSession, "a FlexitiSession")
    before = _overridden.get(checked_name(name))
    _overridden[name] = session
    try:
        yield session
    finally:
        if before is None:
            del _overridden[name]
        else:
            _overridden[name] = before


_overridden: Final[dict[str, FlexitiSession]] = {}
_lock: Final = threading.Lock()
_processes: Final[dict[int, FlexitiSession]] = {}
"""The session of this process, by process id: a child of a fork opens its own."""


def _is_for_development(request: HttpRequest) -> bool:
    """Whether a request is of a test client, or of `runserver`, which do not use `asgi.py`."""
    return (
        hasattr(request, "_dont_enforce_csrf_checks")  # set by Client and AsyncClient
        or str(request.META.get("SERVER_SOFTWARE", "")).startswith("WSGIServer/")  # wsgiref's
    )


def _of_this_process() -> FlexitiSession:
    """Return the session that the environment configures, another one after it has changed."""
    config = FlexitiConfig.load()
    with _lock:
        session = _processes.get(os.getpid())
        if session is None or session.config != config:
            session = _processes[os.getpid()] = FlexitiSession(config)
    return session


class ProblemsMiddleware:
    """
    Return errors of this library, and groups of them, as problem details; for `MIDDLEWARE`.

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
        if answerable(error):
            return problem_response(request, error)
        log_unanswered(error, "left to Django, together with an error of others")
        return None


def problem_response(request: HttpRequest, error: Exception) -> HttpResponse:
    """
    Return the problem details of an error of this library, or of a group of such errors.

    Raises:
        Exception: The error, if it is another one.
        ConfigError: `request` is of another type.
    """
    refuse_other("request", request, HttpRequest, "a request of Django")
    if not answerable(error):
        raise_on(error)
    problem = report_problem(error, request.headers.get("accept-language"))
    return HttpResponse(problem.json(), status=problem.status, headers=dict(problem.headers))
