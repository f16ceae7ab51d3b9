"""Every class of exception that aiohttp raises says whether the request was sent."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, Final

import aiohttp
import pytest
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from flexiti_async.errors import (
    BadHttp,
    ConnectError,
    ConnectionLost,
    RequestTimeout,
    TransportError,
)
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.retry import decide_retry
from flexiti_async.transport.faults import Progress, error_of

REQUEST: Final = HttpRequest("capture", "POST", URL("https://api.test/x"), {}, b"{}", "ref-1")
KEY: Final = ConnectionKey(
    "api.test", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
)
PROXY: Final = URL("http://user:password@proxy.test:3128")


def answered(method: str = "POST") -> aiohttp.RequestInfo:
    """Describe a request, as aiohttp does in its errors."""
    return aiohttp.RequestInfo(
        REQUEST.url, method, CIMultiDictProxy(CIMultiDict[str]()), REQUEST.url
    )


def connector(kind: Callable[..., Exception], cause: Exception) -> Callable[[], Exception]:
    """Make an error of a connection that was not made."""
    return lambda: kind(KEY, cause)


def response(kind: Callable[..., Exception], **given: Any) -> Callable[[], Exception]:
    """Make an error of an answer."""
    return lambda: kind(answered(**given), (), status=407)


REFUSED: Final = OSError(errno.ECONNREFUSED, "Connect call failed")

TABLE: Final[dict[str, tuple[Callable[[], Exception], str, type[TransportError]]]] = {
    # aiohttp's
    "ClientConnectionError": (aiohttp.ClientConnectionError, "unknown", ConnectionLost),
    "ClientConnectionResetError": (
        lambda: aiohttp.ClientConnectionResetError("Cannot write to closing transport"),
        "no",
        ConnectError,
    ),
    "ClientConnectorCertificateError": (
        connector(aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError(1, "x")),
        "no",
        ConnectError,
    ),
    "ClientConnectorDNSError": (
        connector(aiohttp.ClientConnectorDNSError, socket.gaierror(socket.EAI_NONAME, "unknown")),
        "no",
        ConnectError,
    ),
    "ClientConnectorError": (connector(aiohttp.ClientConnectorError, REFUSED), "no", ConnectError),
    "ClientConnectorSSLError": (
        connector(aiohttp.ClientConnectorSSLError, ssl.SSLError(1, "x")),
        "no",
        ConnectError,
    ),
    "ClientError": (aiohttp.ClientError, "unknown", BadHttp),
    "ClientHttpProxyError": (response(aiohttp.ClientHttpProxyError), "no", ConnectError),
    "ClientOSError": (
        lambda: aiohttp.ClientOSError(errno.ECONNRESET, "x"),
        "unknown",
        ConnectionLost,
    ),
    "ClientPayloadError": (aiohttp.ClientPayloadError, "unknown", ConnectionLost),
    "ClientProxyConnectionError": (
        connector(aiohttp.ClientProxyConnectionError, REFUSED),
        "no",
        ConnectError,
    ),
    "ClientResponseError": (response(aiohttp.ClientResponseError), "unknown", BadHttp),
    "ClientSSLError": (
        connector(aiohttp.ClientSSLError, ssl.SSLError(1, "x")),
        "no",
        ConnectError,
    ),
    "ConnectionTimeoutError": (aiohttp.ConnectionTimeoutError, "no", ConnectError),
    "ContentTypeError": (response(aiohttp.ContentTypeError), "unknown", BadHttp),
    "InvalidURL": (lambda: aiohttp.InvalidURL("x"), "no", ConnectError),
    "InvalidUrlClientError": (lambda: aiohttp.InvalidUrlClientError("x"), "no", ConnectError),
    "InvalidUrlRedirectClientError": (
        lambda: aiohttp.InvalidUrlRedirectClientError("x"),
        "unknown",
        BadHttp,
    ),
    "NonHttpUrlClientError": (lambda: aiohttp.NonHttpUrlClientError("x"), "no", ConnectError),
    "NonHttpUrlRedirectClientError": (
        lambda: aiohttp.NonHttpUrlRedirectClientError("x"),
        "unknown",
        BadHttp,
    ),
    "RedirectClientError": (aiohttp.RedirectClientError, "unknown", BadHttp),
    "ServerConnectionError": (aiohttp.ServerConnectionError, "unknown", ConnectionLost),
    "ServerDisconnectedError": (aiohttp.ServerDisconnectedError, "unknown", ConnectionLost),
    "ServerFingerprintMismatch": (
        lambda: aiohttp.ServerFingerprintMismatch(b"a", b"b", "api.test", 443),
        "no",
        ConnectError,
    ),
    "ServerTimeoutError": (aiohttp.ServerTimeoutError, "unknown", RequestTimeout),
    "SocketTimeoutError": (aiohttp.SocketTimeoutError, "unknown", RequestTimeout),
    "TooManyRedirects": (response(aiohttp.TooManyRedirects), "unknown", BadHttp),
    "UnixClientConnectorError": (
        lambda: UnixClientConnectorError("/path", KEY, REFUSED),
        "no",
        ConnectError,
    ),
    "UploadAbortedError": (
        aiohttp.UploadAbortedError,
        "unknown",
        ConnectionLost,
    ),
    "WSServerHandshakeError": (response(aiohttp.WSServerHandshakeError), "unknown", BadHttp),
    # the operating system's, as they come out of a socket in use
    "OSError": (lambda: OSError(errno.EIO, "x"), "unknown", ConnectionLost),
    "BrokenPipeError": (BrokenPipeError, "unknown", ConnectionLost),
    "ConnectionAbortedError": (ConnectionAbortedError, "unknown", ConnectionLost),
    "ConnectionRefusedError": (ConnectionRefusedError, "unknown", ConnectionLost),
    "ConnectionResetError": (ConnectionResetError, "unknown", ConnectionLost),
    "SSLError": (lambda: ssl.SSLError(1, "x"), "unknown", ConnectionLost),
    "TimeoutError": (TimeoutError, "unknown", RequestTimeout),
    "gaierror": (lambda: socket.gaierror(-2, "x"), "unknown", ConnectionLost),
    # and others
    "ValueError": (ValueError, "unknown", BadHttp),
    "of a callback": (LookupError, "unknown", TransportError),
}


def all_below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    """List a class and all that descend from it."""
    yield kind
    for below in kind.__subclasses__():
        yield from all_below(below)


def test_every_class_of_aiohttp_is_in_the_table() -> None:
    """A class that a new aiohttp brings has to be judged here."""
    found = {
        kind.__name__
        for root in (aiohttp.ClientError, OSError)
        for kind in all_below(root)
        if kind.__module__.startswith("aiohttp.") and not kind.__module__.startswith("aiohttp.web")
    }

    assert set() == found - TABLE.keys()


@pytest.mark.parametrize("name", TABLE)
def test_it_says_whether_the_request_was_sent(name: str) -> None:
    """Only what certainly was not sent is a ConnectError; the rest is unknown for money."""
    make, sent, kind = TABLE[name]

    error = error_of(REQUEST, make())
    money = decide_retry(error, Replay.NEVER, attempt=1, retries=0, time_left=9.0, random=0.5)

    assert (kind, "ref-1", "capture") == (type(error), error.reference_id, error.endpoint)
    assert ("no" if money is error else "unknown") == sent


@pytest.mark.parametrize("name", TABLE)
def test_nothing_was_sent_before_there_is_a_connection(name: str) -> None:
    """Over a new connection of our own, the answer does not depend on aiohttp's class."""
    error = error_of(REQUEST, TABLE[name][0](), progress=Progress(connected=False))

    assert isinstance(error, ConnectError)


