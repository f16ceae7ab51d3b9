"""
Protection of the shop's pages: the cookie, CSRF tokens, and headers.

The cookie is signed and contains only the reference id. Each form contains a keyed hash of it, so a
page of another site, which can read neither, cannot send one (OWASP's "HMAC based token pattern").
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flexiti_async.demo.orders import new_reference_id

__all__ = [
    "CSRF_FIELD",
    "CSRF_HEADER",
    "SafeHeaders",
    "begin_anew",
    "check_token",
    "csrf_token",
    "form_of",
    "origin_of",
    "reference_id_of",
]

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"
_REFERENCE_ID: Final = "reference_id"
_FORBIDDEN: Final = 403


def reference_id_of(request: Request) -> str:
    """Return the reference id in this customer's cookie; create one if it is missing."""
    found: object = request.session.get(_REFERENCE_ID)
    return found if isinstance(found, str) else begin_anew(request)


def begin_anew(request: Request) -> str:
    """Create another reference id for this customer: a new cart, or a new checkout."""
    reference_id = new_reference_id()
    request.session[_REFERENCE_ID] = reference_id
    return reference_id


def csrf_token(request: Request) -> str:
    """Compute the CSRF token that forms contain."""
    key: str = request.app.state.settings.secret_key
    return hmac.digest(key.encode(), b"csrf " + reference_id_of(request).encode(), "sha256").hex()


def check_token(request: Request, token: str | None) -> None:
    """
    Reject a request that was not sent by a page of this shop for this customer.

    Raises:
        HTTPException: 403, the token is missing or wrong.
    """
    if not hmac.compare_digest(csrf_token(request).encode(), (token or "").encode()):
        raise HTTPException(_FORBIDDEN)


async def form_of(request: Request) -> Mapping[str, str]:
    """
    Return the texts of a form of this shop.

    Raises:
        HTTPException: 403, the form was not sent by a page of this shop.
    """
    async with request.form(max_files=0, max_fields=50) as form:
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
    check_token(request, texts.get(CSRF_FIELD))
    return texts


class SafeHeaders:
    """
    A middleware whose headers allow browsers only what the pages need.

    Args:
        app: The next application.
        frames: URLs of the pages that may be framed: Flexiti's.
    """

    def __init__(self, app: ASGIApp, frames: Sequence[str]) -> None:
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if "etag" not in Headers(scope=message):  # only files have one
                    # Pages contain a customer's data, and the URL of the widget a token.
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, send_with_headers)


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
