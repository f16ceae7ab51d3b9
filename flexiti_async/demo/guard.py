"""
Protection of the shop's pages: sessions, CSRF tokens, and limits on tries.

The cookie holds a random session id. Each form contains a keyed hash of it, so a page of another
site, which can read neither, cannot send one (OWASP's "HMAC based token pattern").
"""

import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from flexiti_async.demo.visits import WINDOW, Tries, Visit, Visits

__all__ = [
    "CSRF_FIELD",
    "CSRF_HEADER",
    "MOST_WIDGETS",
    "VISIT",
    "application_id_of",
    "begin_anew",
    "begin_application",
    "check_token",
    "clear_tries",
    "client_of",
    "csrf_token",
    "end",
    "form_of",
    "origin_of",
    "reference_id_of",
    "renew",
    "spend_try",
]

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"
MOST_WIDGETS: Final = 30
"""Number of widgets that one address may start within 15 minutes."""
VISIT: Final = "visit"
"""Key of the session in the state of a request."""
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429


def reference_id_of(request: Request) -> str:
    """Return the reference id of this customer's cart, and of the checkout that pays for it."""
    return _visit(request).reference_id


def application_id_of(request: Request) -> str:
    """Return the reference id of this customer's application."""
    return _visit(request).application_id


async def begin_anew(request: Request) -> str:
    """Give this customer's cart another reference id, because its checkout has ended."""
    visit = await _visits(request).begin_anew(_visit(request))
    request.scope["state"][VISIT] = visit
    return visit.reference_id


async def begin_application(request: Request) -> str:
    """Give this customer another application, and return its reference id."""
    visit = await _visits(request).begin_application(_visit(request))
    request.scope["state"][VISIT] = visit
    return visit.application_id


async def renew(request: Request) -> None:
    """
    Give this customer another session id, because the session has become worth more.

    Whoever planted the old one, or has seen it, is left with nothing (session fixation).
    """
    request.scope["state"][VISIT] = await _visits(request).renew(_visit(request))


async def end(request: Request) -> None:
    """End this customer's session; another one begins."""
    await _visits(request).end(_visit(request))
    request.scope["state"][VISIT] = await _visits(request).begin()


async def spend_try(request: Request, kind: str, who: str, most: int) -> None:
    """
    Count a try.

    Args:
        request: The request.
        kind: What is tried.
        who: Whose tries are counted together.
        most: Number of tries that are allowed within 15 minutes.

    Raises:
        HTTPException: 429, too many tries.
    """
    if not await _tries(request).spend(f"{kind} {who}", most):
        raise HTTPException(_TOO_MANY, headers={"Retry-After": str(WINDOW)})


async def clear_tries(request: Request, kind: str, who: str) -> None:
    """Forget the tries: the last one succeeded."""
    await _tries(request).clear(f"{kind} {who}")


def client_of(request: Request) -> str:
    """Return the address of the customer's machine."""
    return request.client.host if request.client else ""


def csrf_token(request: Request) -> str:
    """Compute the CSRF token that forms contain; empty outside of a session."""
    visit: Visit | None = request.scope["state"].get(VISIT)
    if visit is None:  # the error page of an address without a language: it has no form
        return ""
    key: str = request.app.state.settings.secret_key
    return hmac.digest(key.encode(), b"csrf " + visit.session_id.encode(), "sha256").hex()


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


def _visit(request: Request) -> Visit:
    visit: Visit = request.scope["state"][VISIT]
    return visit


def _visits(request: Request) -> Visits:
    visits: Visits = request.app.state.visits
    return visits


def _tries(request: Request) -> Tries:
    tries: Tries = request.app.state.tries
    return tries


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
