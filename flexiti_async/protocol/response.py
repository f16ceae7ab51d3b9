"""
Reads every answer: status, headers and body in, a value or a typed error out.

`read_answer` is total: it returns for every input and never raises. Errors are returned, so that no
traceback holds a frame with the raw answer among its locals.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Final, TypeVar, cast

from flexiti_async.errors import (
    ApiError,
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    InsufficientScope,
    MalformedAnswer,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
)
from flexiti_async.protocol.body import HttpResponse, body_of
from flexiti_async.protocol.call import BaseCall
from flexiti_async.protocol.echoes import Echoes
from flexiti_async.protocol.error_codes import CLASSES
from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.redact import mask
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import structure

__all__ = [
    "HttpResponse",
    "error_named",
    "error_of",
    "read_answer",
    "retry_after",
    "seconds_of_http_date",
]


T = TypeVar("T")

_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: Throttled,
    465: Forbidden,  # 465 to 467: the portal says to treat them like 403 (spec section 6.2)
    466: Forbidden,
    467: Forbidden,
}

_CODES: Final = frozenset(code for codes in CLASSES.values() for code in codes)
_SCOPE_TEXT: Final = "insufficient scope"
_NOTHING_SENT: Final = Echoes(None)
_MOST_FIELD_ERRORS: Final = 100
_ENTRY: Final = frozenset({"param", "msg", "value"})
_LONGEST_WAIT: Final = 86_400.0
_LONGEST_DATE: Final = 64


def read_answer(
    call: BaseCall[T],
    answer: HttpResponse,
    reference_id: str,
    token: Secret | None = None,
    odd: list[str] | None = None,
) -> T | ApiError:
    """
    Return the result of `call` from its answer, or the answer's typed error.

    The values that the call sent, and its token, are masked in the error. `odd` receives the places
    of optional fields that could not be read, as for `structure`.
    """
    if not 200 <= answer.status < 300:
        sent = Echoes(call, token)
        return error_of(answer, reference_id=reference_id, endpoint=call.endpoint, sent=sent)
    try:
        return structure(body_of(answer), call.result, odd)
    except UnfitError as unfit:
        place = unfit.place
    return MalformedAnswer(
        f"the answer is malformed: {place}",
        status=answer.status,
        reference_id=reference_id,
        endpoint=call.endpoint,
    )


def error_of(
    answer: HttpResponse, *, reference_id: str, endpoint: str, sent: Echoes = _NOTHING_SENT
) -> ApiError:
    """Return the typed error of an answer whose status is not 2xx, without what was sent."""
    body = _error_body(answer)
    code = _text(body, "error")
    # RFC 6749 section 5.2 calls it error_description.
    message = sent.mask(_text(body, "message") or _text(body, "error_description") or "")
    kind = _kind(answer.status, code, message)
    if kind is MalformedAnswer and not message:
        message = "unexpected redirect" if 300 <= answer.status < 400 else "unexpected status"
        if 200 <= answer.status < 300:
            message = "an error, with the status of a success"
    url = _text(body, "url")
    return kind(
        message,
        status=answer.status,
        code=code if code is None or code in _CODES else sent.mask(code),
        field_errors=_field_errors(body, sent),
        reference_id=reference_id,
        url=None if url is None else sent.mask(url),
        endpoint=endpoint,
        retry_after=retry_after(answer.headers),
    )


def error_named(
    status: int, code: str | None, message: str, *, reference_id: str, endpoint: str
) -> ApiError:
    """Return the typed error of a refusal that was recorded: status, code and text."""
    kind = _kind(status, code, message)
    return kind(message, status=status, code=code, reference_id=reference_id, endpoint=endpoint)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """
    Read `Retry-After` as seconds, at most a day; None if it is absent or invalid.

    A date counts from the answer's own `Date`, so that our clock does not matter; without that
    header it is ignored.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return min(float(text), _LONGEST_WAIT)
    until = seconds_of_http_date(text)
    since = seconds_of_http_date(headers.get("date", ""))
    if until is None or since is None:
        return None
    return min(max(until - since, 0.0), _LONGEST_WAIT)


def seconds_of_http_date(text: str) -> float | None:
    """
    Read an HTTP date (RFC 9110 section 5.6.7, all three forms) as seconds since the epoch.

    A date without a zone counts as UTC; None if the text is not a date.
    """
    if len(text) > _LONGEST_DATE or not text.isascii():
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _kind(status: int, code: str | None, message: str) -> type[ApiError]:
    if 500 <= status <= 599:
        return ServerError
    if status == 402:  # of older pages (spec section 6.2)
        return CLASSES[Conflict].get(code or "", BadRequest)
    kind = _BY_STATUS.get(status)
    if kind is None:
        return BadRequest if 400 <= status < 500 else MalformedAnswer
    if code is not None and code in CLASSES.get(kind, {}):
        return CLASSES[kind][code]
    # The portal has the text in the column of codes, so it may come as either (spec section 9).
    if status == 403 and any(_SCOPE_TEXT in _words(text) for text in (code or "", message)):
        return InsufficientScope
    return kind


def _words(text: str) -> str:
    return text.lower().replace("_", " ")


def _error_body(answer: HttpResponse) -> Mapping[str, object]:
    """Return an error's JSON object, empty for anything else (46x and 5xx need not be JSON)."""
    try:
        data = body_of(answer)
    except UnfitError:
        return {}
    return cast("Mapping[str, object]", data) if isinstance(data, dict) else {}


def _text(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _field_errors(body: Mapping[str, object], sent: Echoes) -> list[FieldError]:
    # The samples say field_errors, the prose error_fields (spec section 8 row 22).
    for name in ("field_errors", "error_fields"):
        found = [
            FieldError(sent.mask(param), sent.mask(msg), value)
            for param, msg, value in islice(_entries(body.get(name), ""), _MOST_FIELD_ERRORS)
        ]
        if found:
            return found
    return []


def _entries(listed: object, name: str) -> Iterator[tuple[str, str, str | None]]:
    """
    Yield name, text and masked value of each field error.

    The documented form is a list of objects. One object, an object by the names of the fields and
    bare texts are read as well: the shop has to know which field is wrong.
    """
    if isinstance(listed, str) and listed:
        yield name, listed, None
    elif isinstance(listed, list):
        for one in cast("list[object]", listed):
            yield from _entries(one, name)
    elif isinstance(listed, dict):
        entry = cast("dict[str, object]", listed)
        param, msg = _text(entry, "param"), _text(entry, "msg")
        if param is not None or msg is not None:
            value = mask(entry["value"]) if entry.get("value") is not None else None
            yield param or name, msg or "", value
            return
        for key, one in entry.items():
            if key not in _ENTRY:
                yield from _entries(one, f"{name}.{key}" if name else key)
