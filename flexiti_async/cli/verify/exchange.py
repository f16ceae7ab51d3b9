"""One request and its answer as the report shows them: names, types and codes only."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeAlias, cast
from urllib.parse import parse_qsl

from attrs import field, frozen

from flexiti_async.protocol.body import HttpResponse, body_of
from flexiti_async.protocol.echoes import Echoes
from flexiti_async.protocol.json_codec import UnfitError, decode
from flexiti_async.protocol.redact import mask
from flexiti_async.protocol.request import HttpRequest

__all__ = ["Exchange", "Shown", "at", "exchange_of", "masked"]

Shown: TypeAlias = "str | int | bool | list[Shown] | dict[str, Shown] | None"
"""The part of a JSON value that is shown."""

_SHOWN_HEADERS: Final = ("content-type", "cache-control", "www-authenticate", "retry-after")
_MOST_ITEMS: Final = 3
_DEEPEST: Final = 8
_LONGEST: Final = 120
_MOST: Final = 1_000_000
# Vocabulary of the API, of OAuth2 and of our own requests. All other values are described by type
# and size: they may be personal, or a token.
_WORDS: Final = frozenset(
    {
        *("error", "error_description", "message", "param", "msg"),
        *("token_type", "expires_in", "scope", "grant_type"),
        *("flow", "lang", "action", "verified", "status", "verify", "tos_agreement"),
        *("account_status", "account_status_reason_code", "account_type", "risk_rating"),
        *("authorization_status", "transaction_type", "category_type", "customer_category_type"),
        *("offer_category", "type", "auto_capture", "full_return", "preferred_language"),
        *("page_number", "page_size", "plan_id", "term", "term_options"),
    }
)


@frozen
class Exchange:
    """
    One request and its answer.

    Attributes:
        step: Name of the step of the run.
        endpoint: Name of the endpoint.
        version: Version segment of its URL.
        method: HTTP method.
        path: Path below the version, with names in place of values.
        sent: The query and the body that were sent, masked.
        status: HTTP status; None without an answer.
        headers: Some headers of the answer.
        answer: The body of the answer, masked.
        read: How the library read it: the name of a model or of an error.
        code: The API's error code; None without one.
        data: The decoded body, for the judges only: it is in no report.
    """

    step: str
    endpoint: str
    version: str
    method: str
    path: str
    sent: Shown
    status: int | None
    headers: Mapping[str, str]
    answer: Shown
    read: str
    code: str | None = None
    data: object = field(default=None, repr=False)

    @property
    def succeeded(self) -> bool:
        """Whether the API answered 2xx, and the library could read it."""
        return self.status is not None and 200 <= self.status < 300 and not self.failed

    @property
    def failed(self) -> bool:
        """Whether the library made an error of it."""
        return self.read.endswith("!")

    @property
    def summary(self) -> str:
        """The answer in a few words: `409 wrong_inputs`."""
        if self.status is None:
            return "no answer"
        return " ".join(filter(None, (str(self.status), self.code)))

    def as_json(self) -> dict[str, Shown]:
        """Return the exchange for the report."""
        return {
            "step": self.step,
            "endpoint": self.endpoint,
            "request": f"{self.method} {self.version}/{self.path}",
            "sent": self.sent,
            "status": self.status,
            "headers": dict(self.headers),
            "answer": self.answer,
            "read": self.read,
        }


def exchange_of(
    step: str,
    request: HttpRequest,
    path: str,
    *,
    answer: HttpResponse | Exception,
    result: object,
    sent: Echoes,
) -> Exchange:
    """
    Build the exchange of a request.

    Args:
        step: Name of the step.
        request: The request.
        path: Version and path, with names in place of values.
        answer: The answer, or why there is none.
        result: The library's reading of it: a model, or an error.
        sent: Masks what was sent, where the answer repeats it.
    """
    version, _, below = path.partition("/")
    failed = isinstance(result, Exception)
    data: object = None if isinstance(answer, Exception) else _decoded(answer)
    code = at(data, "error")
    return Exchange(
        step=step,
        endpoint=request.endpoint,
        version=version,
        method=request.method,
        path=below,
        sent=_sent(request),
        status=None if isinstance(answer, Exception) else answer.status,
        headers={} if isinstance(answer, Exception) else _headers(answer, sent),
        answer=str(answer) if isinstance(answer, Exception) else _body(answer, data, sent),
        read=type(result).__name__ + "!" * failed,
        code=sent.mask(code)[:_LONGEST] if isinstance(code, str) else None,
        data=data,
    )


def masked(value: object, sent: Echoes, name: str = "", depth: int = 0) -> Shown:
    """Return a JSON value without personal data: names, types, sizes, and the API's own words."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping | list):
        return "…" if depth > _DEEPEST else _nested(cast("object", value), sent, name, depth + 1)
    if name in _WORDS and isinstance(value, str | int):
        return sent.mask(str(value))[:_LONGEST] if isinstance(value, str) else min(value, _MOST)
    return "decimal number" if isinstance(value, Decimal | float) else mask(value)


def _nested(value: object, sent: Echoes, name: str, depth: int) -> Shown:
    if isinstance(value, list):
        items = cast("list[object]", value)
        shown = [masked(each, sent, name, depth) for each in items[:_MOST_ITEMS]]
        return [*shown, f"… {len(items)} in all"] if len(items) > _MOST_ITEMS else shown
    members = cast("Mapping[str, object]", value).items()
    return {sent.mask(key): masked(each, sent, key, depth) for key, each in members}


def at(data: object, path: str) -> object:
    """Return the value at a path of decoded JSON, whose names dots separate; None without one."""
    for name in path.split("."):
        if isinstance(data, list):
            items = cast("list[object]", data)
            data = items[int(name)] if name.isdigit() and int(name) < len(items) else None
        elif isinstance(data, dict):
            data = cast("dict[str, object]", data).get(name)
        else:
            return None
    return data


def _sent(request: HttpRequest) -> Shown:
    given: dict[str, object] = dict(request.url.query)
    text = (request.body or b"").decode(errors="replace")
    if request.headers.get("content-type", "").startswith("application/x-www-form"):
        given |= dict(parse_qsl(text))
    elif text:
        given |= cast("dict[str, object]", decode(text.encode()))
    return masked(given, Echoes(None))


def _headers(answer: HttpResponse, sent: Echoes) -> dict[str, str]:
    shown = [name for name in _SHOWN_HEADERS if name in answer.headers]
    return {name: sent.mask(answer.headers[name])[:_LONGEST] for name in shown}


def _decoded(answer: HttpResponse) -> object:
    try:
        return body_of(answer)
    except UnfitError:
        return None


def _body(answer: HttpResponse, data: object, sent: Echoes) -> Shown:
    if data is None and answer.body.strip() not in {b"", b"null"}:
        return f"not JSON, {len(answer.body)} bytes"
    return masked(data, sent)
