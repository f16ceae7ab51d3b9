"""
The token request: its form, and how its answer is classified (spec section 2).

Failures are classified here, in one place:

| class | from | what follows |
|---|---|---|
| transient | no answer, 5xx, 408, malformed, a 4xx without `error` | back off, then one probe |
| throttled | 429, or 503 with Retry-After | wait for Retry-After, then one probe |
| rejected | any other 4xx to a refresh_token grant | client_credentials at once |
| misconfigured | any other 4xx: invalid_client, wrong scope, … | long back-off: our configuration |

A 200 with an `error` and no token counts as a 400. The codes `server_error` and
`temporarily_unavailable` (RFC 6749 section 4.1.2.1) are transient, whatever the status.

An answer without the API's `error` comes from something in between, such as a proxy's page with
status 400 or 413: it says nothing of the credentials. The statuses 465 to 467 are the API's own.

`TokenError.kind` carries the class. The functions return errors instead of raising them: no
traceback may hold a frame with a form or an answer among its locals.
"""

import math
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, cast

from attrs import field, frozen

from flexiti_async.errors import (
    ApiError,
    ClockError,
    Throttled,
    TokenError,
    TokenMisconfigured,
    TokenRejected,
    TokenThrottled,
    TokenUnavailable,
)
from flexiti_async.protocol.body import HttpResponse, body_of
from flexiti_async.protocol.echoes import Echoes
from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.response import error_of
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import structure
from flexiti_async.protocol.token import Scope

__all__ = ["ENDPOINT", "Granted", "basic_authorization", "grant_form", "read_grant"]

ENDPOINT: Final = "oauth/token"
_HTTP_BAD_REQUEST: Final = 400
_HTTP_REQUEST_TIMEOUT: Final = 408
_HTTP_SERVICE_UNAVAILABLE: Final = 503
_OWN_STATUSES: Final = frozenset({465, 466, 467})
_PASSING: Final = frozenset({"server_error", "temporarily_unavailable"})
"""Codes of RFC 6749 section 4.1.2.1 that say nothing of the credentials."""
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_PROGRAM: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,30}(/[0-9][0-9A-Za-z.]{0,15})?", re.ASCII)
"""A product with its version, as RFC 9110 section 10.2.4 has it in `Server`."""
_NOTHING_SENT: Final = Echoes(None)
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9.+-]{1,40}/[A-Za-z0-9.+-]{1,40}")
_LONGEST_LIFETIME: Final = 7 * 86_400.0
# RFC 6750 section 2.1, b64token: only these are safe in a header, or in a URL's path.
_BEARER: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
# More than the portal's ASCII(1000) for the header (spec section 1.3): JWTs are longer.
_LONGEST_TOKEN: Final = 4096
_DEFAULT_LIFETIME: Final = 1200.0  # the documented one (spec section 2.2)
_GRANTED: Final = (200, 201)
_SECONDS: Final = re.compile(r"[0-9]{1,300}(\.[0-9]{1,300})?")


@frozen
class Granted:
    """
    The tokens that a token request obtained.

    Attributes:
        access_token: The bearer token.
        refresh_token: Good for one refresh; None if the answer had none.
        lifetime: Seconds until the access token expires, from just before the request was sent.
    """

    access_token: Secret
    refresh_token: Secret | None
    lifetime: float


@frozen
class TokenAnswer:
    """
    The answer of oauth/token.

    `extra` may hold a refresh token that could not be read: it goes nowhere.
    """

    token_type: str
    access_token: Secret
    expires_in: object = None
    refresh_token: Secret | None = None
    scope: object = None
    extra: dict[str, object] = field(factory=dict[str, object], repr=False)


def grant_form(
    client: tuple[str, Secret] | None, scope: Scope, refresh_token: Secret | None = None
) -> Secret:
    """
    Build the form of a token request, URL-encoded, as one Secret.

    With a refresh token it is a `refresh_token` grant, without one a `client_credentials` grant.
    A refresh sends the scope again, because the documented default is `merchant` (spec 2.4).

    Args:
        client: Client id and secret; None if a header carries them.
        scope: The scope to request.
        refresh_token: The refresh token to spend.
    """
    from urllib.parse import urlencode

    form: dict[str, str] = {}
    if client is not None:
        form = {"client_id": client[0], "client_secret": client[1].reveal()}
    if refresh_token is None:
        form["grant_type"] = "client_credentials"
    else:
        form["grant_type"] = "refresh_token"
        form["refresh_token"] = refresh_token.reveal()
    return Secret(urlencode({**form, "scope": scope.value}))


def basic_authorization(client_id: str, client_secret: Secret) -> Secret:
    """Return the `authorization` header of a client: encoded first (RFC 6749 section 2.3.1)."""
    from base64 import b64encode
    from urllib.parse import quote_plus

    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret.reveal())}"
    return Secret(f"Basic {b64encode(pair.encode()).decode()}")


