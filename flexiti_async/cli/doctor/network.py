"""Check the path to the API: name, connection, certificate, clock. No credentials are sent."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Final

from attrs import frozen
from yarl import URL

from flexiti_async.cli.doctor.finding import Finding, error, good, note, warning
from flexiti_async.clock import Clock
from flexiti_async.config.model import FlexitiConfig
from flexiti_async.protocol.redact import printable
from flexiti_async.protocol.response import seconds_of_http_date

__all__ = ["check_clock", "check_network", "describe_connections"]

_DAY: Final = 86400.0
_SOON: Final = 21 * _DAY
"""Remaining life of a certificate below which its renewal should be checked."""
_MOST_SKEW: Final = 30.0
"""Seconds by which two clocks may differ before it matters (as in `tokens/endpoint.py`)."""
_LINES: Final = 100

_ADVICE: Final[Mapping[int, str]] = {
    # OpenSSL's X509_V_ERR_* (x509_vfy.h), as in `SSLCertVerificationError.verify_code`.
    9: "this machine's clock may be behind: set it; otherwise report this to Flexiti",
    10: "this machine's clock may be ahead: set it; otherwise report this to Flexiti",
    18: "it is self-signed: a proxy may be intercepting TLS; exempt this host from it",
    19: "a proxy may be intercepting TLS: exempt this host from it, or trust its root certificate",
    20: "the system's root certificates may be missing or outdated: install `ca-certificates`; "
    "or a proxy may be intercepting TLS",
    62: "the certificate is for another host: check base_url and DNS",
    64: "the certificate is for another address: check base_url and DNS",
}


@frozen
class _Answer:
    """Certificate, TLS version and `Date` header that one connection showed."""

    certificate: Mapping[str, object] | None
    protocol: str
    date: str


async def check_network(
    base_url: str, *, within: float, clock: Clock, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Finding]:
    """
    Check the path to an API layer by layer; stop at the first that fails.

    Args:
        base_url: The API's base URL.
        within: Time-out of each step in seconds.
        clock: Clock of this machine.
        tls: Certificates to trust and to show; None for the system's.
    """
    url = URL(base_url)
    host = url.host or ""
    addresses = await _resolve(host, url.port or 0, within)
    if isinstance(addresses, str):
        advice = "check base_url or environment, and this machine's DNS and network"
        yield error("dns", f"{host} cannot be resolved ({addresses})", advice)
        return
    yield good("dns", f"{host} is {', '.join(addresses)}")
    secure = url.scheme == "https"
    try:
        async with asyncio.timeout(within):
            answer = await _ask(url, (tls or ssl.create_default_context()) if secure else None)
    except (OSError, ValueError, EOFError, TimeoutError) as failure:
        yield _of_failure(url, failure, within)
        return
    if answer.certificate is None:
        yield note("tls", "not used: plain http, for a sandbox only")
    else:
        yield _of_certificate(answer, clock.wall())
    yield check_clock(answer.date, clock.wall())


def describe_connections(config: FlexitiConfig, proxy: URL | None) -> Iterator[Finding]:
    """Report how requests travel, and which promise a session that is lent cannot keep."""
    if proxy is not None:
        source = "proxy" if config.proxy is not None else "trust_env"
        yield note(
            "proxy",
            f"requests go through {proxy.host}:{proxy.port} (`{source}`); name, certificate and "
            "clock are not looked at",
        )
    if config.ca_file is not None:
        yield note("tls", f"trusts {config.ca_file} instead of the system's certificates")
    if config.client_cert is not None:
        yield note("tls", f"shows the certificate {config.client_cert} where the API asks for one")
    yield note(
        "connections",
        f"money goes over new connections, other calls over some idle for up to "
        f"{config.keepalive_timeout:g} s",
        "a ClientSession that is lent cannot promise either: lend none for money",
    )


def check_clock(date: str, now: float) -> Finding:
    """Compare this machine's clock with the `Date` of an answer."""
    theirs = seconds_of_http_date(date)
    if theirs is None:
        return note("clock", "the API's answer has no date, so the clocks cannot be compared")
    ahead = now - theirs
    if abs(ahead) <= _MOST_SKEW:
        return good("clock", f"within {max(abs(ahead), 1.0):.0f} s of the API's")
    side = "ahead of" if ahead > 0 else "behind"
    return warning(
        "clock",
        f"{abs(ahead):.0f} s {side} the API's",
        "synchronize it with NTP: tokens do not depend on it, but certificates and logs do",
    )


