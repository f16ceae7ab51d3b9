"""A client session that the shop lends: whether requests may go over it."""

import asyncio
import ssl
from typing import Final

import aiohttp

from flexiti_async.errors import ConfigError, SessionClosed, WrongLoop

__all__ = ["check_kind", "check_tls", "unfit"]

_UNKNOWN: Final = object()


def check_kind(session: object) -> None:
    """Raise ConfigError for anything but a client session."""
    if not isinstance(session, aiohttp.ClientSession):
        msg = f"client_session must be an aiohttp.ClientSession, not {type(session).__name__}"
        raise ConfigError(msg, option="client_session")


def check_tls(session: aiohttp.ClientSession) -> None:
    """
    Check that a session that was lent verifies the API's certificate and host name.

    A certificate that is pinned by `aiohttp.Fingerprint` counts as verified.

    Raises:
        ConfigError: It does not, or it cannot be seen whether it does.
    """
    connector = session.connector
    if connector is None:  # the session is closed, which its first use reports
        return
    # Since aiohttp 3.9 all of `ssl`, `verify_ssl`, `ssl_context` and `fingerprint` end up here.
    # Connectors without it, such as the one for Unix sockets, do not speak TLS at all.
    tls: object = getattr(connector, "_ssl", _UNKNOWN)
    if tls is True or isinstance(tls, aiohttp.Fingerprint):
        return
    if not isinstance(tls, ssl.SSLContext):
        fault = (
            f"its {type(connector).__name__} does not speak TLS itself"
            if tls is _UNKNOWN
            else "its connector does not verify certificates (`ssl=False`)"
        )
    elif tls.verify_mode is ssl.CERT_NONE:
        fault = "the SSLContext of its connector does not verify certificates (`CERT_NONE`)"
    elif not tls.check_hostname:
        fault = "the SSLContext of its connector does not verify host names (`check_hostname`)"
    else:
        return
    msg = (
        f"client_session: {fault}, so anybody on the way could read access tokens and personal "
        "data; lend one with `TCPConnector()`, or, for a root certificate of your own, with "
        "`TCPConnector(ssl=ssl.create_default_context(cafile=…))`"
    )
    raise ConfigError(msg, option="client_session")


def unfit(session: aiohttp.ClientSession) -> SessionClosed | None:
    """Return the error if a session that was lent cannot be used in the running event loop."""
    if session.closed:
        return SessionClosed("the aiohttp.ClientSession that was lent is closed")
    # The public property is deprecated; without this check aiohttp fails obscurely, or hangs.
    loop = getattr(session, "_loop", None)
    if loop is not None and loop is not asyncio.get_running_loop():
        return WrongLoop("the aiohttp.ClientSession that was lent belongs to another event loop")
    return None
