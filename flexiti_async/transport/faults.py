"""
The exceptions of aiohttp as errors that say whether the request was sent.

| exception | sent | error |
|---|---|---|
| `ClientConnectorError` and its subclasses (DNS, refusal, TLS, certificate, proxy, socket file) | no | `ConnectError` |
| `ServerFingerprintMismatch`, `ConnectionTimeoutError` | no | `ConnectError` |
| `ClientHttpProxyError`, and any bad answer to CONNECT | no | `ConnectError` |
| "Cannot write to closing transport" | no: the request never left as a whole | `ConnectError` |
| `InvalidURL`, `NonHttpUrlClientError`, an `Authorization` of the session's own | no | `ConnectError` |
| `TimeoutError`, `SocketTimeoutError` | unknown | `RequestTimeout` |
| other `ClientConnectionError`, `ClientPayloadError`, `UploadAbortedError`, `OSError` | unknown | `ConnectionLost` |
| other `ClientError`, `ValueError` | unknown | `BadHttp` |
| an exception of a callback of the session that was lent, also a `CancelledError` | unknown | `TransportError` |

Over a new connection of our own the answer is exact: until the connection exists and the request is
about to be written, nothing was sent, whatever the exception (`Progress`). Over a session that was
lent, a "no" counts only if aiohttp itself has raised it: a callback or middleware of the shop may
make requests of its own, also after this one was sent, and raise their errors.
"""  # noqa: E501 - a table

import asyncio
import math
import os
import socket
import ssl
from collections.abc import Callable
from traceback import walk_tb
from typing import Final

import aiohttp
from attrs import define
from yarl import URL

from flexiti_async.errors import (
    BadHttp,
    ConnectError,
    ConnectionLost,
    RequestTimeout,
    TransportError,
)
from flexiti_async.protocol.redact import printable
from flexiti_async.protocol.request import HttpRequest

__all__ = ["Progress", "address_of", "connect_error", "error_of", "failure", "unconnected"]

_NEVER_CONNECTED: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ConnectionTimeoutError,
)
_AIOHTTP: Final = "aiohttp"
_NOT_A_REQUEST: Final = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)
_BROKEN: Final = (
    aiohttp.ClientConnectionError,
    aiohttp.ClientPayloadError,
    aiohttp.UploadAbortedError,
    OSError,
)


@define
class Progress:
    """
    How far a request over a new connection has come.

    Attributes:
        connected: The connection exists and the request is about to be written, so from here on it
            may have been sent.
        left: Returns the seconds until it may not be sent any more, by the caller's clocks.
        until: The same, as a time of the event loop.
    """

    connected: bool = False
    left: Callable[[], float] = lambda: math.inf
    until: float = math.inf

    def over(self) -> bool:
        """Whether the request may not be sent any more."""
        return self.left() <= 0 or asyncio.get_running_loop().time() >= self.until


def failure(
    kind: type[TransportError], request: HttpRequest, text: str, *, errno: int | None = None
) -> TransportError:
    """Build the error of a request that failed."""
    return kind(
        _text(request, text),
        reference_id=request.reference_id,
        endpoint=request.endpoint,
        errno=errno,
    )


def connect_error(
    request: HttpRequest,
    text: str,
    *,
    reason: str = "connection",
    errno: int | None = None,
    address: str | None = None,
    proxy_status: int | None = None,
    verify_code: int | None = None,
) -> ConnectError:
    """Build the error of a request that was not sent."""
    return ConnectError(
        _text(request, text),
        reference_id=request.reference_id,
        endpoint=request.endpoint,
        errno=errno,
        reason=reason,
        address=address,
        proxy_status=proxy_status,
        verify_code=verify_code,
    )


def address_of(url: URL) -> str:
    """Return host and port of a URL."""
    return f"{url.host}:{url.port}"


def error_of(
    request: HttpRequest,
    error: BaseException,
    *,
    proxy: URL | None = None,
    progress: Progress | None = None,
) -> TransportError:
    """
    Map an exception to an error that says whether the request was sent.

    Args:
        request: The request.
        error: The exception; nothing of it is kept.
        proxy: The proxy in use, if it is known.
        progress: How far the request came, if that is known.
    """
    foreign = progress is None and _passed_callbacks(error)
    never_sent = None if foreign else _never_sent(request, error, proxy)
    if never_sent is not None:
        return never_sent
    name = type(error).__name__
    errno = error.errno if isinstance(error, OSError) else None
    if progress is not None and not progress.connected:
        return connect_error(
            request,
            f"no connection to {request.url.origin()}{_through(proxy)} ({name})",
            reason="connection" if proxy is None else "proxy",
            errno=errno,
            address=address_of(proxy or request.url),
        )
    if isinstance(error, TimeoutError):
        return failure(RequestTimeout, request, "no answer in time")
    if isinstance(error, _BROKEN):
        shown = name if errno is None else f"{name}, {_system_text(errno)}"
        return failure(ConnectionLost, request, f"the connection broke ({shown})", errno=errno)
    if isinstance(error, aiohttp.ClientError | ValueError):
        return failure(BadHttp, request, f"the answer is not HTTP ({name})")
    text = f"a callback of the client session that was lent raised {name}"
    return failure(TransportError, request, text)


