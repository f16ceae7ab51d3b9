"""Reads a request: bearer token, reference id and JSON body (spec sections 1.3, 6.4)."""

import json
import re
from decimal import Decimal

from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.tokens import Ledger, Token
from flexiti_async.sandbox.wire.endpoints import ENDPOINTS
from flexiti_async.sandbox.wire.errors import REQUIRED, WRONG_FORMAT, FieldError, RefusalError
from flexiti_async.sandbox.wire.request import JSON_TYPE, Incoming, Json

__all__ = ["authorize", "bearer_text", "json_object", "reference_id_errors"]

_GUID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BEARER = "Bearer"
_MAX_DEPTH = 32
_MAX_EXPONENT = 308  # the range of a double: errors echo numbers digit by digit


def bearer_text(incoming: Incoming, settings: Settings) -> str | None:
    """Return the access token of a request: one header, the word Bearer, a space, the token."""
    if len(incoming.authorization) != 1:
        return None
    word, space, text = incoming.authorization[0].partition(" ")
    if settings.oauth.any_case_bearer:
        word = word.capitalize()
    return text if space and word == _BEARER else None


def authorize(incoming: Incoming, settings: Settings, ledger: Ledger) -> Token:
    """
    Find the token of a request.

    Raises:
        RefusalError: 401 `invalid_token` without a valid token; 403 if the token was issued to
            another client id than that of the path, or if the endpoint does not accept tokens of
            its scope. The message of the latter is the API's (spec section 2.3); its code, which
            the spec does not define, is that of RFC 6750. With `Settings.oauth` of the npm package:
            401 `unauthorized_request` without a token, 400 `invalid_request` for a malformed one.
    """
    text = bearer_text(incoming, settings)
    token = None if text is None else ledger.find(text)
    if token is None:
        if text is None and settings.oauth.as_package:
            raise _as_package(incoming)
        reason = "is missing" if text is None else "is unknown"
    elif token.revoked:
        reason = "was revoked"
    elif not token.live(settings.now()):
        reason = "has expired"
    elif incoming.client_id != settings.client_id:
        raise RefusalError(403, "not_permitted", "The access token belongs to another client id.")
    elif token.scope == "customer" and not ENDPOINTS[incoming.endpoint].customer:
        raise RefusalError(
            403, "insufficient_scope", "Insufficient scope: authorized scope is insufficient"
        )
    else:
        return token
    raise RefusalError(401, "invalid_token", f"The access token {reason}.")


def _as_package(incoming: Incoming) -> RefusalError:
    """Return the refusal of a request without a readable token (spec section 9)."""
    if incoming.authorization:
        return RefusalError(400, "invalid_request", "The authorization header is malformed.")
    return RefusalError(401, "unauthorized_request", "No authentication was given.")


def reference_id_errors(incoming: Incoming) -> list[FieldError]:
    """Check `x-reference-id`: required once, 32 hex digits or a GUID of 36 with hyphens."""
    sent = incoming.reference_ids
    if not any(sent):
        return [FieldError("x-reference-id", REQUIRED)]
    if len(sent) == 1 and _GUID.fullmatch(sent[0]):
        return []
    return [FieldError("x-reference-id", WRONG_FORMAT, ", ".join(sent))]


def json_object(incoming: Incoming) -> tuple[dict[str, Json], list[FieldError]]:
    """Read a JSON object: the object and no errors, or an empty object and the field errors."""
    if incoming.content_type != JSON_TYPE:
        return {}, [FieldError("content-type", WRONG_FORMAT, incoming.content_type)]
    try:
        value: Json = json.loads(
            incoming.body.decode(),
            object_pairs_hook=_object,
            parse_float=_exact,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        return {}, [FieldError("body", WRONG_FORMAT)]
    if not isinstance(value, dict) or _too_deep(value, _MAX_DEPTH):
        return {}, [FieldError("body", WRONG_FORMAT)]
    return value, []


def _too_deep(value: Json, left: int) -> bool:
    """Whether a value is nested too deeply for recursive functions."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return left < 0 or any(_too_deep(each, left - 1) for each in inside)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a name occurs twice in one object"
        raise ValueError(msg)
    return members


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _MAX_EXPONENT:
        msg = "a number is too large or too small"
        raise ValueError(msg)
    return number


def _no_constant(name: str) -> Json:
    msg = f"{name} is not JSON"
    raise ValueError(msg)
