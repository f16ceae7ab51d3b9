"""Which base URLs a bearer token may be sent to."""

import ipaddress
from urllib.parse import urlsplit

__all__ = ["fault_of_base_url", "is_loopback", "is_proxy"]


def fault_of_base_url(url: str) -> str | None:
    """
    Find what is wrong with an API base URL; None if nothing is.

    TLS is required, because the token and the client secret travel; plain http is for loopback,
    where the sandbox is.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    odd = not url.isprintable() or " " in url or "\\" in url  # urlsplit lets them pass
    if parts.scheme not in ("https", "http") or not host or odd:
        return "must look like https://host/flexiti/pos-api"
    if parts.scheme == "http" and not is_loopback(host):
        return "must be https: plain http is for loopback only"
    if parts.username is not None or parts.password is not None:
        return "must not hold credentials"
    if "?" in url or "#" in url:
        return "must not have a query or a fragment"
    return None


def is_loopback(host: str) -> bool:
    """Tell whether a host name is this machine's own, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_proxy(url: str) -> bool:
    """Whether a text is the URL of an HTTP proxy: a host and a port, and perhaps credentials."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = url.isprintable() and " " not in url and "\\" not in url
    return (
        plain
        and parts.scheme in ("http", "https")
        and bool(parts.hostname and port)
        and parts.path in ("", "/")
        and not (parts.query or parts.fragment)
    )
