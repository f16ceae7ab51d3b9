"""One received request as a value, without I/O."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import parse_qsl

from attrs import field, frozen

__all__ = [
    "FORM_TYPE",
    "JSON_TYPE",
    "Incoming",
    "Json",
    "Pairs",
    "parse_form",
]

Json: TypeAlias = bool | int | Decimal | str | list["Json"] | dict[str, "Json"] | None
"""Any JSON value. Numbers with a fraction are exact: money is never a float."""

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values of a query or a form, in order, repeated names included."""

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
        endpoint: Name of its endpoint (see `ENDPOINTS`), or `UNKNOWN_ENDPOINT`.
        version: Version segment of its path, `v2.5` or `v2.5.1`; empty if the path is unknown.
        method: HTTP method.
        path: Path as sent, without the query.
        query: Query parameters.
        content_type: Media type of the body in lower case, without its parameters.
        authorization: Every `authorization` header.
        reference_ids: Every `x-reference-id` header.
        idempotency_keys: Every `x-idempotency-key` header.
        context_hashes: Every `x-context-hash` header.
        body: The body; empty if it was too large.
        too_large: Whether the body was too large.
        form: The body as a form; None for any other body.
        client_id: The client id of the path, decoded; empty if the path has none.
        path_values: The other values in the path, decoded, by their names in `ENDPOINTS`.
        base_url: API base URL of the server, without a trailing slash.
    """

    endpoint: str
    version: str
    method: str
    path: str = field(repr=False)
    query: Pairs = field(repr=False)
    content_type: str
    authorization: tuple[str, ...] = field(repr=False)
    reference_ids: tuple[str, ...]
    idempotency_keys: tuple[str, ...] = field(repr=False)
    context_hashes: tuple[str, ...] = field(repr=False)
    body: bytes = field(repr=False)
    too_large: bool
    form: Pairs | None = field(repr=False)
    client_id: str
    path_values: Mapping[str, str] = field(repr=False)
    base_url: str


def parse_form(content_type: str, body: bytes) -> Pairs | None:
    """Parse a urlencoded body (spec section 2.1); None for another type or a malformed one."""
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
