"""
The widget's page, and its requests to the sandbox.

The page is at the root of the API's base URL, where a `redirection_url` points. It calls
`/sandbox/widget/…`, which belongs to the sandbox and not to the API. Neither is recorded.

| request | effect |
|---|---|
| `POST /sandbox/widget/open` | returns a session's choices |
| `POST /sandbox/widget/send` | sends the PIN of a purchase by `mfa` |
| `POST /sandbox/widget/finish` | ends it: `choice`, with `pin` for `approve`; returns the event |

All of them require the parts of the URL's fragment: `client_id`, `token`, `widget_session_id`.
"""

import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import cast

from aiohttp import web
from attrs import frozen

from flexiti_async.sandbox.page.scenarios import (
    CHOICES,
    MFAS,
    Choice,
    Mfa,
    candidates,
    check_pin,
    choices,
    finish,
    send_pin,
)
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.widget_sessions import WidgetSession
from flexiti_async.sandbox.wire.endpoints import BASE_PATH
from flexiti_async.sandbox.wire.errors import json_bytes
from flexiti_async.sandbox.wire.request import JSON_TYPE, Json

__all__ = ["WIDGET_PATH", "WidgetPage"]

WIDGET_PATH = "/sandbox/widget"
"""The path of the page's own requests, on the host and port of the sandbox."""

_FOLDER = files("flexiti_async.sandbox").joinpath("page")
_FILES = {  # read at import, where they do not block an event loop
    f"{BASE_PATH}/": (_FOLDER.joinpath("page.html").read_bytes(), "text/html"),
    f"{WIDGET_PATH}/page.css": (_FOLDER.joinpath("page.css").read_bytes(), "text/css"),
    f"{WIDGET_PATH}/page.js": (_FOLDER.joinpath("page.js").read_bytes(), "text/javascript"),
}

_HEADERS = {
    # No resources from elsewhere, nothing inline. Any page may frame it: shops run anywhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors *"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@frozen(eq=False)
class WidgetPage:
    """
    The page and its requests.

    Attributes:
        settings: The settings of the sandbox.
        backend: Its state.
    """

    settings: Settings
    backend: Backend

    def add_routes(self, app: web.Application) -> None:
        """Serve the page and its requests."""
        for path, (content, content_type) in _FILES.items():
            app.router.add_get(path, _static(content, content_type))
        app.router.add_post(f"{WIDGET_PATH}/open", self.open)
        app.router.add_post(f"{WIDGET_PATH}/send", self.send)
        app.router.add_post(f"{WIDGET_PATH}/finish", self.finish)

    async def open(self, request: web.Request) -> web.Response:
        """Return the customer's choices, and the right PIN: this is a sandbox."""
        session, _ = await self._session(request)
        found = candidates(session, self.backend.bank.accounts)
        return _answer(
            {
                "flow": session.flow,
                "merchant_name": self.settings.merchant_name,
                "accounts": [
                    {
                        "account_number": account.account_number,
                        "account_type": account.account_type,
                        "available_credit": account.available_credit,
                    }
                    for account in found
                ],
                "choices": list(choices(session, self.backend)),
                "pin": session.pin,
                "event": session.event,
            }
        )

    async def send(self, request: web.Request) -> web.Response:
        """Send the PIN again."""
        session, body = await self._session(request)
        send_pin(session, _mfa(body), self.backend)
        return _answer({})

    async def finish(self, request: web.Request) -> web.Response:
        """End the session, unless the PIN is wrong and the customer may try again."""
        session, body = await self._session(request)
        choice = _choice(body)
        if choice is None:
            raise web.HTTPBadRequest(text="unknown choice")
        if choice == "approve" and session.event is None:
            right = check_pin(session, str(body.get("pin")))
            if right is False:
                return _answer({"event": None})
            choice = "approve" if right else "decline"
        number = body.get("account_number")
        try:
            event = finish(
                session,
                choice,
                self.backend,
                self.settings.now(),
                account_number=number if isinstance(number, int) else None,
                mfa=_mfa(body),
            )
        except ValueError as error:
            raise web.HTTPConflict(text=str(error)) from None
        return _answer({"event": event})

    async def _session(self, request: web.Request) -> tuple[WidgetSession, dict[str, object]]:
        """Find the session of a request by the three parts of its URL, which must match."""
        # Other content types could be sent by any site without a preflight request (CORS).
        if request.content_type != JSON_TYPE:
            raise web.HTTPUnsupportedMediaType
        try:
            body: object = json.loads(await request.read())
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise web.HTTPBadRequest(text="the body must be a JSON object")
        sent = cast("dict[str, object]", body)
        token = str(sent.get("token"))
        session_id = sent.get("widget_session_id")
        sessions = self.backend.sessions
        found = sessions.find(str(session_id)) if session_id else sessions.last_of(token)
        if (
            found is None
            or found.token.access_token != token
            or found.client_id != sent.get("client_id")
        ):
            raise web.HTTPNotFound(text="the sandbox has not opened this widget session")
        return found, sent


def _static(
    body: bytes, content_type: str
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=_HEADERS)

    return serve


def _answer(value: Json) -> web.Response:
    return web.Response(body=json_bytes(value), content_type=JSON_TYPE, headers=_HEADERS)


def _choice(body: dict[str, object]) -> Choice | None:
    requested = body.get("choice")
    for choice in CHOICES:
        if choice == requested:
            return choice
    return None


def _mfa(body: dict[str, object]) -> Mfa:
    requested = body.get("mfa")
    for mfa in MFAS:
        if mfa == requested:
            return mfa
    return "sms"
