"""The values that options can have, and a converter for each option."""

import enum
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal, Protocol, TypedDict, cast, runtime_checkable

from flexiti_async.api.canada import LocalRules, LocalRulesWord
from flexiti_async.api.endpoints import I18nMethod, I18nMethodWord
from flexiti_async.api.widget import AccountTypePlace, AccountTypePlaceWord
from flexiti_async.config.foreign import FilePath, Folder, SecretValue, Url, store_text
from flexiti_async.config.parsing import (
    Invalid,
    count,
    one_of,
    pairs,
    seconds,
    secret,
    switch,
    url_secret,
)
from flexiti_async.errors import ConfigError
from flexiti_async.protocol.redact import quoted_name
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import nearest
from flexiti_async.store.interface import TokenStore

__all__ = [
    "Cache",
    "ClientAuth",
    "ClientAuthWord",
    "ConfigOptions",
    "Environment",
    "EnvironmentWord",
    "HttpEngine",
    "HttpEngineWord",
    "LogLevel",
    "LogLevelWord",
    "MerchantsLogin",
    "MerchantsLoginWord",
    "OnStoreFailure",
    "OnStoreFailureWord",
    "RefreshRevokesAccess",
    "RefreshRevokesAccessWord",
    "unknown_option",
]

_STORE: Final = "the URL of a store, an absolute path, a class path or a TokenStore"
LEAST_JOURNAL_TTL: Final = 400 * 86_400.0


class Environment(enum.StrEnum):
    """Flexiti's environments (spec section 1.1)."""

    TRAINING = "training"
    """Training: same code level as production, test data scrubbed daily."""
    MERCHANT_INTEGRATION = "merchant_integration"
    """Merchant Integration (MI): data persist; the portal recommends it for integration."""
    PRODUCTION = "production"
    """Production: real customers, the real credit bureau."""


EnvironmentWord = Literal["training", "merchant_integration", "production"]
"""An `Environment` as text."""


class ClientAuth(enum.StrEnum):
    """Where a token request carries client id and secret (RFC 6749 section 2.3.1)."""

    FORM = "form"
    """In the form, as the API documents it."""
    BASIC = "basic"
    """In an `authorization` header, HTTP Basic, as other servers may require."""


ClientAuthWord = Literal["form", "basic"]
"""A `ClientAuth` as text."""


class HttpEngine(enum.StrEnum):
    """The HTTP engine: makes connections, writes requests and reads answers."""

    AIOHTTP = "aiohttp"
    """aiohttp."""
    HTTPTOOLS = "httptools"
    """asyncio and httptools, at about half of the CPU time; the extra `fast`."""


HttpEngineWord = Literal["aiohttp", "httptools"]
"""An `HttpEngine` as text."""


class LogLevel(enum.StrEnum):
    """The lowest level of the library's log lines that are written (`logging`)."""

    DEBUG = "debug"
    """Each call and each attempt, too."""
    INFO = "info"
    """Tokens, operations and answers about customers, too."""
    WARNING = "warning"
    """Failures, as states, and what is worse."""
    ERROR = "error"
    """Unknown outcomes, and what is worse."""


LogLevelWord = Literal["debug", "info", "warning", "error"]
"""A `LogLevel` as text."""


class OnStoreFailure(enum.StrEnum):
    """How a session obtains tokens while the token store is down."""

    DEGRADE = "degrade"
    """Obtain private tokens until the store is back."""
    RAISE = "raise"
    """Raise `StoreUnavailable`."""


OnStoreFailureWord = Literal["degrade", "raise"]
"""An `OnStoreFailure` as text."""


class MerchantsLogin(enum.StrEnum):
    """Whether every new token is logged in by merchants/login (spec section 3)."""

    AUTO = "auto"
    """If `merchant_username` and `merchant_password` are set."""
    ALWAYS = "always"
    """Always; without a name and a password as the API's default merchant."""
    NEVER = "never"
    """Never: for when the API no longer has the endpoint."""


MerchantsLoginWord = Literal["auto", "always", "never"]
"""A `MerchantsLogin` as text."""


class RefreshRevokesAccess(enum.StrEnum):
    """Whether a refresh revokes the previous access token, which is undocumented (spec 2.4)."""

    UNKNOWN = "unknown"
    """Unknown, so a token that a checkout may hold is never refreshed."""
    NO = "no"
    """Known not to: pinned tokens may be refreshed."""


