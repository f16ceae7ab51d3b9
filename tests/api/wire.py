"""Calls on the wire: the request beside a sample, and the reading of answers."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
from yarl import URL

from flexiti_async.errors import ApiError, FieldError, ValidationError
from flexiti_async.protocol.call import BaseCall
from flexiti_async.protocol.request import RequestBuilder
from flexiti_async.protocol.response import HttpResponse, read_answer
from flexiti_async.protocol.secret import Secret

T = TypeVar("T")
BASE = "https://posapi.example/flexiti/pos-api"
SAMPLES = Path(__file__).parent.parent / "samples"
SESSION = "00000000-0000-4000-8000-000000000000"

_BUILDER = RequestBuilder(BASE, "shop")
_EVERY_REQUEST_HAS = {
    "accept-encoding",
    "authorization",
    "content-type",
    "user-agent",
    "x-reference-id",
}


def sample(name: str) -> dict[str, Any]:
    """Read a request that was written from the specification."""
    text = (SAMPLES / f"{name}.json").read_text()
    request: dict[str, Any] = json.loads(text, parse_float=Decimal)
    url = URL(BASE + request["url"])
    return {"body": None, "headers": {}, **request, "url": url.path, "query": dict(url.query)}


def sent(call: BaseCall[object]) -> dict[str, Any]:
    """Return a call's request, in the form of a sample."""
    request = _BUILDER.call(call, Secret("token"), "ref-1")
    own = {name: v for name, v in request.headers.items() if name not in _EVERY_REQUEST_HAS}
    body = None if request.body is None else json.loads(request.body, parse_float=Decimal)
    return {
        "method": request.method,
        "url": request.url.path,
        "query": dict(request.url.query),
        "headers": own,
        "body": body,
    }


def read(call: BaseCall[T], body: object, status: int = 200) -> T | ApiError:
    """Read an answer to a call."""
    return read_answer(call, HttpResponse(status, {}, json.dumps(body).encode()), "ref-1")


def answered(call: BaseCall[T], body: object) -> T:
    """Read a valid answer to a call."""
    result = read(call, body)
    assert not isinstance(result, ApiError), result
    return result


def error_kind(call: BaseCall[object], status: int, code: str) -> str:
    """Return the class name of an API code, after checking code and endpoint."""
    error = read(call, {"error": code, "message": "No!"}, status)

    assert isinstance(error, ApiError)
    assert (status, code, call.endpoint) == (error.status, error.code, error.endpoint)
    return type(error).__name__


def codes(table: str) -> list[tuple[int, str, str]]:
    """Read lines of `status code class`."""
    rows = (line.split() for line in table.strip().splitlines())
    return [(int(status), code, kind) for status, code, kind in rows]


def rejected(make: Callable[..., object], given: Mapping[str, Any]) -> tuple[FieldError, ...]:
    """Return the field errors of an invalid request or call."""
    with pytest.raises(ValidationError) as caught:
        make(**given)
    return caught.value.field_errors
