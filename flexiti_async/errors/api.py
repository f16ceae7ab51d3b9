"""Errors that the API answers: by status, and codes that every endpoint shares."""

from collections.abc import Sequence

from flexiti_async.errors.base import FieldError, FlexitiError

__all__ = [
    "ApiError",
    "AuthenticationFailure",
    "BadRequest",
    "Conflict",
    "Forbidden",
    "GeneralError",
    "InsufficientScope",
    "InvalidRole",
    "MalformedAnswer",
    "NotFound",
    "ServerError",
    "Throttled",
    "Unauthorized",
    "WrongInputs",
]


class ApiError(FlexitiError):
    """
    The API answered, and the answer is an error (spec section 6).

    Attributes:
        status: HTTP status.
        code: The API's `error`, for programs to match on; None if the body has none.
        message: The API's text for people.
        field_errors: Errors of parameters, values masked.
        reference_id: The `x-reference-id` of the request.
        url: The path in the API's error.
        endpoint: The endpoint's name in the API's words, such as `widget/init`.
        retry_after: Seconds to wait before a retry, if the answer has them.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int = 0,
        code: str | None = None,
        field_errors: Sequence[FieldError] = (),
        reference_id: str | None = None,
        url: str | None = None,
        endpoint: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.field_errors = tuple(field_errors)
        self.reference_id = reference_id
        self.url = url
        self.endpoint = endpoint
        self.retry_after = retry_after

    def _message(self) -> str:
        text = f"HTTP {self.status} {self.code}" if self.code else f"HTTP {self.status}"
        if self.message:
            text += f": {self.message}"
        if self.field_errors:
            text += f" [{'; '.join(str(error) for error in self.field_errors)}]"
        return text


class BadRequest(ApiError):
    """HTTP 400, used by a few endpoints (oauth, apply, verify), or a 4xx without its own class."""


class Unauthorized(ApiError):
    """HTTP 401: the API rejects the token of this call, also after one repeat."""


class Forbidden(ApiError):
    """HTTP 403, or 465 (payload), 466 (access list), 467 (region), which the portal equates."""


class InsufficientScope(Forbidden):
    """HTTP 403: the endpoint does not accept tokens of this scope. Never repeated."""


class NotFound(ApiError):
    """HTTP 404."""


class Conflict(ApiError):
    """HTTP 409: a business answer, named by `code`. Never repeated."""


class WrongInputs(Conflict):
    """`wrong_inputs`: the API rejected parameters; see `field_errors`."""


class InvalidRole(Conflict):
    """`invalid_role`: these credentials may not do this."""


class GeneralError(Conflict):
    """`general_error`: the portal says to contact Flexiti with the reference id."""


class AuthenticationFailure(Conflict):
    """`authentication_failure`: merchants/login rejected the user name or the password."""


class Throttled(ApiError):
    """HTTP 429."""


class ServerError(ApiError):
    """HTTP 5xx."""


class MalformedAnswer(ApiError):
    """
    The answer cannot be read: not JSON, a required field missing or of another type, a redirect.

    An optional field that cannot be read is no error: the model has it in `extra`. The text names
    the place of the problem, never the value.
    """
