"""
`FlexitiConfig`: the configuration of a session, validated on construction.

It is built in code, or by `FlexitiConfig.load()` from `FLEXITI_*` environment variables and a TOML
file (`flexiti_async.config.sources`). Values may be text, as environment variables are. All
problems are reported together by one `ConfigError`, which says where each option was set, and
quotes no secret.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Self, TypeVar, Unpack, cast

import attrs
from attrs import field, frozen

from flexiti_async.api.canada import LocalRules
from flexiti_async.api.endpoints import NAMES, I18nMethod
from flexiti_async.api.widget import AccountTypePlace
from flexiti_async.api.widget_origins import origin_of
from flexiti_async.config.credentials import Credentials, MerchantLogin, ring_of
from flexiti_async.config.located import IN_CODE, Source
from flexiti_async.config.options import (
    LEAST_JOURNAL_TTL,
    Cache,
    ClientAuth,
    ConfigOptions,
    Environment,
    HttpEngine,
    LogLevel,
    MerchantsLogin,
    OnStoreFailure,
    RefreshRevokesAccess,
    to_account_type_place,
    to_api_versions,
    to_cache,
    to_client_auth,
    to_client_secret,
    to_connections,
    to_environment,
    to_http,
    to_i18n_method,
    to_journal,
    to_journal_ttl,
    to_local_rules,
    to_log_level,
    to_merchants_login,
    to_on_store_failure,
    to_other_merchants_login,
    to_refresh_revokes,
    to_retries,
    to_store,
    to_switch,
    unknown_option,
)
from flexiti_async.config.parsing import (
    Invalid,
    base_url,
    client_id,
    credential,
    file_path,
    hide,
    is_proxy,
    origins,
    problem_with_base_url,
    seconds,
    seconds_or_none,
    secret,
    secrets,
    text,
    url_secret,
)
from flexiti_async.errors import ConfigError
from flexiti_async.protocol.call import is_version
from flexiti_async.protocol.redact import quoted_name
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import nearest
from flexiti_async.store.interface import TokenStore

__all__ = [
    "ClientAuth",
    "Environment",
    "FlexitiConfig",
    "HttpEngine",
    "LogLevel",
    "MerchantsLogin",
    "OnStoreFailure",
    "RefreshRevokesAccess",
    "loaded",
    "option_names",
]


C = TypeVar("C", bound="FlexitiConfig")

_BASE_URLS: Final[Mapping[Environment, str]] = {
    Environment.TRAINING: "https://posapi-training.flexiti.fi/flexiti/pos-api",
    Environment.MERCHANT_INTEGRATION: "https://posapi-mi.flexiti.fi/flexiti/pos-api",
    Environment.PRODUCTION: "https://posapi.flexiti.fi/flexiti/pos-api",
}


def _error(problems: Sequence[tuple[str, str]], sources: Mapping[str, Source]) -> ConfigError:
    """Build the error for problems of options, each with the source of its option."""
    shown = {name: str(sources[name]) for name, _ in problems if name in sources}
    text = "; ".join(
        f"{name}: {problem}" + (f" ({shown[name]})" if name in shown else "")
        for name, problem in problems
    )
    first = problems[0][0]
    return ConfigError(text, option=first, source=shown.get(first))


@frozen(kw_only=True)
class FlexitiConfig:
    """
    The configuration of a session.

    Durations are in seconds, or a `timedelta`. None means not set, for every option. Secrets may be
    objects with `get_secret_value()`, URLs may be URL objects, and files may be paths. Raises
    ConfigError for missing, unknown and invalid options, and for credentials that cannot be any: a
    mask, a text in quotes, a placeholder that nobody has filled.

    Attributes:
        client_id: Client id from the developer portal.
        client_secret: Client secret from the developer portal.
        other_client_secret: During a rotation of `client_secret`, the other one of the old and the
            new: checkouts saved with it are found, and no token is requested with it.
        client_auth: Whether token requests carry client id and secret in the `form`, as the API
            documents it, or as HTTP `basic`.
        environment: One of Flexiti's environments; or set `base_url`.
        base_url: API base URL, ending in `/flexiti/pos-api` at Flexiti's. Plain http is allowed
            for loopback only, unless `allow_plain_http` says otherwise.
        allow_plain_http: Allow `base_url` to be plain http to another host: for a sandbox in
            another container. Never for Flexiti's own hosts, and not with `environment`.
        store: The token store: `memory://` (this process), the URL of another store, a class path
            `package.module:Class`, or a `TokenStore`. A text becomes a `Secret`, because it can
            hold a password.
        token_keys: Encryption keys for the token store: the first one encrypts, all of them
            decrypt, so that keys can be rotated. A list, or one text with commas; an empty text is
            an error. Generate one with `flexiti-async keys generate`. Requires the extra `crypto`.
            The word `plain` stands for plain text, while a store that was begun without keys is
            being encrypted.
        journal: Where operations are recorded, as for `store`; by default in the store. It must
            outlive the process, except for an API on loopback, or `memory://` is named here.
        account: Stable name of the account in the journal; by default the environment, or the
            origin of `base_url`, and the client id. Another name forgets every operation.
        journal_ttl: How long an operation that ran is kept and replayed; at least 400 days.
        merchant_username: With `merchant_password`, every new token is logged in (merchants/login).
        merchant_password: See `merchant_username`.
        other_merchant_username: As `other_client_secret`, with `other_merchant_password`, during a
            rotation of the merchant login.
        other_merchant_password: See `other_merchant_username`.
        merchants_login: Whether new tokens are logged in: if there is a merchant login, always, or
            never. The API has deprecated the endpoint.
        other_merchants_login: As `merchants_login` for the other login: `never` during a rollout
            that adds or removes the login.
        account_type_place: The place of an application's `account_type` in widget/init and apply,
            `omitted`, `nested` or `top_level`; the start page and the newest one do not have it.
        local_rules: Whether rules are checked that no page of the API has, `strict` or `off`: the
            grammar of postal codes, births from 1900, the age of majority.
        widget_origins: Origins to which a customer may be sent, such as `https://posapi.flexiti.fi`:
            a list, or one text with commas. By default the API's own, and https at any host of
            `flexiti.fi`; for an API on loopback, loopback.
        api_versions: Version segments that override the documented ones, by endpoint name
            (`flexiti_async.api.endpoints`): a mapping, a TOML table, or one text such as
            `calculate-interest=v2.5, refund=v2.5.1`.
        i18n_method: HTTP method of i18n, `post` or `get`; the portal's pages differ.
        reference_ttl: How long form values and terms are served from the cache.
        reference_cache: An aiocache cache for them, shared by all processes; by default each
            process caches them in memory. It is never closed.
        flow_ttl: How long a checkout's token must live at least; default half of its lifetime.
        refresh_ahead: Refresh a token when this much of its life is left; default 10 % of its
            lifetime, at least 60, never more than half.
        leeway: Stop using a token when this much of its life is left; default 30, never more than
            a tenth of its lifetime.
        token_timeout: How long one request for a token may take, merchants/login and repeats
            included. A caller waits up to 3.5 times as long: for two leases of a claim that keeps
            this process from a token, then for a request of its own.
        request_timeout: How long one request may take; the wait for a connection of a busy pool
            before it may take nearly as long.
        call_timeout: How long a whole call may take, with its retries and the waits between them,
            but without the wait for a token; default twice `request_timeout`.
        connect_timeout: How long opening a connection may take.
        store_timeout: How long one operation of the token store may take.
        connections: Size of the connection pool, unless a client session is borrowed.
        retries: How often a call that is safe to retry is retried. In any minute a session retries
            at most a tenth as often as it makes calls, or ten times, so that an outage of the API
            is not made worse; not counted are first repeats over a new connection in place of one
            that was kept and has broken.
        on_store_failure: Whether to degrade or to raise while the token store is down.
        refresh_revokes_access: Whether a refresh revokes the previous access token, if known.
        keepalive_timeout: How long a connection may be idle and still be used; shorter where the
            server announces less. Keep it below the idle time-out of every server on the way:
            common ones are 5 seconds and more.
        http: The HTTP engine, `aiohttp` or `httptools`, which takes about half of the CPU time,
            requires the extra `fast`, and leaves to aiohttp everything with `proxy`, `trust_env` or
            a client session that is lent, token requests, and large bodies.
        proxy: URL of the HTTP proxy to use, `http://user:password@proxy.example:3128`.
        trust_env: Use the proxy that `HTTPS_PROXY` and `NO_PROXY` name, unless `proxy` is set.
        ca_file: File of the certificates (PEM) to trust, instead of the system's.
        client_cert: File of the client certificate (PEM, with its chain), for mutual TLS.
        client_key: File of its key, unless `client_cert` contains it.
        log: Write the library's log from this level on: `debug`, `info`, `warning` or `error`. A
            session that is created sets the level of the logger `flexiti_async`, and lines go to
            stderr if the application has set no handler for them. By default logging is left alone.
    """

    client_id: str = field(converter=client_id)
    client_secret: Secret = field(converter=to_client_secret)
    other_client_secret: Secret | None = field(default=None, converter=secret)
    client_auth: ClientAuth = field(default=ClientAuth.FORM, converter=to_client_auth)
    environment: Environment | None = field(default=None, converter=to_environment)
    base_url: str | None = field(default=None, converter=base_url)
    allow_plain_http: bool = field(default=False, converter=to_switch)
    # A text becomes a Secret: a store's URL can hold a password.
    store: Secret | TokenStore = field(
        default=cast("Secret", "memory://"), converter=to_store, repr=False
    )
    token_keys: tuple[Secret, ...] = field(default=(), converter=secrets)
    journal: Secret | TokenStore | None = field(default=None, converter=to_journal, repr=False)
    account: str | None = field(default=None, converter=text)
    journal_ttl: float = field(default=LEAST_JOURNAL_TTL, converter=to_journal_ttl)
    merchant_username: str | None = field(default=None, converter=credential, repr=False)
    merchant_password: Secret | None = field(default=None, converter=secret)
    other_merchant_username: str | None = field(default=None, converter=credential, repr=False)
    other_merchant_password: Secret | None = field(default=None, converter=secret)
    merchants_login: MerchantsLogin = field(
        default=MerchantsLogin.AUTO, converter=to_merchants_login
    )
    other_merchants_login: MerchantsLogin | None = field(
        default=None, converter=to_other_merchants_login
    )
    account_type_place: AccountTypePlace = field(
        default=AccountTypePlace.OMITTED, converter=to_account_type_place
    )
    local_rules: LocalRules = field(default=LocalRules.STRICT, converter=to_local_rules)
    widget_origins: tuple[str, ...] = field(default=(), converter=origins)
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
    http: HttpEngine = field(default=HttpEngine.AIOHTTP, converter=to_http)
    proxy: Secret | None = field(default=None, converter=url_secret)
    trust_env: bool = field(default=False, converter=to_switch)
    ca_file: str | None = field(default=None, converter=file_path, repr=False)
    client_cert: str | None = field(default=None, converter=file_path, repr=False)
    client_key: str | None = field(default=None, converter=file_path, repr=False)
    log: LogLevel | None = field(default=None, converter=to_log_level)
    on_store_failure: OnStoreFailure = field(
        default=OnStoreFailure.DEGRADE, converter=to_on_store_failure
    )
    refresh_revokes_access: RefreshRevokesAccess = field(
        default=RefreshRevokesAccess.UNKNOWN, converter=to_refresh_revokes
    )

    _sources: Mapping[str, Source] = field(
        factory=dict[str, Source], init=False, eq=False, repr=False
    )

    @classmethod
    def load(cls, **options: Unpack[ConfigOptions]) -> Self:
        """
        Read the environment and the TOML file; `options` override both.

        Raises:
            ConfigError: As for the class; also if the file that `FLEXITI_CONFIG` names is missing
                or can be written by others, and for unknown options and `FLEXITI_*` variables.
        """
        return loaded(cls, cast("dict[str, object]", options), source=IN_CODE)

    def source_of(self, option: str) -> str | None:
        """
        Return where an option was set, to be shown to people; None if it has its default.

        Such as `set in code`, `set by FLEXITI_RETRIES` or `set in /etc/flexiti.toml, line 4`.
        """
        source = self._sources.get(option)
        return None if source is None else str(source)

    @property
    def api_url(self) -> str:
        """The API's base URL without a trailing slash: `base_url`, or the environment's."""
        if self.base_url is not None:
            return self.base_url.rstrip("/")
        return _BASE_URLS[self.environment or Environment.TRAINING]

    @property
    def fingerprint(self) -> str:
        """Hash of the credentials in use, safe to show and to store (16 hex digits)."""
        return Credentials(self.client_id, self.client_secret, self.login).fingerprint

    @property
    def login(self) -> MerchantLogin | None:
        """The arguments of merchants/login for every new token; None without it."""
        return _login_of(self.merchants_login, self.merchant_username, self.merchant_password)

    @property
    def credentials(self) -> Iterator[Credentials]:
        """The ring of credentials: the first ones are used and save, all of them find."""
        mode, name = self.other_merchants_login, self.other_merchant_username
        logins = [self.login]
        if mode is not None or name:
            mode = mode or MerchantsLogin.AUTO
            logins.append(_login_of(mode, name, self.other_merchant_password))
        return ring_of(self.client_id, (self.client_secret, self.other_client_secret), logins)


def _login_of(
    mode: MerchantsLogin, username: str | None, password: Secret | None
) -> MerchantLogin | None:
    if mode is MerchantsLogin.NEVER:
        return None
    if username:
        return MerchantLogin(username, password)
    return MerchantLogin() if mode is MerchantsLogin.ALWAYS else None


def loaded(kind: type[C], options: dict[str, object], *, source: str) -> C:
    """
    Load a configuration as `FlexitiConfig.load` does.

    Args:
        kind: Its class.
        options: Options that override the environment and the file; emptied.
        source: Where the caller has them from.

    Raises:
        ConfigError: As `FlexitiConfig.load`.
    """
    from flexiti_async.config.sources import read_options

    # All texts are Secrets from here on, so that no frame of a traceback shows them.
    given = {name: hide(value) for name, value in options.items() if value is not None}
    options.clear()
    read = read_options(option_names(), given, source=source)
    values = {name: value for name, (value, _) in read.items()}
    sources = {name: where for name, (_, where) in read.items()}
    config = kind.__new__(kind)
    error = _initialize(config, values, sources)
    if error is None:
        return config
    del config
    raise error


def option_names() -> frozenset[str]:
    """Return the names of all options."""
    return frozenset(option.name for option in attrs.fields(FlexitiConfig) if option.init)


def _problems(config: FlexitiConfig) -> Iterable[tuple[str, str]]:
    for option in attrs.fields(FlexitiConfig):
        value: object = getattr(config, option.name)
        if isinstance(value, Invalid):
            yield option.name, f"must be {value.rule}"
    if not config.client_id:
        yield "client_id", "is required"
    if not config.client_secret:
        yield "client_secret", "is required"
    yield from _api_problems(config)
    yield from _connection_problems(config)
    yield from _origin_problems(config)
    if not isinstance(config.api_versions, Invalid):
        yield from _version_problems(config.api_versions)
    yield from _login_problems(config)


def _api_problems(config: FlexitiConfig) -> Iterable[tuple[str, str]]:
    if config.base_url is config.environment is None:
        yield "environment", "set either environment or base_url"
    elif config.base_url is not None and config.environment is not None:
        where = config.source_of("base_url")
        yield "environment", f"set either environment or base_url, which is {where}, not both"
    if isinstance(config.base_url, str):
        allowed = config.allow_plain_http is True  # an invalid value is reported above
        problem = problem_with_base_url(config.base_url, allow_plain_http=allowed)
        if problem:
            yield "base_url", problem
    if config.allow_plain_http is True and config.environment is not None:
        yield "allow_plain_http", "is for base_url: Flexiti's environments are https"


def _login_problems(config: FlexitiConfig) -> Iterable[tuple[str, str]]:
    for prefix in ("", "other_"):
        name, password = f"{prefix}merchant_username", f"{prefix}merchant_password"
        if bool(getattr(config, name)) != bool(getattr(config, password)):
            given = name if getattr(config, name) else password
            where = config.source_of(given)
            yield name, f"set both {name} and {password}, or neither: {given} is {where}"


def _connection_problems(config: FlexitiConfig) -> Iterable[tuple[str, str]]:
    if isinstance(config.proxy, Secret) and not is_proxy(config.proxy.reveal()):
        yield "proxy", "must look like http://user:password@proxy.example:3128"
    if config.client_key is not None and config.client_cert is None:
        yield "client_key", "set client_cert as well"


def _origin_problems(config: FlexitiConfig) -> Iterable[tuple[str, str]]:
    if isinstance(config.widget_origins, Invalid) or isinstance(config.base_url, Invalid):
        return
    scheme = "http" if (config.base_url or "").startswith("http:") else "https"
    found = [origin_of(url) for url in config.widget_origins]
    longer = any(set(url.partition("://")[2]) & set("/?#") for url in config.widget_origins)
    if longer or any(origin is None or origin[0] != scheme for origin in found):
        yield "widget_origins", f"each must look like {scheme}://posapi.flexiti.fi"


def _version_problems(versions: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name, version in versions.items():
        if name not in NAMES:
            close = nearest(name, NAMES)
            hint = close and f"; did you mean {close!r}?"
            yield "api_versions", f"no endpoint{quoted_name(name)}{hint}"
        elif not is_version(version):
            yield "api_versions", f"the version of {name} must be like v2.5.1"


_generated_init: Final = cast("Callable[..., None]", FlexitiConfig.__init__)


def _initialize(
    config: FlexitiConfig, given: dict[str, object], sources: Mapping[str, Source]
) -> ConfigError | None:
    """
    Set the options of a configuration, and check them all.

    The error is returned, so that a caller can first delete the configuration, whose repr shows
    invalid values, from a frame that the error's traceback will hold.

    Args:
        config: The new object.
        given: The options that are set; emptied, so that no traceback shows them.
        sources: Where they are set, if not in code.
    """
    names = option_names()
    unknown = sorted(given.keys() - names)
    if unknown:
        given.clear()
        return unknown_option(unknown[0], names, where=" in code", source=IN_CODE)
    # None means not set, as in the fields of a settings object.
    for name in [name for name, value in given.items() if value is None]:
        del given[name]
    sources = {name: sources.get(name, IN_CODE) for name in given}
    _generated_init(config, **{"client_id": None, "client_secret": None, **given})
    given.clear()
    object.__setattr__(config, "_sources", sources)
    problems = list(_problems(config))
    return _error(problems, sources) if problems else None


def _init(self: FlexitiConfig, **kwargs: object) -> None:
    error = _initialize(self, kwargs, {})
    if error is not None:
        del self
        raise error


FlexitiConfig.__init__ = functools.update_wrapper(_init, _generated_init)  # type: ignore[method-assign]
