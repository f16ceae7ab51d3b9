"""A web shop for a server of its own: a request asks for the token."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexiti_async.integrations.starlette import flexiti_of, lifespan


async def token(request: Request) -> Response:
    """Ask for the token, as every call does."""
    await flexiti_of(request).token()
    return Response()


app = Starlette(routes=[Route("/token", token)], lifespan=lifespan())
