"""Settings of the shop, from the environment, which all its workers share."""

import ipaddress
import os
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from attrs import field, frozen

__all__ = [
    "BEHIND",
    "BEHIND_PATH",
    "DATABASE",
    "ORIGIN",
    "SANDBOX",
    "SECRET_KEY",
    "STAFF_PASSWORD",
    "ShopSettings",
]

SECRET_KEY: Final = "SHOP_SECRET_KEY"  # noqa: S105 - the name of a variable
DATABASE: Final = "SHOP_DATABASE"
ORIGIN: Final = "SHOP_ORIGIN"
STAFF_PASSWORD: Final = "SHOP_STAFF_PASSWORD"  # noqa: S105 - the name of a variable
SANDBOX: Final = "SHOP_SANDBOX"
BEHIND: Final = "SHOP_BEHIND"
BEHIND_PATH: Final = "/behind"
"""Path of the panel's data; asking for them begins no session."""
_SHORTEST_KEY: Final = 32


@frozen
class ShopSettings:
    """
    The settings of the shop; Flexiti's are the library's own, `FLEXITI_*`.

    Attributes:
        secret_key: Signs the forms.
        database: SQLite file of the orders and sessions.
        origin: Scheme, host and port that customers open: https, or http on loopback.
        staff_password: Opens the pages of the staff; without it there are none.
        sandbox: Whether to show the test customers of the sandbox.
        behind: Whether to show beside the shop what happens behind it: for a demo only.
    """

    secret_key: str = field(repr=False)
    database: Path
    origin: str
    staff_password: str | None = field(repr=False)
    sandbox: bool
    behind: bool = False

    @property
    def is_secure(self) -> bool:
        """Whether customers reach the shop over TLS."""
        return self.origin.startswith("https://")

    @classmethod
    def from_env(cls) -> Self:
        """
        Read the environment.

        Raises:
            KeyError: `SHOP_SECRET_KEY`, `SHOP_DATABASE` or `SHOP_ORIGIN` is missing.
            ValueError: One of them is not valid; the text says what is.
        """
        secret_key, origin = os.environ[SECRET_KEY], os.environ[ORIGIN].removesuffix("/")
        if len(secret_key) < _SHORTEST_KEY:
            msg = f"{SECRET_KEY} must be {_SHORTEST_KEY} random characters at least"
            raise ValueError(msg)
        if not _is_origin(origin):
            msg = (
                f"{ORIGIN} must be the address that customers open, such as "
                "https://shop.example.com; plain http is for loopback only, because anybody on the "
                "way could read the cookie"
            )
            raise ValueError(msg)
        return cls(
            secret_key,
            Path(os.environ[DATABASE]),
            origin,
            os.environ.get(STAFF_PASSWORD) or None,
            os.environ.get(SANDBOX) == "1",
            os.environ.get(BEHIND) == "1",
        )


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if host is None or text != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
