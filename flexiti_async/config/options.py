"""The words that options of the configuration take, and how each option is read."""

import enum
from collections.abc import Iterable, Mapping
from typing import Any

from flexiti_async.api.endpoints import I18nMethod
from flexiti_async.api.widget import AccountTypePlace
from flexiti_async.config.cache import Cache
from flexiti_async.config.parsing import Bad, count, one_of, pairs, plain, secret, switch
from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import nearest
from flexiti_async.store.interface import TokenStore

__all__ = ["Environment", "OnStoreFailure", "RefreshRevokesAccess", "unknown_option"]


class Environment(enum.StrEnum):
    """Flexiti's environments (spec section 1.1)."""

    TRAINING = "training"
    """Training: same code level as production, test data scrubbed daily."""
    MERCHANT_INTEGRATION = "merchant_integration"
    """Merchant Integration (MI): data persist; the portal recommends it for integration."""
    PRODUCTION = "production"
    """Production: real customers, the real credit bureau."""


class OnStoreFailure(enum.StrEnum):
    """What a session does that needs a token while the token store is down (design section 3)."""

    DEGRADE = "degrade"
    """Get one of its own and keep it to itself until the store is back."""
    RAISE = "raise"
    """Raise `StoreUnavailable`."""


class RefreshRevokesAccess(enum.StrEnum):
    """Whether a refresh ends the previous access token, which is undocumented (spec 2.4)."""

    UNKNOWN = "unknown"
    """Be careful: never refresh a token that a checkout may hold."""
    NO = "no"
    """You know that it does not: pinned tokens may be refreshed."""


# Names with types for the converters that are generic: attrs and type checkers read them.


def to_environment(value: Environment | str | None) -> Any:  # noqa: ANN401 - see option_values
    """Read one of Flexiti's environments; None stays None."""
    return None if value is None else one_of(Environment, value)


def to_account_type_place(value: AccountTypePlace | str) -> Any:  # noqa: ANN401 - see option_values
    """Read where `account_type` stands."""
    return one_of(AccountTypePlace, value)


def to_on_store_failure(value: OnStoreFailure | str) -> Any:  # noqa: ANN401 - see option_values
    """Read what to do while the store is down."""
    return one_of(OnStoreFailure, value)


def to_refresh_revokes(value: RefreshRevokesAccess | str) -> Any:  # noqa: ANN401 - see option_values
    """Read what is known about refreshes."""
    return one_of(RefreshRevokesAccess, value)


def to_connections(value: int | str) -> Any:  # noqa: ANN401 - see option_values
    """Read the size of a pool."""
    return count(value, 1)


def to_retries(value: int | str) -> Any:  # noqa: ANN401 - see option_values
    """Read how often to repeat."""
    return count(value, 0)


def to_trust_env(value: bool | str) -> Any:  # noqa: ANN401, FBT001 - see option_values
    """Read whether to trust the environment."""
    return switch(value)


def to_api_versions(value: Mapping[str, str] | str) -> Any:  # noqa: ANN401 - see option_values
    """Read version segments by endpoint name."""
    return pairs(value)


def to_i18n_method(value: I18nMethod | str) -> Any:  # noqa: ANN401 - see option_values
    """Read the method of i18n."""
    return one_of(I18nMethod, value)


def to_cache(value: Cache | None) -> Any:  # noqa: ANN401 - see option_values
    """Take an aiocache cache, or None."""
    # What a user hands over need not be what the annotation says.
    good = isinstance(value, Cache | None)  # pyright: ignore[reportUnnecessaryIsInstance]
    return value if good else Bad("a cache of aiocache")


def to_store(value: str | TokenStore) -> Any:  # noqa: ANN401 - see option_values
    """Take a store, or the text that names one."""
    store = plain(value)
    good = bool(store) if isinstance(store, str) else isinstance(store, TokenStore)
    return store if good else Bad("the URL of a store, a class path or a TokenStore")


def to_client_secret(value: Secret | str) -> Any:  # noqa: ANN401 - see option_values
    """Read the client secret."""
    return secret(value)


def unknown_option(name: str, names: Iterable[str], *, where: str = "") -> ConfigError:
    """Make the error for an option that nobody knows."""
    close = nearest(name, names)
    return ConfigError(
        f"there is no option {name!r}{where}{close and f'; did you mean {close!r}?'}",
        option=name,
        suggestion=close or None,
    )
