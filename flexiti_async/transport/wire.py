"""How connections are made and kept: proxy, certificates, limits."""

import functools
import ssl
from contextlib import suppress
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

from attrs import field, frozen
from yarl import URL

from flexiti_async.errors import ConfigError

__all__ = ["Wire", "default_tls", "proxy_of", "tls_context"]


@frozen
class Wire:
    """
    How connections are made and kept.

    Attributes:
        connections: Calls that a pool makes at a time.
        connect_timeout: Seconds for making a connection.
        keepalive_timeout: Seconds that a connection may be idle and still be used.
        proxy: The proxy, with its credentials.
        tls: Certificates to trust and to show; None for the system's, as aiohttp trusts them.
        http: The engine, `aiohttp` or `httptools`, which makes no connections through a proxy.
    """

    connections: int
    connect_timeout: float
    keepalive_timeout: float
    proxy: URL | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    http: str = "aiohttp"


def proxy_of(base_url: URL, proxy: str | None, *, trust_env: bool) -> URL | None:
    """
    Return the proxy for the API: the one that is configured, or the environment's.

    aiohttp's own `trust_env` would also read credentials for the API's host from netrc, and look
    all of it up again for every request.
    """
    if proxy is not None:
        return URL(proxy)
    host = base_url.host or ""
    if not trust_env or proxy_bypass(host):
        return None
    found = getproxies().get(base_url.scheme)
    if not found:
        return None
    with suppress(ValueError):
        url = URL(found if "://" in found else f"http://{found}")
        if url.host and url.scheme in {"http", "https"}:
            return url
    msg = f"trust_env: {base_url.scheme}_proxy is not the URL of an HTTP proxy"
    raise ConfigError(msg, option="trust_env")


@functools.cache
def default_tls() -> ssl.SSLContext:
    """Return the context that verifies by the system's certificates; it is the process's own."""
    return _verifying(None)


def _verifying(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def tls_context(
    ca_file: str | None, client_cert: str | None, client_key: str | None
) -> ssl.SSLContext | None:
    """
    Read certificates; None without any.

    Args:
        ca_file: Certificates to trust, instead of the system's.
        client_cert: The certificate to show, with its chain.
        client_key: Its key, if that is in another file.

    Raises:
        ConfigError: A file cannot be read, or holds something else.
    """
    if ca_file is None and client_cert is None:
        return None
    option, file = "ca_file", ca_file
    try:
        context = _verifying(ca_file)
        if client_cert is not None:
            option, file = "client_cert", client_cert
            # Without a password OpenSSL would ask for one at the terminal.
            context.load_cert_chain(client_cert, client_key, password=lambda: "")
    except OSError as error:  # SSLError is one
        known = isinstance(error, ssl.SSLError)
        reason = "it holds no such certificate or key" if known else error.strerror
    else:
        return context
    files = {"ca_file": ca_file, "client_cert": client_cert, "client_key": client_key}
    for name, given in files.items():
        if given is not None and Path(given).is_dir():
            option, file, reason = name, given, "it is a directory"
    named = Path(file or "").name
    msg = f"{option}: {named} cannot be used ({reason})"
    raise ConfigError(msg, option=option)