RefreshRevokesAccessWord = Literal["unknown", "no"]
"""A `RefreshRevokesAccess` as text."""


@runtime_checkable
class Cache(Protocol):
    """The interface of a cache for form values and terms: any cache of aiocache."""

    async def get(self, key: str) -> object:
        """Return the value of a key, None without one."""
        ...

    async def set(self, key: str, value: str, *, ttl: float | None) -> object:
        """Store a text for `ttl` seconds, None for ever."""
        ...


SwitchWord = Literal["true", "false", "1", "0", "yes", "no", "on", "off"]
"""A switch as text, as in environment variables."""
EndpointName = Literal[
    "oauth/token",
    "merchants/login",
    "widget/init",
    "i18n",
    "terms-and-conditions",
    "information",
    "customers/driverslicense",
    "customers/search",
    "customers/lookup",
    "apply",
    "verify",
    "calculate-interest",
    "close",
    "transactions",
    "authorization",
    "authorization/release",
    "authorization/capture",
    "authorization/capture/return",
    "refund",
    "authorizations",
    "authorization/by-id",
    "captures",
]
"""The endpoints, as `api_versions` names them."""


# attrs and type checkers read the type of an option from its converter's parameter.


def to_environment(value: Environment | EnvironmentWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse one of Flexiti's environments; None stays None."""
    return None if value is None else one_of(Environment, value)


def to_client_auth(value: ClientAuth | ClientAuthWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse `client_auth`."""
    return one_of(ClientAuth, value)


def to_account_type_place(value: AccountTypePlace | AccountTypePlaceWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse the place of `account_type`."""
    return one_of(AccountTypePlace, value)


def to_local_rules(value: LocalRules | LocalRulesWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse `local_rules`."""
    return one_of(LocalRules, value)


def to_on_store_failure(value: OnStoreFailure | OnStoreFailureWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse `on_store_failure`."""
    return one_of(OnStoreFailure, value)


def to_http(value: HttpEngine | HttpEngineWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse `http`."""
    return one_of(HttpEngine, value)


def to_log_level(value: LogLevel | LogLevelWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse `log`."""
    return None if value is None else one_of(LogLevel, value)


def to_merchants_login(value: MerchantsLogin | MerchantsLoginWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse `merchants_login`."""
    return one_of(MerchantsLogin, value)


def to_other_merchants_login(value: MerchantsLogin | MerchantsLoginWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse `other_merchants_login`; None stays None."""
    return None if value is None else one_of(MerchantsLogin, value)


def to_refresh_revokes(value: RefreshRevokesAccess | RefreshRevokesAccessWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse `refresh_revokes_access`."""
    return one_of(RefreshRevokesAccess, value)


def to_connections(value: int | str | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse the size of the connection pool."""
    return count(value, 1)


def to_retries(value: int | str | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse the number of retries."""
    return count(value, 0)


def to_switch(value: bool | SwitchWord | None) -> Any:  # noqa: ANN401, FBT001 - see parsing
    """Parse an option that is on or off."""
    return switch(value)


def to_api_versions(value: Mapping[EndpointName, str | None] | str | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse version segments by endpoint name."""
    return pairs(cast("Mapping[str, str | None] | str | None", value))


def to_i18n_method(value: I18nMethod | I18nMethodWord | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse the HTTP method of i18n."""
    return one_of(I18nMethod, value)


def to_cache(value: Cache | None) -> Any:  # noqa: ANN401 - see parsing
    """Check an aiocache cache whose serializer cannot run code; None stays None."""
    # Callers without a type checker may pass anything.
    if not isinstance(value, Cache | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        return Invalid("a cache of aiocache")
    serializer: object = getattr(value, "serializer", None)
    if serializer is None or _only_reads(serializer):
        return value
    return Invalid(
        "a cache with serializer=JsonSerializer() of aiocache, or its String-, MsgPack- or "
        "NullSerializer: any other one, as pickle does, may run code that the cache holds"
    )


def _only_reads(serializer: object) -> bool:
    # By name, because aiocache has the MsgPackSerializer only beside msgpack. A subclass of another
    # module may do anything.
    kind = type(serializer)
    return kind.__module__.startswith("aiocache.serializers") and kind.__name__ in {
        "JsonSerializer",
        "MsgPackSerializer",
        "NullSerializer",
        "StringSerializer",
    }


def to_store(value: str | Secret | SecretValue | Url | Folder | TokenStore | None) -> Any:  # noqa: ANN401 - see parsing
    """
    Check a store, or a text that names one, which becomes a Secret: it can hold a password.

    A path is the folder of a file store.
    """
    if isinstance(value, TokenStore):
        return value
    store = url_secret(cast("str | None", store_text(value)))
    if isinstance(store, Secret):
        return store or Invalid(_STORE)
    return Invalid(_STORE) if store is None or store.rule == "a text" else store


def to_journal(value: str | Secret | SecretValue | Url | Folder | TokenStore | None) -> Any:  # noqa: ANN401 - see parsing
    """Check a journal's store, or a text that names one; None stays None."""
    return None if value is None else to_store(value)


def to_journal_ttl(value: float | str | timedelta | None) -> Any:  # noqa: ANN401 - see parsing
    """Parse how long an operation is kept: 400 days at least."""
    parsed = seconds(value)
    good = isinstance(parsed, float) and parsed >= LEAST_JOURNAL_TTL
    return parsed if good else Invalid("at least 400 days, in seconds: 34560000")


def to_client_secret(value: Secret | str | SecretValue) -> Any:  # noqa: ANN401 - see parsing
    """Parse the client secret."""
    return secret(value)


def unknown_option(
    name: str, names: Iterable[str], *, where: str, source: str | None = None
) -> ConfigError:
    """
    Build the error for an unknown option.

    Args:
        name: The name that is none.
        names: The valid names.
        where: Where it is, as the text shows it.
        source: As the error's attribute.
    """
    close = nearest(name, names)
    return ConfigError(
        f"unknown option{quoted_name(name)}{where}{close and f'; did you mean {close!r}?'}",
        option=name if quoted_name(name) else None,
        suggestion=close or None,
        source=source,
    )


class ConfigOptions(TypedDict, total=False):
    """The options of `FlexitiConfig`, for `FlexitiConfig.load` and `FlexitiSession.from_env`."""

    client_id: str | SecretValue | None
    client_secret: Secret | str | SecretValue | None
    other_client_secret: Secret | str | SecretValue | None
    client_auth: ClientAuth | ClientAuthWord | None
    environment: Environment | EnvironmentWord | None
    base_url: str | Url | None
    allow_plain_http: bool | SwitchWord | None
    store: str | Secret | SecretValue | Url | Folder | TokenStore | None
    token_keys: Sequence[Secret | str | SecretValue | None] | Secret | str | SecretValue | None
    journal: str | Secret | SecretValue | Url | Folder | TokenStore | None
    account: str | None
    journal_ttl: float | str | timedelta | None
    merchant_username: str | SecretValue | None
    merchant_password: Secret | str | SecretValue | None
    other_merchant_username: str | SecretValue | None
    other_merchant_password: Secret | str | SecretValue | None
    merchants_login: MerchantsLogin | MerchantsLoginWord | None
    other_merchants_login: MerchantsLogin | MerchantsLoginWord | None
    account_type_place: AccountTypePlace | AccountTypePlaceWord | None
    local_rules: LocalRules | LocalRulesWord | None
    widget_origins: Sequence[str | Url | None] | Secret | str | Url | None
    api_versions: Mapping[EndpointName, str | None] | str | None
    i18n_method: I18nMethod | I18nMethodWord | None
    reference_ttl: float | str | timedelta | None
    reference_cache: Cache | None
    flow_ttl: float | str | timedelta | None
    refresh_ahead: float | str | timedelta | None
    leeway: float | str | timedelta | None
    token_timeout: float | str | timedelta | None
    request_timeout: float | str | timedelta | None
    call_timeout: float | str | timedelta | None
    connect_timeout: float | str | timedelta | None
    store_timeout: float | str | timedelta | None
    connections: int | str | None
    retries: int | str | None
    keepalive_timeout: float | str | timedelta | None
    http: HttpEngine | HttpEngineWord | None
    proxy: Secret | str | SecretValue | Url | None
    trust_env: bool | SwitchWord | None
    ca_file: str | FilePath | None
    client_cert: str | FilePath | None
    client_key: str | FilePath | None
    on_store_failure: OnStoreFailure | OnStoreFailureWord | None
    refresh_revokes_access: RefreshRevokesAccess | RefreshRevokesAccessWord | None
    log: LogLevel | LogLevelWord | None
