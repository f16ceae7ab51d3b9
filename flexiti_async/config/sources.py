"""
Options from environment variables and a TOML file.

Precedence: code, then `FLEXITI_*` variables, then the `[flexiti]` table of the TOML file that
`FLEXITI_CONFIG` names. Unknown names, a missing file and a missing table are errors, and each error
names the source of the option.

A secret may also be in a file, which a variable with `_FILE` names (`config/secret_files.py`).

A variable that is empty is not set, as templates of deployments write it, but for the encryption
keys: a shop that means to encrypt must not go on in plain text because its key is missing. The
variables that Kubernetes sets for a service called `flexiti`, or `flexiti-…`, are passed over.

No library for settings is used: merging the three sources is two lines, and the rest of this module
is what such libraries do otherwise: their errors quote values, which may be secrets, they pass over
unknown variables and report no lines.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, cast

from flexiti_async.config.located import SECTION, InToml, Source
from flexiti_async.config.options import unknown_option
from flexiti_async.config.parsing import hide
from flexiti_async.config.secret_files import FILE_VARIABLES, file_problem, secrets_in_files
from flexiti_async.errors import ConfigError

__all__ = ["OTHER_VARIABLES", "read_options"]

PREFIX: Final = "FLEXITI_"
FILE_VARIABLE: Final = "FLEXITI_CONFIG"
OTHER_VARIABLES: Final = frozenset({FILE_VARIABLE, *FILE_VARIABLES})
"""Variables with our prefix that are not options."""
_KEEPS_EMPTY: Final = "token_keys"
_NAME_THE_API: Final = frozenset({"environment", "base_url"})
_SERVICE_LINK: Final = re.compile(
    r"FLEXITI_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_SERVICE_PORT: Final = re.compile(r"FLEXITI_(\w+_)?PORT")
_SERVICE_URL: Final = re.compile(r"(tcp|udp|sctp)://\S+")
_PLACE_IN_TOML: Final = re.compile(r"\((at (?:line \d+, column \d+|end of document))\)\Z")

Given = tuple[object, Source]
"""The value of an option, texts as Secret, and where it is set."""


def read_options(
    names: frozenset[str], code: Mapping[str, object], *, source: str
) -> dict[str, Given]:
    """
    Collect the options that are set in any source.

    Args:
        names: The names of all options.
        code: Options set by the caller, texts as Secret.
        source: Where the caller has them from.

    Raises:
        ConfigError: An unknown option, or a file that cannot be read.
    """
    _reject_unknown_variables(names)
    file = _file()
    for name in code:
        if name not in names:
            raise unknown_option(
                name, names, where=f" {source.removeprefix('set ')}", source=source
            )
    in_file = {} if file is None else _table(file, names)
    outside = {**in_file, **_environment(names), **secrets_in_files(code)}
    if not _NAME_THE_API.isdisjoint(code):
        # Both name the API: one that is set in code replaces the other of a variable or the file.
        outside = {name: given for name, given in outside.items() if name not in _NAME_THE_API}
    return {**outside, **{name: (value, source) for name, value in code.items()}}


def _environment(names: Iterable[str]) -> dict[str, Given]:
    found: dict[str, Given] = {}
    for name in names:
        variable = PREFIX + name.upper()
        value = os.environ.get(variable)
        if value is not None and (name == _KEEPS_EMPTY or value.strip()):
            found[name] = hide(value), f"set by {variable}"
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
            where = " among the environment variables"
            raise unknown_option(variable, valid, where=where, source=f"set by {variable}")


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


def _table(file: Path, names: frozenset[str]) -> dict[str, Given]:
    """Return the options of the file."""
    table = _read(file)
    if isinstance(table, str):
        raise ConfigError(table, option=FILE_VARIABLE)
    for key in table:
        if key not in names:
            source = str(InToml(file, key))
            where = f" {source.removeprefix('set ')}"
            raise unknown_option(key, names, where=where, source=source)
    return {name: (value, InToml(file, name)) for name, value in table.items()}


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
        # Its text is not shown: it may quote a character of a secret.
        place = _PLACE_IN_TOML.search(str(error))
        where = f" {place[1]}" if place else ""
        return f"{file} cannot be read as TOML ({type(error).__name__}{where})"
    table = document.get(SECTION)
    if not isinstance(table, dict):
        return f"{file} has no table [{SECTION}]"
    return {name: hide(value) for name, value in cast("dict[str, object]", table).items()}
