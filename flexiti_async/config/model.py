"""
`FlexitiConfig`: what a session is told, checked when it is made.

It is made in code, or read by `FlexitiConfig.load()` from `FLEXITI_*` environment variables and a
TOML file (`flexiti_async.config.sources`). Values may be texts, as environment variables are. Every
fault is told at once, by `ConfigError`, and no value of a secret with it.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Self, cast

import attrs
from attrs import field, frozen

from flexiti_async.api.endpoints import NAMES, I18nMethod
from flexiti_async.api.widget import AccountTypePlace
from flexiti_async.config.base_url import fault_of_base_url, is_proxy
from flexiti_async.config.cache import Cache
from flexiti_async.config.options import (
    Environment,
    OnStoreFailure,
    RefreshRevokesAccess,
    to_account_type_place,
    to_api_versions,
    to_cache,
    to_client_secret,
    to_connections,
    to_environment,
    to_i18n_method,
    to_on_store_failure,
    to_refresh_revokes,
    to_retries,
    to_store,
    to_trust_env,
    unknown_option,
)
from flexiti_async.config.parsing import (
    Bad,
    hide,
    seconds,
    seconds_or_none,
    secret,
    secrets,
    text,
)
from flexiti_async.errors import ConfigError
from flexiti_async.protocol.call import is_version
from flexiti_async.protocol.secret import Secret, fingerprint
from flexiti_async.protocol.validation import nearest
from flexiti_async.store.interface import TokenStore

__all__ = ["Environment", "FlexitiConfig", "OnStoreFailure", "RefreshRevokesAccess"]


_BASE_URLS: Final[Mapping[Environment, str]] = {
    Environment.TRAINING: "https://posapi-training.flexiti.fi/flexiti/pos-api",
    Environment.MERCHANT_INTEGRATION: "https://posapi-mi.flexiti.fi/flexiti/pos-api",
    Environment.PRODUCTION: "https://posapi.flexiti.fi/flexiti/pos-api",
}


def _checked() -> None:
    """Wrap the generated `__init__`; see `flexiti_async.protocol.validation.checked` for why."""
    make: Callable[..., None] = FlexitiConfig.__init__

    def __init__(self: FlexitiConfig, **kwargs: object) -> None:  # noqa: N807
        names = option_names()
        unknown = sorted(kwargs.keys() - names)
        if unknown:
            kwargs.clear()
            raise unknown_option(unknown[0], names)
        make(self, **{"client_id": None, "client_secret": None, **kwargs})
        kwargs.clear()
        faults = list(_faults(self))
        if faults:
            del self  # its repr shows what was refused, perhaps a secret in the wrong place
            told = "; ".join(f"{name}: {what}" for name, what in faults)
            raise ConfigError(told, option=faults[0][0])

    FlexitiConfig.__init__ = functools.update_wrapper(__init__, make)  # type: ignore[method-assign]


@frozen(kw_only=True)
class FlexitiConfig:
    """
    Everything that a session is told.

    Durations are in seconds. Raises ConfigError for what is missing, unknown or senseless.

    Attributes:
        client_id: Client id from the developer portal.
        client_secret: Client secret from the developer portal.
        environment: Which of Flexiti's environments; or give `base_url`.
        base_url: API base URL, ending in `/flexiti/pos-api` at Flexiti's. Plain http is allowed
            for loopback only.
        store: Where tokens are shared: `memory://` (this process), the URL of another store, a
            class path `package.module:Class`, or a ready `TokenStore`.
        token_keys: Keys that everything in the token store is sealed with: the first one seals,
            all of them open, so that keys can be rotated. One text with commas, or several. Make
            one with `flexiti-async keys generate`. Needs the extra `crypto`.
        merchant_username: With `merchant_password`: log every new token in (merchants/login).
        merchant_password: See `merchant_username`.
        account_type_place: Where the `account_type` of an application stands in widget/init.
        api_versions: Version segments that replace the documented ones, by endpoint name
            (`flexiti_async.api.endpoints`): a mapping, a TOML table, or one text such as
            `calculate-interest=v2.5, refund=v2.5.1`.
        i18n_method: HTTP method of i18n, `post` or `get`; the portal's pages differ.
        reference_ttl: How long form values and terms are served without asking again.
        reference_cache: An aiocache cache that keeps them, for all processes; by default each
            process keeps its own in memory. It is never closed.
        flow_ttl: How long a checkout's token must live at least; default half of its lifetime.
        refresh_ahead: Renew a token when so much of its life is left; default 10 % of its
            lifetime, at least 60, never more than half.
        leeway: Do not use a token any more when so much of its life is left; default 30, never
            more than a tenth of its lifetime.
        token_timeout: How long getting a token may take, merchants/login included.
        request_timeout: How long one request may take, and nearly as long it may wait for a
            connection of a busy pool before.
        call_timeout: How long a whole call may take, with its repeats and the waits between them,
            but without the wait for a token before it; default twice `request_timeout`.
        connect_timeout: How long making a connection may take.
        store_timeout: How long one operation of the token store may take.
        connections: Size of the connection pool, if the session opens its own.
        retries: How often a call is repeated that may be repeated.
        keepalive_timeout: How long a connection may be idle and still be used; shorter where the
            server announces less. Keep it below the idle time-out of every server on the way:
            common ones are 5 seconds and more.
        proxy: URL of the HTTP proxy to go through, `http://user:password@proxy.example:3128`.
        trust_env: Go through the proxy that `HTTPS_PROXY` and `NO_PROXY` name, without `proxy`.
        ca_file: File of the certificates (PEM) to trust, instead of the system's.
        client_cert: File of the certificate (PEM, with its chain) to show, for mutual TLS.
        client_key: File of its key, if that is not in `client_cert`.
        on_store_failure: What to do without the token store.
        refresh_revokes_access: What is known about refreshes.
    """

    client_id: str = field(converter=text)
    client_secret: Secret = field(converter=to_client_secret)
    environment: Environment | None = field(default=None, converter=to_environment)
    base_url: str | None = field(default=None, converter=text)
    # A store's URL can hold a password.
    store: str | TokenStore = field(default="memory://", converter=to_store, repr=False)
    token_keys: tuple[Secret, ...] = field(default=(), converter=secrets)
    merchant_username: str | None = field(default=None, converter=text, repr=False)
    merchant_password: Secret | None = field(default=None, converter=secret)
    account_type_place: AccountTypePlace = field(
        default=AccountTypePlace.NESTED, converter=to_account_type_place
    )
    api_versions: Mapping[str, str] = field(
        factory=dict[str, str], converter=to_api_versions, hash=False
    )
    i18n_method: I18nMethod = field(default=I18nMethod.POST, converter=to_i18n_method)
    reference_ttl: float = field(default=3600.0, converter=seconds)
    reference_cache: Cache | None = field(default=None, converter=to_cache, repr=False)
    flow_ttl: float | None = field(default=None, converter=seconds_or_none)
    refresh_ahead: float | None = field(default=None, converter=seconds_or_none)
    leeway: float | None = field(default=None, converter=seconds_or_none)
    token_timeout: float = field(default=20.0, converter=seconds)
    request_timeout: float = field(default=15.0, converter=seconds)
    call_timeout: float | None = field(default=None, converter=seconds_or_none)
    connect_timeout: float = field(default=5.0, converter=seconds)
    store_timeout: float = field(default=1.0, converter=seconds)
    connections: int = field(default=100, converter=to_connections)
    retries: int = field(default=2, converter=to_retries)
    keepalive_timeout: float = field(default=4.0, converter=seconds)
    proxy: Secret | None = field(default=None, converter=secret)
    trust_env: bool = field(default=False, converter=to_trust_env)
    ca_file: str | None = field(default=None, converter=text)
    client_cert: str | None = field(default=None, converter=text)
    client_key: str | None = field(default=None, converter=text)
    on_store_failure: OnStoreFailure = field(
        default=OnStoreFailure.DEGRADE, converter=to_on_store_failure
    )
    refresh_revokes_access: RefreshRevokesAccess = field(
        default=RefreshRevokesAccess.UNKNOWN, converter=to_refresh_revokes
    )

    @classmethod
    def load(cls, **options: object) -> Self:
        """
        Read the environment and the TOML file; `options` given here win over both.

        Raises:
            ConfigError: As for the class; also for a file named by `FLEXITI_CONFIG` that is not
                there, and for options and `FLEXITI_*` variables that nobody knows.
        """
        from flexiti_async.config.sources import read_options

        # Texts travel as secrets from here on: no frame of a traceback shows what they are.
        given = {name: hide(value) for name, value in options.items()}
        options.clear()
        return cast("Callable[..., Self]", cls)(**read_options(option_names(), given))

    @property
    def api_url(self) -> str:
        """The API's base URL without a trailing slash: `base_url`, or the environment's."""
        if self.base_url is not None:
            return self.base_url.rstrip("/")
        return _BASE_URLS[self.environment or Environment.TRAINING]

    @property
    def fingerprint(self) -> str:
        """Name of these credentials, fit to be shown and stored (16 hex digits)."""
        password = self.merchant_password.reveal() if self.merchant_password else ""
        return fingerprint(
            self.client_secret, self.client_id, self.merchant_username or "", password
        )


def option_names() -> frozenset[str]:
    """Name every option."""
    return frozenset(attribute.name for attribute in attrs.fields(FlexitiConfig))


def _faults(config: FlexitiConfig) -> Iterable[tuple[str, str]]:
    for attribute in attrs.fields(FlexitiConfig):
        value: object = getattr(config, attribute.name)
        if isinstance(value, Bad):
            yield attribute.name, f"must be {value.wanted}"
    if not config.client_id:
        yield "client_id", "is required"
    if not config.client_secret:
        yield "client_secret", "is required"
    if (config.base_url is None) is (config.environment is None):  # both or neither
        yield "environment", "give either an environment or a base_url"
    if isinstance(config.base_url, str):
        fault = fault_of_base_url(config.base_url)
        if fault:
            yield "base_url", fault
    yield from _faults_of_connections(config)
    if not isinstance(config.api_versions, Bad):
        yield from _faults_of_versions(config.api_versions)
    if bool(config.merchant_username) != bool(config.merchant_password):
        yield "merchant_username", "give merchant_username and merchant_password, or neither"


def _faults_of_connections(config: FlexitiConfig) -> Iterable[tuple[str, str]]:
    if isinstance(config.proxy, Secret) and not is_proxy(config.proxy.reveal()):
        yield "proxy", "must look like http://user:password@proxy.example:3128"
    if config.client_key is not None and config.client_cert is None:
        yield "client_key", "give the certificate as well, as client_cert"


def _faults_of_versions(versions: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name, version in versions.items():
        if name not in NAMES:
            close = nearest(name, NAMES)
            yield "api_versions", f"no endpoint {name!r}{close and f'; did you mean {close!r}?'}"
        elif not is_version(version):
            yield "api_versions", f"the version of {name} must be like v2.5.1"


_checked()
