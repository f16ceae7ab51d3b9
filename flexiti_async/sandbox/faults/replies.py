"""The answer of the API, or its replacement by a fault, as far as it is valid HTTP."""

import json
from collections.abc import Mapping
from decimal import Decimal
from email.utils import formatdate

from attrs import evolve, field, frozen

from flexiti_async.sandbox.faults.kinds import (
    Alter,
    Answer,
    Endless,
    Fault,
    GzipBomb,
    Malformed,
    Redirect,
)
from flexiti_async.sandbox.wire.errors import RefusalError, error_body, json_bytes
from flexiti_async.sandbox.wire.request import Json

__all__ = ["Reply", "http_date", "reply_of"]

_HTML = b"<!DOCTYPE html><html><title>Sandbox</title><h1>This is not JSON.</h1></html>"


@frozen
class Reply:
    """
    An answer before it is sent.

    Attributes:
        status: HTTP status.
        body: Its body.
        headers: Its headers; the content type is JSON unless they contain another.
        error: Error code (spec section 6.3); None for a success.
    """

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(factory=dict[str, str])
    error: str | None = None


def http_date(at: float) -> str:
    """Format a time as an HTTP date (RFC 9110 section 5.6.7)."""
    return formatdate(at, usegmt=True)


def reply_of(fault: Fault | None, real: Reply | None, path: str, now: float) -> Reply | None:
    """
    Return the answer, or None if there is nothing to send.

    Args:
        fault: The fault that the request meets, if any.
        real: The answer of the API; None if the request was not processed.
        path: Path of the request.
        now: The sandbox's time.
    """
    reply: Reply | None
    match fault:
        case Answer():
            reply = _scripted(fault, path, now)
        case Redirect():
            reply = Reply(fault.status, b"", {"Location": fault.url})
        case Endless():
            reply = Reply(200, b"")
        case GzipBomb():
            reply = Reply(200, b"", {"Content-Encoding": "gzip"})
        case Alter() if real is not None:
            reply = evolve(real, body=_altered(real.body, fault))
        case Malformed() if real is not None:
            reply = _malformed(real, fault)
        case _:
            reply = real
    return reply


def _scripted(fault: Answer, path: str, now: float) -> Reply:
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        moment = http_date(now + fault.retry_after)
        headers["Retry-After"] = moment if fault.retry_after_date else str(fault.retry_after)
    if fault.body is not None:
        return Reply(fault.status, fault.body, headers)
    refusal = RefusalError(fault.status, "general_error", "This answer was scripted.")
    return Reply(fault.status, error_body(path, refusal), headers, refusal.error)


def _altered(body: bytes, fault: Alter) -> bytes:
    real: Json = json.loads(body, parse_float=Decimal)
    if not isinstance(real, dict):
        return body
    changes: dict[str, Json] = json.loads(json.dumps(dict(fault.fields)), parse_float=Decimal)
    kept = {name: value for name, value in real.items() if name not in fault.omit}
    return json_bytes({**kept, **changes})


def _malformed(real: Reply, fault: Malformed) -> Reply:
    body = real.body
    half = body[: len(body) // 2]
    match fault.shape:
        case "html":
            return Reply(real.status, _HTML, {**real.headers, "Content-Type": "text/html"})
        case "json-as-text":
            return evolve(real, headers={**real.headers, "Content-Type": "text/plain"})
        case "html-as-json":
            body = _HTML
        case "half":
            body = half
        case "list":
            body = b"[]"
        case "empty" | "no-http":
            body = b""
        case "not-utf8":
            body = half + b"\xff" + body[len(half) :]
    return evolve(real, body=body)
