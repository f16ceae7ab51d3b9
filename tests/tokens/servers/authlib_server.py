"""A token server and one resource, by authlib: it grants no refresh tokens to a client."""

import json
import secrets
import time
from collections.abc import Mapping

from aiohttp import web
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientCredentialsGrant,
    ClientMixin,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc6750 import BearerTokenGenerator

__all__ = ["application"]


class _Client(ClientMixin):
    """A client that may have its tokens for its own credentials."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._id, self._secret = client_id, client_secret

    def get_client_id(self) -> str:
        return self._id

    def get_allowed_scope(self, scope: str) -> str:
        return scope if scope in {"customer", "merchant"} else ""

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(self._secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in {"client_secret_post", "client_secret_basic"} and endpoint == "token"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class _Payload(OAuth2Payload):
    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = form

    @property
    def data(self) -> Mapping[str, str]:
        return self._form


class _Request(OAuth2Request):
    def __init__(self, request: web.Request, form: Mapping[str, str]) -> None:
        # authlib refuses plain HTTP, which is what loopback has here.
        super().__init__(request.method, "https://localhost/", headers=dict(request.headers))
        self.payload = _Payload(form)
        self._form = form

    @property
    def args(self) -> Mapping[str, str]:
        return {}

    @property
    def form(self) -> Mapping[str, str]:
        return self._form


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


def _access_token(**_: object) -> str:
    return secrets.token_urlsafe(32)


class _Server(AuthorizationServer):
    def __init__(self, clients: Mapping[str, str], seconds: int) -> None:
        super().__init__(scopes_supported=["customer", "merchant"])
        self._clients = clients
        self._seconds = seconds
        self.access: dict[str, float] = {}
        self.counts = {"client_credentials": 0, "refresh_token": 0, "rejected": 0}
        self.broken = False
        self.register_grant(_Grant)
        generator = BearerTokenGenerator(_access_token, expires_generator=seconds)
        self.register_token_generator("default", generator)

    def query_client(self, client_id: str) -> _Client | None:
        secret = self._clients.get(client_id)
        return None if secret is None else _Client(client_id, secret)

    def save_token(self, token: dict[str, str], request: object) -> None:
        del request
        self.access[token["access_token"]] = time.monotonic() + self._seconds

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        pass

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def handle_response(self, status: int, body: object, headers: object) -> web.Response:
        del headers  # content type and caching
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json")


def application(seconds: int, clients: Mapping[str, str]) -> web.Application:
    """Build the server; its commands are those of `oauth2_server.cjs`."""
    server = _Server(clients, seconds)

    async def token(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        grant = form.get("grant_type", "")
        server.counts[grant] = server.counts.get(grant, 0) + 1
        if server.broken:
            return web.Response(status=500, text="<h1>Server Error</h1>", content_type="text/html")
        answer = server.create_token_response(_Request(request, form))
        assert isinstance(answer, web.Response)
        return answer

    async def command(request: web.Request) -> web.Response:
        match request.match_info["command"]:
            case "revoke":
                server.access.clear()
            case "break" | "mend" as wanted:
                server.broken = wanted == "break"
            case _:
                pass
        return web.json_response(server.counts)

    async def resource(request: web.Request) -> web.Response:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if server.access.get(bearer, 0.0) > time.monotonic():
            return web.json_response({})
        server.counts["rejected"] += 1
        return web.json_response({"error": "invalid_token"}, status=401)

    app = web.Application()
    app.router.add_post("/v2.5/oauth/token", token)
    app.router.add_get("/control/{command}", command)
    app.router.add_route("*", "/{rest:.*}", resource)
    return app
