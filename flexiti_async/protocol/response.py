"""
One function reads every answer: status, headers and body in, a value or a typed error out.

It is total: whatever comes in, it returns; it never raises. Errors are returned, not raised, so
that no traceback holds a frame whose locals are the raw answer.
"""

from collections.abc import Mapping
from typing import Final, TypeVar, cast

from attrs import define, field

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
from flexiti_async.protocol.call import Call
from flexiti_async.protocol.error_codes import CLASSES
from flexiti_async.protocol.http_date import seconds_of_http_date
from flexiti_async.protocol.json_codec import UnfitError, decode
from flexiti_async.protocol.redact import mask, mask_text
from flexiti_async.protocol.structuring import structure

__all__ = ["HttpResponse", "error_of", "read_answer", "retry_after"]


@define
class HttpResponse:
    """
    A whole answer as it came.

    Attributes:
        status: HTTP status.
        headers: Header names in lower case and their values (the last of several).
        body: The bytes of the body.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


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

_SCOPE_TEXT: Final = "insufficient scope"
_MOST_FIELD_ERRORS: Final = 100
_LONGEST_WAIT: Final = 86_400.0


def read_answer(call: Call[T], answer: HttpResponse, reference_id: str) -> T | ApiError:
    """Make the value that `call` promises of an answer, or the error that the answer is."""
    if not 200 <= answer.status < 300:
        return error_of(answer, reference_id=reference_id, endpoint=call.endpoint)
    try:
        data: object = decode(answer.body) if answer.body.strip() else {}
        return structure(data, call.result)
    except UnfitError as unfit:
        place = unfit.place
    return MalformedAnswer(
        f"the answer does not fit: {place}",
        status=answer.status,
        reference_id=reference_id,
        endpoint=call.endpoint,
    )


def error_of(answer: HttpResponse, *, reference_id: str, endpoint: str) -> ApiError:
    """Make the typed error of an answer whose status is not 2xx."""
    body = _error_body(answer.body)
    code = _text(body, "error")
    message = mask_text(_text(body, "message") or "")
    kind = _kind(answer.status, code, message)
    if kind is MalformedAnswer and not message:
        message = "unexpected redirect" if 300 <= answer.status < 400 else "unexpected status"
    url = _text(body, "url")
    return kind(
        message,
        status=answer.status,
        code=None if code is None else mask_text(code),
        field_errors=_field_errors(body),
        reference_id=reference_id,
        url=None if url is None else mask_text(url),
        endpoint=endpoint,
        retry_after=retry_after(answer.headers),
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """
    Read `Retry-After`, seconds or a date; None without one that makes sense. At most a day.

    A date counts from the answer's own `Date`, so that no clock of ours matters; without that it
    makes no sense.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return min(float(text), _LONGEST_WAIT)
    until = seconds_of_http_date(text)
    since = seconds_of_http_date(headers.get("date", ""))
    if until is None or since is None:
        return None
    return min(max(until - since, 0.0), _LONGEST_WAIT)


def _kind(status: int, code: str | None, message: str) -> type[ApiError]:
    if 500 <= status <= 599:
        return ServerError
    kind = _BY_STATUS.get(status)
    if kind is None:
        return BadRequest if 400 <= status < 500 else MalformedAnswer
    if code is not None and code in CLASSES.get(kind, {}):
        return CLASSES[kind][code]
    if status == 403 and _SCOPE_TEXT in message.lower():
        return InsufficientScope
    return kind


def _error_body(body: bytes) -> Mapping[str, object]:
    """Read an error's JSON object; empty for anything else (46x and 5xx need not be JSON)."""
    try:
        data = decode(body)
    except UnfitError:
        return {}
    return cast("Mapping[str, object]", data) if isinstance(data, dict) else {}


def _text(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _field_errors(body: Mapping[str, object]) -> list[FieldError]:
    # The samples say field_errors, the prose error_fields (spec section 8 row 22).
    listed = body.get("field_errors", body.get("error_fields"))
    if not isinstance(listed, list):
        return []
    faults: list[FieldError] = []
    for item in cast("list[object]", listed)[:_MOST_FIELD_ERRORS]:
        if not isinstance(item, dict):
            continue
        fault = cast("Mapping[str, object]", item)
        param, msg = _text(fault, "param"), _text(fault, "msg")
        if param is None and msg is None:
            continue
        value = mask(fault["value"]) if fault.get("value") is not None else None
        faults.append(FieldError(mask_text(param or ""), mask_text(msg or ""), value))
    return faults
