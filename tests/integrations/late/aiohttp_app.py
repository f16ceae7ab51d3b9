"""aiohttp.web; the same is nested."""

import os

from aiohttp import web

from flexiti_async.integrations import aiohttp_web

from .ways import CONFIG, WAYS, chunks, credit, group


def add_routes(to: web.Application) -> None:
    """Add the routes."""

    async def serve(request: web.Request) -> web.Response:
        await WAYS[request.match_info["way"]]()
        return web.Response()

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for chunk in chunks():
            await response.write(chunk)
        return response

    async def begun(request: web.Request) -> web.StreamResponse:
        await web.StreamResponse().prepare(request)  # its headers wait for the first chunk
        await credit()

    async def accepted(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await group()
        return socket

    to.router.add_post("/stream", stream)
    to.router.add_post("/begun", begun)
    to.router.add_post("/{way}", serve)
    to.router.add_get("/accepted", accepted)


def build() -> web.Application:
    """Build it; an application of aiohttp runs once."""
    app = web.Application()
    aiohttp_web.setup(app, CONFIG)
    nested = web.Application()
    for each in (app, nested):
        add_routes(each)
    app.add_subapp("/outer/mounted", nested)
    return app


if __name__ == "__main__":
    web.run_app(build(), host="127.0.0.1", port=int(os.environ["PORT"]))
