"""Django; WebSockets are served beside it, as with Channels."""

from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from flexiti_async.integrations import django

from .ways import CONFIG, WAYS, chunks, group


async def _serve(_: HttpRequest, way: str) -> HttpResponse:
    await WAYS[way]()
    return HttpResponse()


async def _stream(_: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(chunks())


urlpatterns = [path("stream", _stream), path("<str:way>", _serve)]


def build() -> Any:  # noqa: ANN401 - an ASGI application
    """Build it, in a process of its own."""
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["127.0.0.1"],
        MIDDLEWARE=["flexiti_async.integrations.django.ProblemsMiddleware"],
        LOGGING_CONFIG=None,
        SECRET_KEY="canary-of-django",
    )
    pages = ASGIHandler()

    async def serve(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as in ASGI
        if scope["type"] != "websocket":
            await pages(scope, receive, send)
            return
        await receive()
        if scope["path"] == "/accepted":
            await send({"type": "websocket.accept"})
        await group()

    return django.FlexitiApplication(serve, CONFIG)
