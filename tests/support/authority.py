"""Certificates for TLS on this machine: good ones, and each with one fault."""

import datetime
import ssl
from pathlib import Path
from typing import Any, Final

import trustme

__all__ = ["Authority"]

_YEARS_AGO: Final = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


class Authority:
    """
    An authority of our own, and the files of its certificates.

    Args:
        folder: Where the files are written.
    """

    def __init__(self, folder: Path) -> None:
        self._ca: Any = trustme.CA()
        self._folder = folder

    @property
    def ca_file(self) -> Path:
        """Write the certificate to trust."""
        path = self._folder / "ca.pem"
        self._ca.cert_pem.write_to_path(path)
        return path

    def server(
        self, name: str = "localhost", *, expired: bool = False, wants_client: bool = False
    ) -> ssl.SSLContext:
        """Make the context of a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certify(context, name, expired=expired)
        if wants_client:
            self._ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def certify(
        self, context: ssl.SSLContext, name: str = "localhost", *, expired: bool = False
    ) -> None:
        """Change the certificate of a server, for connections that are opened from now on."""
        given = {"not_after": _YEARS_AGO} if expired else {}
        self._ca.issue_cert(name, **given).configure_cert(context)

    def client(self, *, apart: bool = False) -> tuple[Path, Path | None]:
        """Write the certificate of a client, and its key into the same file or another one."""
        made = self._ca.issue_cert("shop")
        both, key = self._folder / "client.pem", self._folder / "client.key"
        if not apart:
            made.private_key_and_cert_chain_pem.write_to_path(both)
            return both, None
        made.private_key_pem.write_to_path(key)
        both.write_bytes(b"".join(pem.bytes() for pem in made.cert_chain_pems))
        return both, key
