"""Quart."""

from collections.abc import AsyncGenerator

from quart import Quart, websocket

from flexiti_async.integrations import quart

from .ways import CONFIG, WAYS, chunks, credit, group

app = Quart(__name__)
quart.setup(app, CONFIG)


@app.post("/<way>")
async def serve(way: str) -> str:
    """Fail in a way."""
    await WAYS[way]()
    return ""


@app.post("/stream")
async def stream() -> AsyncGenerator[bytes, None]:
    """Fail in a stream."""
    return chunks()


@app.websocket("/accepted")
async def accepted() -> None:
    """Accept, and fail."""
    await websocket.accept()  # pyright: ignore[reportUnknownMemberType]
    await group()


@app.websocket("/refused")
async def refused() -> None:
    """Fail before that."""
    await credit()