def _passed_callbacks(error: BaseException) -> bool:
    """Whether an exception came out of code that aiohttp had called: a callback, a middleware."""
    packages = [
        str(frame.f_globals.get("__name__")).partition(".")[0]
        for frame, _ in walk_tb(error.__traceback__)
    ]
    # Wrappers around aiohttp, such as those of tracers, come before it.
    inner = packages[packages.index(_AIOHTTP) :] if _AIOHTTP in packages else packages
    return any(package != _AIOHTTP for package in inner)


def _never_sent(
    request: HttpRequest, error: BaseException, proxy: URL | None
) -> ConnectError | None:
    """Return the error if the exception proves that the request was not sent; None otherwise."""
    if isinstance(error, _NEVER_CONNECTED):
        return _not_connected(request, error, proxy)
    if isinstance(error, aiohttp.ClientResponseError) and _is_of_connect(error):
        via = "the proxy" if proxy is None else f"the proxy {address_of(proxy)}"
        status = error.status if isinstance(error, aiohttp.ClientHttpProxyError) else None
        return connect_error(
            request,
            f"{via} answered CONNECT with {status or 'something that is not HTTP'}",
            reason="proxy",
            address=None if proxy is None else address_of(proxy),
            proxy_status=status,
        )
    if any(_is_unwritten(link) for link in (error, error.__cause__)):
        text = f"the connection to {request.url.origin()} closed before the request was written"
        return connect_error(request, text, address=address_of(request.url))
    if isinstance(error, _NOT_A_REQUEST) and not isinstance(error, aiohttp.RedirectClientError):
        text = f"the request cannot be sent ({type(error).__name__})"
        return connect_error(request, text, reason="request")
    # aiohttp's words, for `auth=` of a lent session, and for a netrc entry where it trusts the
    # environment.
    if isinstance(error, ValueError) and "Cannot combine AUTHORIZATION" in str(error):
        text = (
            "the client session that was lent has credentials of its own for this host (`auth=`, "
            "or netrc by `trust_env=True`), which would replace the access token"
        )
        return connect_error(request, text, reason="client_session")
    return None


def _not_connected(request: HttpRequest, error: Exception, proxy: URL | None) -> ConnectError:
    """Build the error of a connection that was not made, with all that is known of why."""
    name = type(error).__name__
    if not isinstance(error, aiohttp.ClientConnectorError):
        timed_out = isinstance(error, TimeoutError)
        return connect_error(
            request,
            f"no connection to {request.url.origin()}{_through(proxy)} in time"
            if timed_out
            else f"the certificate of {request.url.origin()} has another fingerprint",
            reason="timeout" if timed_out else "certificate",
            address=address_of((timed_out and proxy) or request.url),
        )
    return unconnected(
        request,
        error.certificate_error
        if isinstance(error, aiohttp.ClientConnectorCertificateError)
        else error.os_error,
        host=error.host,
        port=error.port,
        name=name,
        of_dns=isinstance(error, aiohttp.ClientConnectorDNSError),
        of_tls=isinstance(error, aiohttp.ClientSSLError),
        through_proxy=isinstance(error, aiohttp.ClientProxyConnectionError),
    )


def unconnected(
    request: HttpRequest,
    cause: Exception,
    *,
    host: str | None,
    port: int | None,
    name: str,
    of_dns: bool,
    of_tls: bool,
    through_proxy: bool = False,
) -> ConnectError:
    """
    Build the error of a connection that was not made, with all that is known of why.

    Args:
        request: The request.
        cause: The exception; nothing of it is kept.
        host: The host that was to be connected to.
        port: Its port.
        name: Shown where the exception says nothing.
        of_dns: The name could not be resolved.
        of_tls: TLS failed.
        through_proxy: The host is a proxy.
    """
    address = f"{host}:{port}"
    errno = cause.errno if isinstance(cause, OSError) else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        # Both are missing where Python made the exception itself.
        message = str(getattr(cause, "verify_message", "not valid"))
        return connect_error(
            request,
            f"the certificate of {address} is refused: {printable(message)}",
            reason="certificate",
            address=address,
            verify_code=getattr(cause, "verify_code", None),
        )
    if of_tls:
        shown = str(getattr(cause, "reason", None) or name)
        text = f"no TLS connection to {address} ({printable(shown)})"
        return connect_error(request, text, reason="tls", address=address)
    if of_dns:
        shown = str(cause.strerror) if isinstance(cause, socket.gaierror) else name
        text = f"the name {host} cannot be resolved ({shown})"
        return connect_error(request, text, reason="dns", errno=errno, address=address)
    shown = name if errno is None else _system_text(errno)
    return connect_error(
        request,
        f"no connection to {'the proxy ' if through_proxy else ''}{address} ({shown})",
        reason="proxy" if through_proxy else "connection",
        errno=errno,
        address=address,
    )


def _is_of_connect(error: aiohttp.ClientResponseError) -> bool:
    """Whether a proxy's answer to CONNECT failed, before the request itself was sent."""
    # A middleware may raise one with nothing in it.
    method = getattr(error.request_info, "method", "")
    return isinstance(error, aiohttp.ClientHttpProxyError) or method == "CONNECT"


def _is_unwritten(error: BaseException | None) -> bool:
    # The class alone proves nothing: a flush that fails after the last byte has it, too.
    return isinstance(error, aiohttp.ClientConnectionResetError) and "closing" in str(error)


def _system_text(errno: int) -> str:
    return f"{os.strerror(errno)}, errno {errno}"


def _through(proxy: URL | None) -> str:
    return "" if proxy is None else f" through the proxy {address_of(proxy)}"


def _text(request: HttpRequest, text: str) -> str:
    return f"{request.endpoint}: {text}"
