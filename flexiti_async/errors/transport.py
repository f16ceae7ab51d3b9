"""Errors of calls without an answer."""

from flexiti_async.errors.base import FlexitiError

__all__ = [
    "BadHttp",
    "ConnectError",
    "ConnectionLost",
    "OutcomeUnknown",
    "RequestTimeout",
    "TransportError",
]


class TransportError(FlexitiError):
    """
    The call has no answer.

    Attributes:
        reference_id: The `x-reference-id` of the request.
        endpoint: The endpoint's name in the API's words, such as `widget/init`.
    """

    def __init__(
        self, message: str = "", *, reference_id: str | None = None, endpoint: str | None = None
    ) -> None:
        super().__init__(message)
        self.reference_id = reference_id
        self.endpoint = endpoint


class ConnectError(TransportError, ConnectionError):
    """No connection, so nothing was sent: the call is safe to repeat."""


class RequestTimeout(TransportError, TimeoutError):
    """No answer in time. The request may have run; this call is safe to repeat."""


class ConnectionLost(TransportError, ConnectionError):
    """The connection broke before the answer was complete; this call is safe to repeat."""


class BadHttp(TransportError):
    """The answer is not HTTP, or larger than the client accepts."""


class OutcomeUnknown(TransportError):
    """
    A call that must not be repeated may or may not have run.

    Look up its `reference_id` first, in the shop's own records and at Flexiti.

    Attributes:
        status: HTTP status of an inconclusive answer; None without an answer.
    """

    def __init__(
        self,
        message: str = "",
        *,
        reference_id: str | None = None,
        endpoint: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, reference_id=reference_id, endpoint=endpoint)
        self.status = status
