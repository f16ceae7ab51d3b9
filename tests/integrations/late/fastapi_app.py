"""FastAPI; the same is mounted."""

from fastapi import FastAPI, WebSocket
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from flexiti_async.integrations import fastapi

from .ways import CONFIG, WAYS, chunks, credit, group


def add_routes(to: FastAPI) -> None:
    """Add the routes."""

    @to.post("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(chunks())

    @to.post("/background")
    async def background() -> Response:
        return PlainTextResponse("begun", background=BackgroundTask(credit))

    @to.post("/{way}")
    async def serve(way: str) -> None:
        await WAYS[way]()

    @to.websocket("/accepted")
    async def accepted(socket: WebSocket) -> None:
        await socket.accept()
        await group()

    @to.websocket("/refused")
    async def refused(socket: WebSocket) -> None:
        del socket
        await credit()


app = FastAPI(lifespan=fastapi.lifespan(CONFIG))
fastapi.add_problem_handler(app)
mounted = FastAPI()
app.mount("/outer/mounted", mounted)
for each in (app, mounted):
    add_routes(each)
