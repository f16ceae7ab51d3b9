"""What arrives: the endpoints that the sandbox serves, and one request as a value without I/O."""

from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import parse_qsl

from attrs import field, frozen

__all__ = [
    "BASE_PATH",
    "ENDPOINT_PATHS",
    "FORM_TYPE",
    "JSON_TYPE",
    "UNKNOWN_ENDPOINT",
    "Incoming",
    "Json",
    "Pairs",
    "check_endpoint_names",
    "parse_form",
]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""Everything that JSON can say."""

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values of a query or a form, in their order, repeated names included."""

BASE_PATH = "/flexiti/pos-api"
"""The path of the API base URL (spec section 1.1)."""

ENDPOINT_PATHS = {
    "oauth/token": "/v2.5/oauth/token",
    "merchants/login": "/v2.5/client-id/{client_id}/merchants/login",
    "widget/init": "/v2.5/client-id/{client_id}/widget/init",
}
"""Endpoint name to path below `BASE_PATH` (spec section 0). All of them are POST."""

UNKNOWN_ENDPOINT = "unknown"
"""The endpoint name under which a request to any other path is recorded."""

FORM_TYPE = "application/x-www-form-urlencoded"
"""Content type of oauth/token (spec section 2.1)."""

JSON_TYPE = "application/json"
"""Content type of every other request, and of all answers (spec section 8, row 8)."""

_MAX_FORM_FIELDS = 32


@frozen
class Incoming:
    """
    One request, read completely.

    Attributes:
        method: HTTP method.
        path: Path as sent, without the query.
        query: Query parameters.
        content_type: Media type of the body in lower case, without its parameters.
        authorization: Every `authorization` header.
        reference_ids: Every `x-reference-id` header.
        body: The body; empty if it was too large.
        too_large: Whether it was.
        form: The body as a form; None if it is not one.
        client_id: The client id of the path, decoded; empty if the path has none.
        base_url: API base URL of the server that it came to, without a trailing slash.
    """

    method: str
    path: str = field(repr=False)
    query: Pairs = field(repr=False)
    content_type: str
    authorization: tuple[str, ...] = field(repr=False)
    reference_ids: tuple[str, ...]
    body: bytes = field(repr=False)
    too_large: bool
    form: Pairs | None = field(repr=False)
    client_id: str
    base_url: str


def parse_form(content_type: str, body: bytes) -> Pairs | None:
    """Read a urlencoded body (spec section 2.1); None if it is of another type or malformed."""
    if content_type != FORM_TYPE:
        return None
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MAX_FORM_FIELDS,
        )
    except ValueError:
        return None
    return tuple(pairs)


def check_endpoint_names(names: Iterable[str]) -> None:
    """
    Refuse a misspelt endpoint name, which would otherwise steer or count nothing.

    Raises:
        ValueError: A name is none of `ENDPOINT_PATHS` and not `UNKNOWN_ENDPOINT`.
    """
    known = (*ENDPOINT_PATHS, UNKNOWN_ENDPOINT)
    for name in names:
        if name not in known:
            msg = f"no endpoint is called {name!r}; there are: {', '.join(known)}"
            raise ValueError(msg)
