"""
Secrets in files, as containers and service managers mount them.

`FLEXITI_CLIENT_SECRET_FILE=/run/secrets/flexiti` sets `client_secret`. Other variables with `_FILE`
set the other secrets, and the URLs that can hold a password.
"""

import os
from collections.abc import Container
from pathlib import Path
from typing import Final

from flexiti_async.config.private_file import writers_of
from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret

__all__ = ["FILE_VARIABLES", "file_problem", "secrets_in_files"]

_PREFIX: Final = "FLEXITI_"
_SUFFIX: Final = "_FILE"
_MOST: Final = 65_536
"""Bytes; no secret is that long, and a device has no end."""
_OPTIONS: Final = (
    "client_secret",
    "journal",
    "merchant_password",
    "other_client_secret",
    "other_merchant_password",
    "proxy",
    "store",
    "token_keys",
)
FILE_VARIABLES: Final = frozenset(f"{_PREFIX}{name.upper()}{_SUFFIX}" for name in _OPTIONS)


def secrets_in_files(overridden: Container[str]) -> dict[str, tuple[Secret, str]]:
    """
    Return the options that files set, each with the text that names its file.

    Args:
        overridden: Options that are set in code: their files are not read.

    Raises:
        ConfigError: A file cannot be used, or the variable without `_FILE` is set, too.
    """
    found: dict[str, tuple[Secret, str]] = {}
    for name in _OPTIONS:
        plain = _PREFIX + name.upper()
        variable = plain + _SUFFIX
        file = os.environ.get(variable, "").strip()
        if not file or name in overridden:
            continue
        if os.environ.get(plain, "").strip():  # in no variable: a traceback shows them
            msg = f"set either {plain} or {variable}, not both"
            raise ConfigError(msg, option=variable)
        read = _read(Path(file))
        if isinstance(read, str):
            msg = f"{variable} names {file!r}, {read}"
            raise ConfigError(msg, option=variable)
        found[name] = read, f"set by the file {file!r} that {variable} names"
    return found


def file_problem(file: Path) -> str | None:
    """Return why a file that is believed cannot be used; None if it can."""
    try:
        if file.is_dir():
            return "which is a directory"
        if not file.is_file():
            return "which does not exist or is not a file"
        fault = writers_of(file)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return f"which cannot be looked at ({type(error).__name__})"
    if fault is None:
        return None
    return f"which is not used: {fault}; its writers decide where secrets are sent"


def _read(file: Path) -> Secret | str:
    """Return the secret in a file, or why there is none."""
    problem = file_problem(file)
    if problem is not None:
        return problem
    try:
        with file.open("rb") as opened:
            secret = Secret(opened.read(_MOST).decode("utf-8-sig").strip())
    except (OSError, UnicodeDecodeError) as error:
        return f"which cannot be read ({type(error).__name__})"
    return secret or "which is empty"