def read_grant(
    answer: HttpResponse,
    *,
    reference_id: str,
    scope: Scope,
    refreshing: bool,
    sent: Sequence[Secret | None] = (),
    odd: list[str] | None = None,
) -> Granted | TokenError:
    """
    Return what an answer of oauth/token grants, or the classified failure.

    Args:
        answer: The answer.
        reference_id: The `x-reference-id` of the request.
        scope: The scope that was asked for.
        refreshing: It answers a refresh.
        sent: The secrets of the request, which are masked in an error.
        odd: Receives the places of optional fields that could not be read.
    """
    granted, echoes = answer.status in _GRANTED, Echoes(None, *sent)
    if not granted or _names_an_error(answer):
        error = error_of(answer, reference_id=reference_id, endpoint=ENDPOINT, sent=echoes)
        return classify(
            error,
            refreshing=refreshing,
            headers=answer.headers,
            sent=echoes,
            status=_HTTP_BAD_REQUEST if granted else None,
        )
    try:
        body = structure(body_of(answer), TokenAnswer, odd)
    except UnfitError as unfit:
        place = f"{unfit.place} ({_form(answer.headers, echoes)})"
    else:
        lifetime = _lifetime(body.expires_in)
        problem = _problem(body, scope) or (lifetime if isinstance(lifetime, str) else None)
        if problem is None and isinstance(lifetime, float):
            if lifetime <= 0:
                return ClockError(
                    "the token endpoint granted an expired token: expires_in must be above 0",
                    status=answer.status,
                    reference_id=reference_id,
                )
            return Granted(body.access_token, _refresh_token(body, odd), lifetime)
        place = problem or "expires_in"
    return TokenUnavailable(
        f"the answer of {ENDPOINT} is malformed: {place}",
        status=answer.status,
        reference_id=reference_id,
    )


def _names_an_error(answer: HttpResponse) -> bool:
    """Whether a body says `error` and grants nothing, as some servers answer with status 200."""
    try:
        body = body_of(answer)
    except UnfitError:
        return False
    if not isinstance(body, dict):
        return False
    members = cast("Mapping[str, object]", body)
    return isinstance(members.get("error"), str) and "access_token" not in members


def classify(
    error: ApiError,
    *,
    refreshing: bool,
    headers: Mapping[str, str] = _NO_HEADERS,
    sent: Echoes = _NOTHING_SENT,
    status: int | None = None,
) -> TokenError:
    """
    Classify an error that the token endpoint, or merchants/login, answered.

    Args:
        error: The error.
        refreshing: It answered a refresh.
        headers: Of the answer.
        sent: Masks what the request sent.
        status: The status by which it is classified; its own by default.
    """
    kind: type[TokenError]
    foreign = error.code is None and not 200 <= error.status < 300
    status = error.status if status is None else status
    waits = isinstance(error, Throttled) or (
        error.status == _HTTP_SERVICE_UNAVAILABLE and error.retry_after is not None
    )
    if waits:
        kind = TokenThrottled
    elif status == _HTTP_REQUEST_TIMEOUT or not 400 <= status < 500 or error.code in _PASSING:
        kind = TokenUnavailable
    elif refreshing:
        # The credentials may still be valid: the grant without this refresh token will show.
        # Which status an expired refresh token gets is UNKNOWN (spec section 2.4).
        kind = TokenRejected
    elif foreign and error.status not in _OWN_STATUSES:
        kind = TokenUnavailable
    else:
        kind = TokenMisconfigured
    return kind(
        f"{error}: not an answer of the API ({_form(headers, sent)})" if foreign else str(error),
        status=error.status,
        code=error.code,
        description=error.message or None,
        retry_after=error.retry_after,
        reference_id=error.reference_id,
    )


def _form(headers: Mapping[str, str], sent: Echoes) -> str:
    """Return the media type of an answer, and the program that names itself in it, for a text."""
    media_type = _MEDIA_TYPE.match(headers.get("content-type", ""))
    text = media_type[0].lower() if media_type else "no content type"
    program = _PROGRAM.match(headers.get("server", ""))
    return f"{text}, Server: {sent.mask(program[0])}" if program else text


def _lifetime(value: object) -> float | str:
    """
    Read expires_in, a number in the samples; a number in quotes is accepted too.

    It is only recommended (RFC 6749 section 5.1): without it a token has the documented lifetime.
    """
    if value is None or value == "":
        return _DEFAULT_LIFETIME
    if isinstance(value, str) and _SECONDS.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return "expires_in is not a number"
    try:
        seconds = float(value)  # pyright: ignore[reportArgumentType]
    except (OverflowError, ValueError):
        return "expires_in is not a finite number of seconds"
    if not math.isfinite(seconds):
        return "expires_in is not a finite number of seconds"
    # Refreshing a token after a week is harmless, even if it claims a longer lifetime.
    return min(seconds, _LONGEST_LIFETIME)


def _refresh_token(body: TokenAnswer, odd: list[str] | None) -> Secret | None:
    """Return the refresh token; one that cannot be sent is none, as if it were of another type."""
    token = body.refresh_token
    if token is None or _is_token(token):
        return token
    if odd is not None:
        odd.append("characters beyond RFC 6750 section 2.1 at TokenAnswer.refresh_token")
    return None


def _problem(body: TokenAnswer, scope: Scope) -> str | None:
    # Samples show "bearer" and "Bearer" (spec section 2.2).
    if body.token_type.lower() != "bearer":
        return "token_type is not bearer"
    if not _is_token(body.access_token):
        return f"access_token must be at most {_LONGEST_TOKEN} characters of RFC 6750 section 2.1"
    # Older samples have no scope. A merchant token in place of a customer token must never reach a
    # browser.
    if body.scope and _scopes(body.scope) != {scope.value}:
        return f"scope is not {scope.value}, which was requested"
    return None


def _scopes(given: object) -> set[str]:
    """Return the scopes of an answer: a text with spaces (RFC 6749 section 3.3), or a list."""
    if isinstance(given, str):
        return set(given.lower().split())
    if isinstance(given, list):
        return {str(one).lower() for one in cast("list[object]", given)}
    return {""}


def _is_token(token: Secret) -> bool:
    text = token.reveal()
    return len(text) <= _LONGEST_TOKEN and _BEARER.fullmatch(text) is not None
