"""Errors of calls without an answer."""

from flexiti_async.errors.base import FlexitiError

__all__ = [
    "BadHttp",
    "ConnectError",
    "ConnectionLost",
    "RequestTimeout",
    "TransportError",
]


class TransportError(FlexitiError):
    """
    The call has no answer.

    Attributes:
        reference_id: The `x-reference-id` of the request.
        endpoint: The endpoint's name in the API's words, such as `widget/init`.
        errno: The operating system's error number, None without one.
    """

    # A plain attribute: the one that `OSError` has is neither pickled nor copied.
    errno: int | None = None

    def __init__(
        self,
        message: str = "",
        *,
        reference_id: str | None = None,
        endpoint: str | None = None,
        errno: int | None = None,
    ) -> None:
        super().__init__(message)
        self.reference_id = reference_id
        self.endpoint = endpoint
        self.errno = errno


class ConnectError(TransportError, ConnectionError):
    """
    The request was never sent as a whole: the call is safe to repeat.

    Attributes:
        reason: `dns`, `connection` (refused, unreachable, or closed before anything was written;
            see `errno`), `timeout`, `tls`, `certificate`, `proxy`, `pool` (no connection was free),
            `token` (it ended before a connection was free), `client_session` (the session that was
            lent cannot send it) or `request`.
        address: Host and port that the connection was for; the proxy's for reason `proxy`.
        proxy_status: HTTP status that the proxy answered, None if it is not about that.
        verify_code: OpenSSL's number for the fault of the certificate, None if it is not about
            that: 10 expired, 18 self-signed, 62 another host name.
    """

    def __init__(
        self,
        message: str = "",
        *,
        reference_id: str | None = None,
        endpoint: str | None = None,
        errno: int | None = None,
        reason: str = "connection",
        address: str | None = None,
        proxy_status: int | None = None,
        verify_code: int | None = None,
    ) -> None:
        super().__init__(message, reference_id=reference_id, endpoint=endpoint, errno=errno)
        self.reason = reason
        self.address = address
        self.proxy_status = proxy_status
        self.verify_code = verify_code


class RequestTimeout(TransportError, TimeoutError):
    """No answer in time. The request may have run; this call is safe to repeat."""


class ConnectionLost(TransportError, ConnectionError):
    """The connection broke before the answer was complete; this call is safe to repeat."""


class BadHttp(TransportError):
    """The answer is not HTTP, or larger than the client accepts."""
