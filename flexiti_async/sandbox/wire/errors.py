"""Refusals and their error bodies (spec section 6.1)."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import asdict, field, frozen

from flexiti_async.sandbox.wire.request import Json

__all__ = [
    "INVALID",
    "LENGTH",
    "REQUIRED",
    "WRONG_FORMAT",
    "FieldError",
    "RefusalError",
    "error_body",
    "json_bytes",
    "not_found",
    "wrong_inputs",
]

REQUIRED = "required"
"""`msg` of a field that is missing."""
LENGTH = "length"
"""`msg` of a field with too many or too few characters or digits."""
WRONG_FORMAT = "wrong format"
"""`msg` of a field of the wrong JSON type or form."""
INVALID = "invalid"
"""`msg` of a field that is well-formed but not allowed."""


@frozen
class FieldError:
    """
    One entry of `field_errors`.

    Attributes:
        param: Name of the field, header or query parameter; dots mean nesting.
        msg: The problem, one of the four constants above.
        value: The value that was sent; None if absent. Possibly personal data, so repr hides it.
    """

    param: str
    msg: str
    value: Json = field(default=None, repr=False)


class RefusalError(Exception):
    """
    A request that the API refuses.

    Attributes:
        status: HTTP status (spec section 6.2).
        error: Error code that clients match on (spec section 6.3).
        message: Text for humans.
        field_errors: The field errors.
        headers: Headers of the answer.
    """

    def __init__(
        self,
        status: int,
        error: str,
        message: str,
        field_errors: Iterable[FieldError] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, error, message)
        self.status = status
        self.error = error
        self.message = message
        self.field_errors = tuple(field_errors)
        self.headers = headers or {}


def wrong_inputs(field_errors: Iterable[FieldError]) -> RefusalError:
    """Build the refusal of a request with invalid inputs: 409 `wrong_inputs`."""
    return RefusalError(409, "wrong_inputs", "Some inputs are wrong!", field_errors)


def error_body(url: str, refusal: RefusalError, *, describes: bool = False) -> bytes:
    """
    Encode the body of a refusal (spec section 6.1).

    Args:
        url: The path of the request.
        refusal: The refusal.
        describes: Whether it has an `error_description`, too (RFC 6749 section 5.2).
    """
    description: dict[str, Json] = {"error_description": refusal.message} if describes else {}
    return json_bytes(
        {
            "url": url,
            "message": refusal.message,
            "error": refusal.error,
            **description,
            "field_errors": [asdict(error, recurse=False) for error in refusal.field_errors],
        }
    )


def not_found(what: str) -> RefusalError:
    """Build the refusal of a request that names something unknown: 404 `not_found`."""
    return RefusalError(404, "not_found", f"There is no such {what}.")


def json_bytes(value: Json) -> bytes:
    """Encode JSON; a Decimal becomes a number with exactly its digits."""
    return _json_text(value).encode()


def _json_text(value: Json) -> str:
    # The standard library cannot encode a Decimal, and a float would not be exact.
    match value:
        case dict():
            members = (f"{json.dumps(name)}:{_json_text(each)}" for name, each in value.items())
            return f"{{{','.join(members)}}}"
        case list():
            return f"[{','.join(map(_json_text, value))}]"
        case Decimal():
            return f"{value:f}"
        case _:
            return json.dumps(value)
