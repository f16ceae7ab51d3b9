"""Litestar."""

from typing import Any

from litestar import Litestar, WebSocket, post, websocket
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath
from litestar.response import Response, Stream

from flexiti_async.integrations import litestar

from .ways import CONFIG, WAYS, chunks, credit, group


@post("/{way:str}")
async def serve(way: FromPath[str]) -> None:
    """Fail in a way."""
    await WAYS[way]()


@post("/stream")
async def stream() -> Stream:
    """Fail in a stream."""
    return Stream(chunks())


@post("/background")
async def background() -> Response[str]:
    """Fail in the background."""
    return Response("begun", background=BackgroundTask(credit))


@websocket("/accepted")
async def accepted(socket: WebSocket[Any, Any, Any]) -> None:
    """Accept, and fail."""
    await socket.accept()
    await group()


@websocket("/refused")
async def refused(socket: WebSocket[Any, Any, Any]) -> None:
    """Fail before that."""
    del socket
    await credit()


app = Litestar(
    [serve, stream, background, accepted, refused],
    plugins=[litestar.FlexitiPlugin(CONFIG)],
    logging_config=None,
)
