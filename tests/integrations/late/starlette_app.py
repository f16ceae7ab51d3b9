"""Starlette; the same is mounted, behind a mount."""

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from flexiti_async.integrations import starlette

from .ways import CONFIG, WAYS, chunks, credit, group


def routes() -> list[Route | WebSocketRoute]:
    """Return the routes."""

    async def serve(request: Request) -> Response:
        await WAYS[request.path_params["way"]]()
        return Response()

    async def stream(_: Request) -> Response:
        return StreamingResponse(chunks())

    async def background(_: Request) -> Response:
        return PlainTextResponse("begun", background=BackgroundTask(credit))

    async def accepted(socket: WebSocket) -> None:
        await socket.accept()
        await group()

    async def refused(_: WebSocket) -> None:
        await credit()

    return [
        Route("/stream", stream, methods=["POST"]),
        Route("/background", background, methods=["POST"]),
        Route("/{way}", serve, methods=["POST"]),
        WebSocketRoute("/accepted", accepted),
        WebSocketRoute("/refused", refused),
    ]


app = Starlette(routes=routes(), lifespan=starlette.lifespan(CONFIG))
starlette.add_problem_handler(app)
app.router.routes.insert(0, Mount("/outer", routes=[Mount("/mounted", Starlette(routes=routes()))]))
