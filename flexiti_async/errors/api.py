"""The API answered, and the answer is an error: by status, and codes of every endpoint."""

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
        code: The API's `error`, what a program should match on; None if the body named none.
        message: The API's text for people.
        field_errors: Faults of parameters, values masked.
        reference_id: The `x-reference-id` that the request carried.
        url: Path that the API says the error is about.
        endpoint: The endpoint's name in the API's words, such as `widget/init`.
        retry_after: Seconds to wait before trying again, where the answer said so.
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

    def __str__(self) -> str:
        told = [f"HTTP {self.status}"]
        if self.code:
            told.append(self.code)
        text = f"{' '.join(told)}: {self.message}" if self.message else " ".join(told)
        if self.field_errors:
            text += f" [{'; '.join(str(fault) for fault in self.field_errors)}]"
        where = [self.endpoint] if self.endpoint else []
        if self.reference_id:
            where.append(f"reference id {self.reference_id}")
        return f"{text} ({', '.join(where)})" if where else text


class BadRequest(ApiError):
    """HTTP 400, used by a few endpoints (oauth, apply, verify), or a 4xx without a name here."""


class Unauthorized(ApiError):
    """HTTP 401: the token is wrong or has expired, also after one repeat with a new one."""


class Forbidden(ApiError):
    """HTTP 403, or 465 (payload), 466 (access list), 467 (region), which mean the same."""


class InsufficientScope(Forbidden):
    """HTTP 403: the endpoint does not take tokens of this scope. Never repeated."""


class NotFound(ApiError):
    """HTTP 404."""


class Conflict(ApiError):
    """HTTP 409: a business answer, never repeated. `code` says which."""


class WrongInputs(Conflict):
    """`wrong_inputs`: the API refused parameters; see `field_errors`."""


class InvalidRole(Conflict):
    """`invalid_role`: these credentials may not do this."""


class GeneralError(Conflict):
    """`general_error`: the portal asks to contact Flexiti with the reference id."""


class AuthenticationFailure(Conflict):
    """`authentication_failure`: merchants/login refused the user name or the password."""


class Throttled(ApiError):
    """HTTP 429."""


class ServerError(ApiError):
    """HTTP 5xx."""


class MalformedAnswer(ApiError):
    """
    The answer is not what the API documents: not JSON, wrong types, a redirect.

    The text names the place of the fault, never what stood there.
    """
