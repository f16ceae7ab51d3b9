"""
POST oauth/token: the rules of spec section 2; `invents` labels where it is silent.

`Settings.oauth` replaces some of them by those of the npm package `oauth2-server` (spec section 9).
"""

import binascii
from base64 import b64decode
from urllib.parse import unquote_plus

from flexiti_async.sandbox.settings import SCOPES, Settings
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.tokens import Token, revoke_family
from flexiti_async.sandbox.validation.request import reference_id_errors
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import (
    INVALID,
    REQUIRED,
    FieldError,
    RefusalError,
    wrong_inputs,
)
from flexiti_async.sandbox.wire.request import Incoming, Json, Pairs

__all__ = ["CLIENT_CREDENTIALS", "REFRESH_TOKEN", "answer", "requested"]

CLIENT_CREDENTIALS = "client_credentials"
"""The default grant."""
REFRESH_TOKEN = "refresh_token"  # noqa: S105 (the name of a grant)
"""The grant that exchanges a refresh token, as long as the access token of its pair is valid."""


@invents(
    "oauth/token",
    (
        "Parameters in the query, a parameter that is sent twice and a body that is not a form "
        "are 400 `invalid_request`; credentials are checked before anything else."
    ),
    spec="2.1",
)
@invents(
    "oauth/token",
    (
        "A refresh token that is late, unknown or spent is 400 `invalid_request`, and a spent "
        "one also revokes its successors."
    ),
    spec="2.4",
    setting="oauth",
)
@invents(
    "oauth/token",
    (
        "A refresh without `scope` asks for the default, `merchant`; another scope than that of "
        "its token is `wrong_inputs`."
    ),
    spec="2.4",
    setting="oauth",
)
@invents(
    "oauth/token",
    "A refresh revokes the access token before it.",
    spec="2.4",
    setting="refresh_revokes_access",
)
@invents(
    "oauth/token",
    "HTTP Basic is ignored.",
    spec="8.7",
    setting="oauth",
)
def answer(incoming: Incoming, settings: Settings, backend: Backend) -> dict[str, Json]:
    """Issue a token (spec section 2.2) or refuse (section 2.7)."""
    fields = _fields(incoming)
    _authenticate(fields, incoming, settings)
    grant = fields.get("grant_type", CLIENT_CREDENTIALS)
    if grant not in {CLIENT_CREDENTIALS, REFRESH_TOKEN}:
        raise _invalid_request("The grant_type is unknown.", "grant_type", INVALID)
    previous = None
    scope = fields.get("scope", SCOPES[0])
    if grant == REFRESH_TOKEN:
        previous = backend.ledger.find_refresh(fields.get("refresh_token", ""))
        if previous is not None and settings.oauth.refresh_keeps_scope:
            scope = fields.get("scope", previous.scope)
    errors = reference_id_errors(incoming)
    if scope not in SCOPES:
        errors.append(FieldError("scope", INVALID, scope))
    if errors:
        raise wrong_inputs(errors)
    if scope not in settings.scopes:
        raise RefusalError(409, "invalid_role", "The client may not ask for this scope.")
    now = settings.now()
    if grant == REFRESH_TOKEN:
        _spend(previous, fields, scope, settings)
    token = backend.ledger.issue(
        scope=scope,
        grant=grant,
        now=now,
        expires_in=settings.expires_in,
        family=None if previous is None else previous.family,
    )
    return {
        "token_type": "bearer",
        "access_token": token.access_token,
        "expires_in": settings.expires_in,
        "refresh_token": token.refresh_token,
        "scope": token.scope,
    }


def requested(form: Pairs) -> tuple[str, str, str | None]:
    """Return the grant, the scope (the API's defaults included) and the refresh token of a form."""
    fields = _given(form)
    return (
        fields.get("grant_type", CLIENT_CREDENTIALS),
        fields.get("scope", SCOPES[0]),
        fields.get("refresh_token"),
    )


def _given(form: Pairs) -> dict[str, str]:
    # RFC 6749 section 3.2: a parameter without a value counts as omitted.
    return {name: value for name, value in form if value}


def _fields(incoming: Incoming) -> dict[str, str]:
    if incoming.query:
        # Not echoed: the query may contain a secret.
        raise RefusalError(400, "invalid_request", "Query parameters are not accepted.")
    if incoming.form is None:
        raise RefusalError(400, "invalid_request", "The body must be form-urlencoded.")
    names = [name for name, _ in incoming.form]
    if len(names) != len(set(names)):
        # RFC 6749 section 3.2: parameters must not be included more than once.
        raise RefusalError(400, "invalid_request", "A parameter was sent more than once.")
    return _given(incoming.form)


def _authenticate(fields: dict[str, str], incoming: Incoming, settings: Settings) -> None:
    client = (settings.client_id, settings.client_secret)
    sent = _basic(incoming) if settings.oauth.basic else None
    if sent is not None:
        # RFC 6749 section 2.3.1 encodes both before base 64; the npm package does not.
        if client in (sent, tuple(map(unquote_plus, sent))):
            return
        raise RefusalError(
            401,
            "invalid_client",
            "The client id or secret is wrong.",
            headers={"WWW-Authenticate": 'Basic realm="Service"'},
        )
    missing = [name for name in ("client_id", "client_secret") if name not in fields]
    if not missing and (fields["client_id"], fields["client_secret"]) == client:
        return
    errors = [FieldError(name, REQUIRED) for name in missing]
    raise RefusalError(400, "invalid_client", "The client id or secret is wrong.", errors)


def _basic(incoming: Incoming) -> tuple[str, str] | None:
    """Return client id and secret of an HTTP Basic header, empty ones of a malformed one."""
    word, _, encoded = "".join(incoming.authorization[:1]).partition(" ")
    if word.lower() != "basic":
        return None
    try:
        client_id, colon, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (client_id, secret) if colon else ("", "")


def _spend(token: Token | None, fields: dict[str, str], scope: str, settings: Settings) -> None:
    """Spend a refresh token (spec section 2.4), or refuse and leave it unspent."""
    if "refresh_token" not in fields:
        raise _invalid_request("The refresh_token is missing.", "refresh_token", REQUIRED)
    if token is None:
        raise _invalid_grant("The refresh_token is unknown.", settings)
    if token.spent:
        if settings.oauth.replay_revokes:
            revoke_family(token.family)
        raise _invalid_grant("The refresh_token was used before.", settings)
    if not token.live(settings.now()):
        raise _invalid_grant("The access token has ended.", settings)
    if scope != token.scope:
        raise wrong_inputs([FieldError("scope", INVALID, scope)])
    token.spent = True
    token.revoked = settings.refresh_revokes_access


def _invalid_grant(message: str, settings: Settings) -> RefusalError:
    code = "invalid_grant" if settings.oauth.as_package else "invalid_request"
    # The value is not echoed: it may be a token.
    return RefusalError(400, code, message, [FieldError("refresh_token", INVALID)])


def _invalid_request(message: str, param: str, msg: str) -> RefusalError:
    # The value is not echoed: it may be a token.
    return RefusalError(400, "invalid_request", message, [FieldError(param, msg)])
