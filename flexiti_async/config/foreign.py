"""
Values of settings libraries: secrets, URL objects, paths and durations become what options take.

They are known by their shape: no settings library is a dependency.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol, TypeGuard, cast, runtime_checkable

__all__ = [
    "FilePath",
    "Folder",
    "SecretValue",
    "Url",
    "duration",
    "path_text",
    "store_text",
    "unwrapped",
]

FilePath = os.PathLike[str]
"""A path of a file, in code that is otherwise pure."""
Folder = Path
"""A path of a folder, as above."""
_BARE: Final = 3
"""Slashes of a URL with an empty path, such as `https://host/`."""


@runtime_checkable
class SecretValue(Protocol):
    """A secret of a settings library, such as `SecretStr` of pydantic."""

    def get_secret_value(self) -> object:
        """Return the secret itself."""
        ...


class Url(Protocol):
    """A URL object: of yarl, pydantic, httpx, Starlette or `urllib.parse`."""

    @property
    def scheme(self) -> str:
        """The scheme, such as `https`."""
        ...


def unwrapped(value: object) -> object:
    """Return the text of a secret or of a URL object; any other value as it is."""
    try:
        if isinstance(value, SecretValue):
            value = value.get_secret_value()
            if isinstance(value, bytes):
                value = value.decode()
        if _is_url(value):
            text = value.geturl() if isinstance(value, _Parts) else str(value)
            # A path that nobody has written: pydantic adds it to `https://host`.
            return text.removesuffix("/") if text.count("/") == _BARE else text
    except Exception:  # noqa: BLE001 - foreign, it may raise anything and quote the secret
        return None
    return value


@runtime_checkable
class _Parts(Protocol):
    """The result of `urlsplit` and `urlparse`."""

    def geturl(self) -> str: ...


def _is_url(value: object) -> TypeGuard[Url]:
    if value is None or isinstance(value, str | type):
        return False
    scheme: object = getattr(value, "scheme", None)
    names = ("host", "hostname", "hosts")
    return isinstance(scheme, str) and any(hasattr(value, name) for name in names)


def duration(value: object) -> object:
    """Return the seconds of a timedelta; any other value as it is."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def path_text(value: object) -> object:
    """Return the text of a path; any other value as it is."""
    if not isinstance(value, os.PathLike):
        return value
    return os.fsdecode(cast("os.PathLike[str]", value))


def store_text(value: object) -> object:
    """Return the URL of a folder that a path names; any other value as it is."""
    return value.absolute().as_uri() if isinstance(value, Path) else value
