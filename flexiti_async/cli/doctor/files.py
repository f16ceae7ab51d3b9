"""Check whether other users can read the files that hold secrets of a configuration."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from flexiti_async import FlexitiConfig
from flexiti_async.cli.doctor.finding import Finding, warning
from flexiti_async.config.private_file import readers_of
from flexiti_async.config.secret_files import FILE_VARIABLES

__all__ = ["check_files"]

_CONFIG: Final = "FLEXITI_CONFIG"
_OPTIONS: Final = frozenset(
    name.removeprefix("FLEXITI_").removesuffix("_FILE").lower() for name in FILE_VARIABLES
)
_URLS: Final = frozenset({"journal", "proxy", "store"})
"""They hold a secret only with a password in them."""
_KEY: Final = b"PRIVATE KEY-----"


def check_files(config: FlexitiConfig) -> Iterator[Finding]:
    """
    Warn of each file with a secret that others can read.

    These are the configuration file, the files that variables with `_FILE` name, and the private
    key of the client certificate.
    """
    for source, path, secrets in _files(config):
        readers = readers_of(path)
        if readers is not None:
            yield warning(
                "configuration",
                f"{readers} can read {path} ({source}), which holds {secrets}",
                f"chmod 600 {path}",
            )


def _files(config: FlexitiConfig) -> Iterator[tuple[str, Path, str]]:
    """Yield each file with a secret: the option that names it, its path, and the secret's name."""
    if name := os.environ.get(_CONFIG):
        held = _secrets_in(Path(name))
        if held:
            yield _CONFIG, Path(name), ", ".join(held)
    for variable in sorted(FILE_VARIABLES):
        if name := os.environ.get(variable, "").strip():
            option = variable.removeprefix("FLEXITI_").removesuffix("_FILE").lower()
            yield variable, Path(name), option
    key = config.client_key or config.client_cert
    if key is not None and _has_key(Path(key)):
        source = "client_key" if config.client_key else "client_cert"
        yield source, Path(key), "the private key of the client certificate"


def _has_key(file: Path) -> bool:
    try:
        return _KEY in file.read_bytes()
    except OSError:
        return False  # the check of the connections reports it


def _secrets_in(file: Path) -> list[str]:
    """Return the names of the secrets in a configuration file, which was read before."""
    table = tomllib.loads(file.read_text(encoding="utf-8-sig"))["flexiti"]
    return sorted(
        option
        for option, value in table.items()
        if option in _OPTIONS and value and (option not in _URLS or "@" in value)
    )