def test_a_flush_that_fails_after_the_last_byte_proves_nothing() -> None:
    """The class is the same as for a request that was not written."""
    error = error_of(REQUEST, aiohttp.ClientConnectionResetError("Connection lost"))

    assert ConnectionLost is type(error)


def test_an_unwritten_body_is_found_behind_the_error_that_wraps_it() -> None:
    """A body is written in a task of its own, which wraps the error."""
    wrapped = aiohttp.ClientOSError(None, "Can not write request body")
    wrapped.__cause__ = aiohttp.ClientConnectionResetError("Cannot write to closing transport")

    assert ConnectError is type(error_of(REQUEST, wrapped))


def certificate_fault(code: int, words: str) -> Exception:
    """Make the error of a certificate that OpenSSL refuses."""
    fault = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    fault.verify_code, fault.verify_message = code, words
    return aiohttp.ClientConnectorCertificateError(KEY, fault)


@pytest.mark.parametrize(
    ("error", "proxy", "attributes", "words"),
    [
        pytest.param(
            connector(aiohttp.ClientConnectorError, REFUSED)(),
            None,
            ("connection", errno.ECONNREFUSED, "api.test:443", None, None),
            os.strerror(errno.ECONNREFUSED),
            id="refused",
        ),
        pytest.param(
            connector(aiohttp.ClientConnectorDNSError, socket.gaierror(-2, "Name not known"))(),
            None,
            ("dns", -2, "api.test:443", None, None),
            "api.test cannot be resolved (Name not known)",
            id="dns",
        ),
        pytest.param(
            certificate_fault(10, "certificate has expired"),
            None,
            ("certificate", None, "api.test:443", None, 10),
            "certificate has expired",
            id="expired",
        ),
        pytest.param(
            certificate_fault(18, "self-signed certificate"),
            None,
            ("certificate", None, "api.test:443", None, 18),
            "self-signed",
            id="self-signed",
        ),
        pytest.param(
            response(aiohttp.ClientHttpProxyError)(),
            PROXY,
            ("proxy", None, "proxy.test:3128", 407, None),
            "the proxy proxy.test:3128 answered CONNECT with 407",
            id="407",
        ),
        pytest.param(
            response(aiohttp.ClientResponseError, method="CONNECT")(),
            PROXY,
            ("proxy", None, "proxy.test:3128", None, None),
            "something that is not HTTP",
            id="odd answer to CONNECT",
        ),
        pytest.param(
            aiohttp.ConnectionTimeoutError(),
            None,
            ("timeout", None, "api.test:443", None, None),
            "no connection to https://api.test in time",
            id="timeout",
        ),
        pytest.param(
            aiohttp.ConnectionTimeoutError(),
            PROXY,
            ("timeout", None, "proxy.test:3128", None, None),
            "through the proxy proxy.test:3128 in time",
            id="timeout with a proxy",
        ),
        pytest.param(
            ValueError("Cannot combine AUTHORIZATION header with AUTH argument"),
            None,
            ("client_session", None, None, None, None),
            "netrc",
            id="credentials of a lent session",
        ),
    ],
)
def test_errors_tell_what_is_known(
    error: Exception, proxy: URL | None, attributes: tuple[object, ...], words: str
) -> None:
    """In attributes and in the text, and without the proxy's password."""
    found = error_of(REQUEST, error, proxy=proxy)

    assert isinstance(found, ConnectError)
    assert attributes == (
        found.reason,
        found.errno,
        found.address,
        found.proxy_status,
        found.verify_code,
    )
    assert words in str(found)
    assert "password" not in str(found)


