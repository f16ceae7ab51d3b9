"""The certificates that a store's URL names, loaded once: a bundle of authorities takes 50 ms."""

import ssl

from attrs import frozen

from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret

__all__ = ["Certificates", "tls_context"]


@frozen
class Certificates:
    """
    Files of a TLS connection.

    Attributes:
        ca: Path of certificates to trust.
        cert: Path of our own certificate, for servers that ask for one.
        key: Path of its key; None if it is in the same file.
        password: Of the key.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    password: Secret | None = None


def tls_context(files: Certificates, *, trust_system: bool) -> ssl.SSLContext:
    """
    Load the certificates; the context verifies certificate and host name.

    Args:
        files: The files to load.
        trust_system: Trust the system's authorities besides `ca`; without a `ca` they are trusted
            anyway.

    Raises:
        ConfigError: They cannot be loaded.
    """
    try:
        context = ssl.create_default_context(cafile=None if trust_system else files.ca)
        if trust_system and files.ca:
            context.load_verify_locations(files.ca)
        if files.cert:
            # A password, if only an empty one: OpenSSL would ask for it on the terminal.
            password = "" if files.password is None else files.password.reveal()
            context.load_cert_chain(files.cert, files.key, password)
    except OSError as error:  # ssl.SSLError is one
        kind = type(error).__name__
    else:
        return context
    msg = f"the certificates of the store URL cannot be loaded: {kind}"
    raise ConfigError(msg, option="store")
