"""There was no answer."""

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
    There was no answer.

    Attributes:
        reference_id: The `x-reference-id` that the request carried.
        endpoint: The endpoint's name in the API's words, such as `widget/init`.
    """

    def __init__(
        self, message: str = "", *, reference_id: str | None = None, endpoint: str | None = None
    ) -> None:
        super().__init__(message)
        self.reference_id = reference_id
        self.endpoint = endpoint


class ConnectError(TransportError, ConnectionError):
    """No connection was made, so nothing was sent: the same call may be made again."""


class RequestTimeout(TransportError, TimeoutError):
    """No answer came in time. The request may have run; this call is safe to repeat."""


class ConnectionLost(TransportError, ConnectionError):
    """The connection broke before the answer was whole; this call is safe to repeat."""


class BadHttp(TransportError):
    """What came back is not HTTP, or is larger than the client accepts."""


class OutcomeUnknown(TransportError):
    """
    A call that must not be repeated may or may not have run.

    Look its `reference_id` up (in the shop's own records and at Flexiti) before anything else.

    Attributes:
        status: HTTP status of an answer that did not tell; None without an answer.
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