def test_a_lost_connection_has_its_number() -> None:
    """It distinguishes a reset from a broken pipe."""
    error = error_of(REQUEST, aiohttp.ClientOSError(errno.ECONNRESET, "x"))

    assert errno.ECONNRESET == error.errno
    assert os.strerror(errno.ECONNRESET) in str(error)


async def test_a_connection_that_closed_before_the_request_was_written_sent_nothing() -> None:
    """The words of aiohttp are still the ones that the table looks for."""
    reader_of: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(
        lambda _reader, writer: reader_of.put_nowait(writer), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    request = HttpRequest("capture", "POST", URL(f"http://127.0.0.1:{port}/"), {}, b"{}", "ref-1")

    async def close_it(*_: object) -> None:
        [held] = made._acquired
        held.transport.close()

    tracing = aiohttp.TraceConfig()
    tracing.on_request_chunk_sent.append(close_it)
    made: Any = aiohttp.TCPConnector()
    found: Exception | None = None
    async with aiohttp.ClientSession(connector=made, trace_configs=[tracing]) as client:
        try:
            await client.post(request.url, data=b"{}")
        except aiohttp.ClientError as error:
            found = error
    writer = await reader_of.get()
    writer.close()
    server.close()
    await server.wait_closed()

    assert found is not None
    assert ConnectError is type(error_of(request, found))
