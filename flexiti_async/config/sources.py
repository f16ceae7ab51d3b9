"""
Options from environment variables and a TOML file, by typed-settings.

Precedence: code, then `FLEXITI_*` variables, then the `[flexiti]` table of the TOML file that
`FLEXITI_CONFIG` names. typed-settings merges them; this module reads them, and rejects unknown
names, a missing file and a missing table. The errors of typed-settings can quote values, so none of
them is shown or chained.

A secret may also be in a file, which a variable with `_FILE` names (`config/secret_files.py`).

A variable that is empty is not set, as templates of deployments write it, but for the encryption
keys: a shop that means to encrypt must not go on in plain text because its key is missing. The
variables that Kubernetes sets for a service called `flexiti`, or `flexiti-…`, are passed over.

This module is imported when it is used: typed-settings takes longer to import than all the rest.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, cast

import attrs
import typed_settings as ts
from typed_settings.exceptions import TsError
from typed_settings.loaders import DictLoader

from flexiti_async.config.options import unknown_option
from flexiti_async.config.parsing import hide
from flexiti_async.config.secret_files import FILE_VARIABLES, file_problem, secrets_in_files
from flexiti_async.errors import ConfigError

__all__ = ["OTHER_VARIABLES", "read_options"]

PREFIX: Final = "FLEXITI_"
FILE_VARIABLE: Final = "FLEXITI_CONFIG"
SECTION: Final = "flexiti"
OTHER_VARIABLES: Final = frozenset({FILE_VARIABLE, *FILE_VARIABLES})
"""Variables with our prefix that are not options."""
_KEEPS_EMPTY: Final = "token_keys"
_SERVICE_LINK: Final = re.compile(
    r"FLEXITI_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_SERVICE_PORT: Final = re.compile(r"FLEXITI_(\w+_)?PORT")
_SERVICE_URL: Final = re.compile(r"(tcp|udp|sctp)://\S+")


class _AsItIs:
    """Return the merged options unchanged: FlexitiConfig converts them."""

    def structure(self, value: object, _: object) -> object:
        return value


def read_options(names: frozenset[str], code: Mapping[str, object]) -> dict[str, object]:
    """
    Collect the options that are set in any source.

    Args:
        names: The names of all options.
        code: Options set in code, texts as Secret.

    Raises:
        ConfigError: An unknown option, or a file that cannot be read.
    """
    _reject_unknown_variables(names)
    file = _file()
    for name in code:
        if name not in names:
            raise unknown_option(name, names)
    loaders = [
        DictLoader({} if file is None else _table(file, names)),
        DictLoader({**_environment(names), **secrets_in_files(code)}),
        DictLoader(dict(code)),
    ]
    try:
        load = cast("Callable[..., Mapping[str, object]]", ts.load_settings)
        found = load(_options_class(names), loaders, converter=_AsItIs())
    except TsError as error:
        reason = type(error).__name__
    else:
        return {name: value for name, value in found.items() if value is not _NOT_SET}
    msg = f"the options cannot be read from the environment and the file ({reason})"
    raise ConfigError(msg)


_NOT_SET: Final = object()


def _options_class(names: Iterable[str]) -> type:
    """Build a class with an untyped field per option, for typed-settings to fill."""
    return attrs.make_class(
        "Options", {name: attrs.field(default=_NOT_SET, type=object) for name in sorted(names)}
    )


def _environment(names: Iterable[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in names:
        value = os.environ.get(PREFIX + name.upper())
        if value is not None and (name == _KEEPS_EMPTY or value.strip()):
            found[name] = hide(value)
    return found


def _is_service_link(variable: str, value: str) -> bool:
    """Whether Kubernetes (or Docker) has set a variable for a service of our name."""
    if _SERVICE_LINK.fullmatch(variable):
        return True
    return bool(_SERVICE_PORT.fullmatch(variable) and _SERVICE_URL.fullmatch(value))


def _reject_unknown_variables(names: frozenset[str]) -> None:
    valid = {PREFIX + name.upper() for name in names} | OTHER_VARIABLES
    for variable in sorted(os.environ):
        if not variable.startswith(PREFIX) or variable in valid:
            continue
        if not _is_service_link(variable, os.environ[variable]):
            raise unknown_option(variable, valid, where=" among the environment variables")


def _file() -> Path | None:
    name = os.environ.get(FILE_VARIABLE)
    if not name:
        return None
    file = Path(name)
    problem = file_problem(file)
    if problem is None:
        return file
    msg = f"{FILE_VARIABLE} names {name!r}, {problem}"
    raise ConfigError(msg, option=FILE_VARIABLE)


def _table(file: Path, names: frozenset[str]) -> dict[str, object]:
    """Return the options of the file, texts as Secret."""
    table = _read(file)
    if isinstance(table, str):
        raise ConfigError(table, option=FILE_VARIABLE)
    for key in table:
        if key not in names:
            raise unknown_option(key, names, where=f" in {file}")
    return table


def _read(file: Path) -> dict[str, object] | str:
    """
    Return the file's table, texts as Secret, or the problem with the file.

    It never raises: a frame that holds the document, which contains secrets, must not be in a
    traceback.
    """
    import tomllib

    try:
        # Editors on Windows write a byte order mark, which is not TOML.
        document = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        return f"{file} cannot be read as TOML ({type(error).__name__})"
    table = document.get(SECTION)
    if not isinstance(table, dict):
        return f"{file} has no table [{SECTION}]"
    return {name: hide(value) for name, value in cast("dict[str, object]", table).items()}
