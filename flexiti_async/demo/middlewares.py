"""Around all pages of the shop: its host, the cookie of a session, and headers for browsers."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flexiti_async.demo.guard import VISIT, origin_of
from flexiti_async.demo.settings import BEHIND_PATH, ShopSettings
from flexiti_async.demo.visits import LIFETIME, Visit, Visits

__all__ = ["OneHost", "SafeHeaders", "Visiting"]


class Visiting:
    """
    A middleware that finds the session of a request by its cookie, and begins one if there is none.

    An id that the shop did not draw, or that was renewed, is never adopted. The cookie is sent only
    when it changes, so a slow response cannot put an old one back.

    Args:
        app: The next application.
        visits: All sessions.
        settings: Settings of the shop.
    """

    def __init__(self, app: ASGIApp, visits: Visits, settings: ShopSettings) -> None:
        self._app = app
        self._visits = visits
        # Browsers accept `__Host-` from this very host over TLS only: nobody else can plant it.
        self._cookie = "__Host-shop" if settings.is_secure else "shop"
        self._secure = settings.is_secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return
        given = Request(scope).cookies.get(self._cookie)
        found = await self._visits.find(given) if given else None
        state = scope.setdefault("state", {})
        # The panel asks every second, perhaps with a cookie that a page is just renewing: if it
        # began a session, the customer would lose theirs.
        asks = scope["path"] == BEHIND_PATH
        state[VISIT] = found if found is not None or asks else await self._visits.begin()

        async def send_with_cookie(message: Message) -> None:
            visit: Visit | None = state[VISIT]
            begins = message["type"] == "http.response.start"
            if begins and visit is not None and visit.session_id != given:
                MutableHeaders(scope=message).append("Set-Cookie", self._written(visit))
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _written(self, visit: Visit) -> str:
        response = Response()
        response.set_cookie(
            self._cookie,
            visit.session_id,
            max_age=LIFETIME,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return response.headers["set-cookie"]


class OneHost:
    """
    A middleware that serves requests for the shop's own host only.

    A `Host` of the sender's choice gets into no link and no redirect, and a page whose name is made
    to resolve to this address (DNS rebinding) reads nothing.

    Args:
        app: The next application.
        origin: The shop's own origin.
    """

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self._app = app
        self._host = urlsplit(origin).netloc
        self._refusal = PlainTextResponse(f"This shop is at {origin}/ only.\n", 421)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        wrong = scope["type"] == "http" and [self._host] != Headers(scope=scope).getlist("host")
        await (self._refusal if wrong else self._app)(scope, receive, send)


class SafeHeaders:
    """
    A middleware whose headers allow browsers only what the pages need.

    Args:
        app: The next application.
        frames: URLs of the pages that may be framed: Flexiti's.
        secure: Whether the shop is served over TLS, and over nothing else.
    """

    def __init__(self, app: ASGIApp, frames: Sequence[str], *, secure: bool) -> None:
        self._app = app
        origins = " ".join(origin_of(url) for url in frames)
        self._headers = {
            "Content-Security-Policy": (
                "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
                f"img-src 'self'; form-action 'self'; frame-src {origins}; "
                "base-uri 'none'; frame-ancestors 'none'"
            ),
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if "etag" not in headers:  # only files have one
                    # Pages contain a customer's data, and the URL of the widget a token.
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, send_with_headers)
