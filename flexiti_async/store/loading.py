"""Open the store that a line of configuration names."""

import importlib
import re
from collections.abc import Mapping
from typing import Final, Protocol, cast

from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.store.interface import TokenStore

__all__ = ["open_store"]


ENTRY_POINTS: Final = "flexiti_async.stores"
"""The entry-point group of other people's stores."""


OWN_STORES: Final = "flexiti_stores"
"""The package of this distribution's stores; its modules are named like their extras. By its name
only: the core imports no store."""


_SCHEME: Final = re.compile(r"[a-z][a-z+]{0,19}", re.ASCII)
_CLASS_PATH: Final = re.compile(r"[a-z_]+(\.[a-z_]+)*:[A-Z][A-Za-z]*", re.ASCII)
"""As Python names modules and classes: no user and password."""


class _FromUrl(Protocol):
    def from_url(self, url: str) -> TokenStore: ...


@sensitive_arguments
def open_store(store: str | Secret | TokenStore) -> TokenStore:
    """
    Open a store.

    Args:
        store: A URL such as `memory://`; a class path `package.module:Class`, with or without
            parameters (`?path=…`), whose `from_url` is called with the whole text; either of them
            also as a Secret; or a store, which is returned as it is.

    Raises:
        ConfigError: No installed store knows the scheme, the class cannot be loaded or opened, or
            the argument is of another type. It quotes no part that can be a password.
    """
    if isinstance(store, TokenStore):
        return store
    if not isinstance(store, str | Secret):  # pyright: ignore[reportUnnecessaryIsInstance]
        msg = f"store must be a URL, a class path or a TokenStore, not {type(store).__name__}"
        raise ConfigError(msg, option="store")
    store = store.reveal() if isinstance(store, Secret) else store
    path, _, _ = store.partition("?")
    scheme, separator, _ = path.partition("://")
    if separator:
        return _opened(_by_scheme(scheme.lower()), store)
    if ":" in path:
        return _opened(_by_path(path), store)
    msg = "the store is neither a URL (memory://) nor a class path (package.module:Class)"
    raise ConfigError(msg, option="store")


def _opened(kind: _FromUrl, url: str) -> TokenStore:
    try:
        return kind.from_url(url)
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - of a third party's store; it may quote the URL
        msg = f"the store cannot be opened: its from_url raised {type(error).__name__}"
    raise ConfigError(msg, option="store")


def _by_scheme(scheme: str) -> _FromUrl:
    # Our own first, by a table: a frozen program has no metadata, and no other package can take
    # `redis://` over.
    own = cast("Mapping[str, str]", importlib.import_module(OWN_STORES).SCHEMES)
    if scheme in own:
        return _own(scheme, own[scheme])
    # Imported here: it brings zipfile and csv.
    from importlib.metadata import entry_points

    found = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    point = found.get(scheme)
    if point is None:
        known = ", ".join(f"{name}://" for name in sorted({*found, *own}))
        shown = f"{scheme}://" if _SCHEME.fullmatch(scheme) else "the scheme of its URL"
        msg = f"no store is installed for {shown} (installed: {known})"
        raise ConfigError(msg, option="store")
    try:
        return cast("_FromUrl", point.load())
    except ImportError as error:
        msg = f"the store for {scheme}:// needs {error.name}, which is not installed"
    raise ConfigError(msg, option="store")


def _own(scheme: str, path: str) -> _FromUrl:
    module, _, name = path.partition(":")
    try:
        return cast("_FromUrl", getattr(importlib.import_module(f"{OWN_STORES}.{module}"), name))
    except ImportError as error:
        missing = error.name
    if missing == "fcntl":
        why = (
            "needs the file locks of POSIX, which this system lacks: use redis:// or postgresql://"
        )
    elif missing == f"{OWN_STORES}.{module}":
        why = f"is not in this bundle of the program: add the module {missing}"
    else:
        why = f"needs {missing}, which is not installed: install flexiti-async[{module}]"
    msg = f"the store for {scheme}:// {why}"
    raise ConfigError(msg, option="store")


def _by_path(path: str) -> _FromUrl:
    module, _, name = path.partition(":")
    try:
        return cast("_FromUrl", getattr(importlib.import_module(module), name))
    except (ImportError, AttributeError, ValueError) as error:
        # A text that is not a class path may be a URL gone wrong, password and all.
        shown = path if _CLASS_PATH.fullmatch(path) else "given"
        msg = f"the store class {shown} cannot be loaded: {type(error).__name__}"
    raise ConfigError(msg, option="store")