async def _resolve(host: str, port: int, within: float) -> list[str] | str:
    """Return the addresses of a host, or why it cannot be resolved."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(within):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as failure:
        return (failure.errno == socket.EAI_AGAIN and "DNS did not answer") or "no such name"
    except (TimeoutError, OSError, UnicodeError) as failure:
        return type(failure).__name__
    return sorted({str(address[0]) for *_, address in found})


async def _ask(url: URL, context: ssl.SSLContext | None) -> _Answer:
    """Connect and send a HEAD request without credentials, to see the certificate and the date."""
    reader, writer = await asyncio.open_connection(url.host, url.port, ssl=context)
    try:
        tls = writer.get_extra_info("ssl_object")
        certificate, protocol = (tls.getpeercert(), tls.version()) if tls else (None, "")
        head = f"HEAD {url.raw_path} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode("ascii"))
        await writer.drain()
        return _Answer(certificate, str(protocol), await _date(reader))
    finally:
        writer.transport.abort()  # nothing more is needed, not even the close of TLS


async def _date(reader: asyncio.StreamReader) -> str:
    """Return the `Date` header of an answer; empty if it is missing."""
    for _ in range(_LINES):
        line = (await reader.readline()).decode("latin-1").strip()
        name, _, value = line.partition(":")
        if name.lower() == "date":
            return value.strip()
        if not line:
            break
    return ""


def _of_failure(url: URL, failure: Exception, within: float) -> Finding:
    if isinstance(failure, ssl.SSLCertVerificationError):
        return error(
            "tls",
            f"the certificate of {url.host} is not valid: {printable(failure.verify_message)}",
            _ADVICE.get(failure.verify_code, "do not continue: the connection may be intercepted"),
        )
    if isinstance(failure, ssl.SSLError):
        reason = failure.reason or type(failure).__name__
        advice = "check that this is an https port, and that no proxy is in between"
        return error("tls", f"{url.host} does not speak TLS correctly ({reason})", advice)
    reason = (
        f"no answer within {within:g} s"
        if isinstance(failure, TimeoutError)
        else type(failure).__name__
    )
    where = url.host_port_subcomponent
    advice = "check the firewall and outgoing access: the shop needs this host and port"
    return error("connection", f"{where} cannot be reached ({reason})", advice)


def _of_certificate(answer: _Answer, now: float) -> Finding:
    certificate = answer.certificate or {}
    ends = ssl.cert_time_to_seconds(str(certificate.get("notAfter")))
    left = ends - now
    issuer = _issuer(certificate)
    text = f"{answer.protocol}, certificate issued by {issuer}, {left / _DAY:.0f} days left"
    if left < _SOON:
        return warning(
            "tls", text, "make sure that it is renewed in time; if it is Flexiti's, ask Flexiti"
        )
    return good("tls", text)


def _issuer(certificate: Mapping[str, object]) -> str:
    """Return the name of a certificate's issuer."""
    parts = certificate.get("issuer")
    names: dict[str, str] = {}
    if isinstance(parts, tuple):
        for part in parts:  # pyright: ignore[reportUnknownVariableType]
            names.update(part)  # pyright: ignore[reportUnknownArgumentType]
    return printable(names.get("organizationName") or names.get("commonName") or "an unknown CA")
