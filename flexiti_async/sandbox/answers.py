"""How the sandbox says no: the error bodies of spec section 6.1."""

import json
from collections.abc import Iterable, Mapping

from attrs import asdict, field, frozen

from flexiti_async.sandbox.wire import Json

__all__ = [
    "INVALID",
    "LENGTH",
    "REQUIRED",
    "WRONG_FORMAT",
    "FieldError",
    "RefusalError",
    "error_body",
    "json_bytes",
    "wrong_inputs",
]

REQUIRED = "required"
"""`msg` of a field that is missing."""
LENGTH = "length"
"""`msg` of a field with too many or too few characters or digits."""
WRONG_FORMAT = "wrong format"
"""`msg` of a field of the wrong JSON type or form."""
INVALID = "invalid"
"""`msg` of a field that is well formed and still not allowed."""


@frozen
class FieldError:
    """
    One entry of `field_errors`.

    Attributes:
        param: Name of the field, header or query parameter; dots mean nesting.
        msg: What is wrong, one of the four words above.
        value: What was sent; None if nothing was. It may be personal data, so repr hides it.
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
        message: Text for people.
        field_errors: What is wrong with which field.
    """

    def __init__(
        self, status: int, error: str, message: str, field_errors: Iterable[FieldError] = ()
    ) -> None:
        super().__init__(status, error, message)
        self.status = status
        self.error = error
        self.message = message
        self.field_errors = tuple(field_errors)


def wrong_inputs(field_errors: Iterable[FieldError]) -> RefusalError:
    """Make the refusal of a request whose inputs are wrong: 409 `wrong_inputs`."""
    return RefusalError(409, "wrong_inputs", "Some inputs are wrong!", field_errors)


def error_body(url: str, refusal: RefusalError) -> bytes:
    """Write the body of a refusal; `url` is the path of the request (spec section 6.1)."""
    return json_bytes(
        {
            "url": url,
            "message": refusal.message,
            "error": refusal.error,
            "field_errors": [asdict(fault, recurse=False) for fault in refusal.field_errors],
        }
    )


def json_bytes(value: Mapping[str, Json]) -> bytes:
    """Write a JSON object."""
    return json.dumps(value, separators=(",", ":")).encode()
