"""FlexitiConfig: from code, environment and TOML, all problems together, no secret anywhere."""

import os
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from flexiti_async import FlexitiConfig
from flexiti_async.api.canada import LocalRules
from flexiti_async.api.widget import AccountTypePlace
from flexiti_async.config.model import (
    Environment,
    LogLevel,
    MerchantsLogin,
    OnStoreFailure,
    RefreshRevokesAccess,
    option_names,
)
from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret
from flexiti_stores.memory import MemoryStore

from ..support.canaries import sightings

CANARY = "canary-4f1d0c"
GOOD: dict[str, Any] = {
    "client_id": "shop",
    "client_secret": CANARY,
    "environment": "training",
}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the machine's own FLEXITI_* variables."""
    for name in [name for name in os.environ if name.startswith("FLEXITI_")]:
        monkeypatch.delenv(name)


def config(**options: Any) -> FlexitiConfig:
    """Build a valid configuration with changes; `...` removes an option."""
    given = {name: value for name, value in {**GOOD, **options}.items() if value is not ...}
    return FlexitiConfig(**given)


def loaded(**options: Any) -> FlexitiConfig:
    """Load a valid configuration with more options."""
    return FlexitiConfig.load(**{**GOOD, **options})


def rejected(make: Callable[..., FlexitiConfig] = config, **options: Any) -> ConfigError:
    """Return the error of an invalid configuration, after checking that it shows no secret."""
    with pytest.raises(ConfigError) as caught:
        make(**options)
    assert [] == sightings(caught.value, CANARY)
    return caught.value


def test_defaults() -> None:
    """Options that are not set have the documented defaults."""
    made = config()

    assert ("shop", Secret(CANARY), Environment.TRAINING) == (
        made.client_id,
        made.client_secret,
        made.environment,
    )
    assert (None, Secret("memory://"), None, None) == (
        made.base_url,
        made.store,
        made.merchant_username,
        made.merchant_password,
    )
    assert (None, None, None) == (made.flow_ttl, made.refresh_ahead, made.leeway)
    assert (20.0, 15.0, 5.0, 1.0) == (
        made.token_timeout,
        made.request_timeout,
        made.connect_timeout,
        made.store_timeout,
    )
    assert (100, 2) == (made.connections, made.retries)
    assert (AccountTypePlace.OMITTED, OnStoreFailure.DEGRADE, RefreshRevokesAccess.UNKNOWN) == (
        made.account_type_place,
        made.on_store_failure,
        made.refresh_revokes_access,
    )


STORE = MemoryStore()
SECONDS = ["token_timeout", "request_timeout", "connect_timeout", "store_timeout"]
SECONDS_OR_NONE = ["flow_ttl", "refresh_ahead", "leeway"]
ACCEPTED: list[tuple[str, object, object]] = [
    ("client_id", " shop ", "shop"),
    ("client_secret", f" {CANARY}\n", Secret(CANARY)),
    ("client_secret", Secret(CANARY), Secret(CANARY)),
    ("environment", "PRODUCTION", Environment.PRODUCTION),
    ("environment", " merchant_integration ", Environment.MERCHANT_INTEGRATION),
    ("environment", Environment.TRAINING, Environment.TRAINING),
    ("store", "redis://host/0", Secret("redis://host/0")),
    ("store", STORE, STORE),
    ("account_type_place", "top_level", AccountTypePlace.TOP_LEVEL),
    ("account_type_place", AccountTypePlace.OMITTED, AccountTypePlace.OMITTED),
    ("local_rules", "OFF", LocalRules.OFF),
    ("on_store_failure", "raise", OnStoreFailure.RAISE),
    ("log", "DEBUG", LogLevel.DEBUG),
    ("log", None, None),
    ("refresh_revokes_access", "no", RefreshRevokesAccess.NO),
    ("merchants_login", "NEVER", MerchantsLogin.NEVER),
    ("other_merchants_login", "never", MerchantsLogin.NEVER),
    ("other_merchants_login", None, None),
    ("other_client_secret", "new, and a comma", Secret("new, and a comma")),
    ("connections", 1, 1),
    ("connections", "250", 250),
    ("retries", 0, 0),
    ("retries", " 5 ", 5),
    *((name, 7, 7.0) for name in (*SECONDS, *SECONDS_OR_NONE)),
    *((name, " 0.5 ", 0.5) for name in (*SECONDS, *SECONDS_OR_NONE)),
    *((name, None, None) for name in SECONDS_OR_NONE),
]


@pytest.mark.parametrize(
    ("option", "value", "expected"), ACCEPTED, ids=map(str, range(len(ACCEPTED)))
)
def test_accepted(option: str, value: object, expected: object) -> None:
    """Each option accepts its own type, and text as in environment variables."""
    assert expected == getattr(config(**{option: value}), option)


NO_SECONDS = "must be a number of seconds greater than 0"
INVALID: list[tuple[str, object, str]] = [
    ("client_id", None, "is required"),
    ("client_id", " ", "is required"),
    ("client_id", 5, "must be a text"),
    ("client_secret", None, "is required"),
    ("client_secret", "", "is required"),
    ("client_secret", 5, "must be a text"),
    ("client_secret", [CANARY], "must be a text"),
    ("environment", "canary-4f1d0c", "one of training, merchant_integration, production"),
    ("environment", 5, "one of training, merchant_integration, production"),
    ("merchant_username", 5, "must be a text"),
    ("merchant_password", 5, "must be a text"),
    ("account_type_place", CANARY, "one of nested, top_level, omitted"),
    ("on_store_failure", CANARY, "one of degrade, raise"),
    ("log", CANARY, "one of debug, info, warning, error"),
    ("log", 10, "one of debug, info, warning, error"),
    ("refresh_revokes_access", "yes", "one of unknown, no"),
    *(
        (name, value, NO_SECONDS)
        for name in (*SECONDS, *SECONDS_OR_NONE)
        for value in (0, -1, "0", "soon", CANARY, float("nan"), float("inf"), "inf", True, [1])
    ),
    ("token_timeout", 10**400, NO_SECONDS),
    *(
        (name, value, f"must be a whole number of at least {least}")
        for name, least in (("connections", 1), ("retries", 0))
        for value in (least - 1, "1.5", 1.5, "many", CANARY, True, "9" * 5000)
    ),
]


@pytest.mark.parametrize(("option", "value", "problem"), INVALID, ids=map(str, range(len(INVALID))))
def test_invalid_values(option: str, value: object, problem: str) -> None:
    """Each option rejects invalid values by its name and rule, and shows no value."""
    error = rejected(config, **{option: value})

    assert option == error.option
    assert f"{option}: " in str(error)
    assert problem in str(error)


def test_all_problems_are_reported_together() -> None:
    """An empty configuration lacks three options, which are reported together."""
    error = rejected(FlexitiConfig)

    assert (
        "client_id: is required; client_secret: is required; "
        "environment: set either environment or base_url"
    ) == str(error)
    assert ("client_id", None) == (error.option, error.suggestion)


def test_environment_or_base_url() -> None:
    """Exactly one of environment and base_url must be set."""
    problem = "environment: set either environment or base_url"
    both = f"{problem}, which is set in code, not both (set in code)"

    assert both == str(rejected(base_url="https://host"))
    assert problem == str(rejected(environment=None))
    assert "https://host" == config(environment=None, base_url="https://host").api_url


@pytest.mark.parametrize(
    ("environment", "host"),
    [
        ("training", "posapi-training.flexiti.fi"),
        ("merchant_integration", "posapi-mi.flexiti.fi"),
        ("production", "posapi.flexiti.fi"),
    ],
)
def test_hosts(environment: str, host: str) -> None:
    """Each environment has the host of the specification."""
    assert f"https://{host}/flexiti/pos-api" == config(environment=environment).api_url


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://host/flexiti/pos-api", "https://host/flexiti/pos-api"),
        (" https://host/flexiti/pos-api// ", "https://host/flexiti/pos-api"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_base_url(base_url: str, expected: str) -> None:
    """A base URL loses its trailing slash; plain http is for loopback."""
    assert expected == config(environment=None, base_url=base_url).api_url


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "host/flexiti",
        "http://posapi.flexiti.fi/flexiti/pos-api",
        "http://10.0.0.1/",
        "https://host?a=b",
        "https://[::1",
        "ftp://host",
    ],
)
def test_invalid_base_urls(base_url: str) -> None:
    """A base URL that must not get a bearer token is rejected."""
    assert "base_url" == rejected(environment=None, base_url=base_url).option


@pytest.mark.parametrize(
    "options",
    [{"merchant_username": "m"}, {"merchant_password": CANARY}],
    ids=["no password", "no name"],
)
def test_incomplete_merchant_credentials(options: dict[str, str]) -> None:
    """Merchant name and password must be set together, and so must the other ones."""
    other = {f"other_{name}": value for name, value in options.items()}

    assert "merchant_username" == rejected(config, **options).option
    assert "other_merchant_username" == rejected(config, **other).option


def test_merchant_credentials() -> None:
    """Merchant name and password are accepted together."""
    made = config(merchant_username="m", merchant_password=CANARY)

    assert ("m", Secret(CANARY)) == (made.merchant_username, made.merchant_password)


@pytest.mark.parametrize(
    ("option", "suggestion"), [("client_secrt", "client_secret"), ("timeout", None), ("zzz", None)]
)
def test_unknown_option_in_code(option: str, suggestion: str | None) -> None:
    """An unknown option in code is rejected with the nearest name, with and without `load`."""
    for make in (config, loaded):
        error = rejected(make, **{option: CANARY})

        assert option == error.option
        assert suggestion in {None, error.suggestion}
        assert f"unknown option '{option}'" in str(error)
        assert (error.suggestion is not None) is ("did you mean" in str(error))


@pytest.mark.parametrize("make", [FlexitiConfig, FlexitiConfig.load], ids=["code", "load"])
def test_no_secret_shows(make: Callable[..., FlexitiConfig]) -> None:
    """No secret is in the repr or the text of a configuration."""
    made = make(
        client_id="shop",
        client_secret=CANARY,
        environment="training",
        merchant_username=f"{CANARY}-name",
        merchant_password=CANARY,
        store=f"redis://:{CANARY}@host/0",
    )

    assert CANARY not in f"{made} {made!r} {attrs.asdict(made)['client_secret']}"


def test_no_secret_shows_in_errors() -> None:
    """An error shows neither invalid values nor valid secrets."""
    error = rejected(
        client_secret=CANARY,
        merchant_password=CANARY,
        merchant_username=CANARY,
        store=f"redis://:{CANARY}@host/0",
        retries=CANARY,
        leeway=CANARY,
        environment=CANARY,
    )

    assert "environment" == error.option


def test_positional_options_are_rejected() -> None:
    """Positional arguments are rejected."""
    with pytest.raises(TypeError):
        FlexitiConfig("shop")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_option_names() -> None:
    """Every attribute is an option, and every option is described."""
    private = {"_sources"}
    fields = {attribute.name for attribute in attrs.fields(FlexitiConfig)}

    assert fields - private == option_names()
    assert [] == [
        name for name in option_names() if f"{name}: " not in (FlexitiConfig.__doc__ or "")
    ]


def test_fingerprint_is_stable() -> None:
    """Equal credentials have equal fingerprints, with any other options."""
    one = config()
    other = config(environment="production", retries=0, client_secret=f"{CANARY} ")

    assert one.fingerprint == other.fingerprint
    assert 16 == len(one.fingerprint)


def test_fingerprint_differs_per_credential() -> None:
    """Each credential changes the fingerprint, which shows none of them."""
    login = {"merchant_username": "m", "merchant_password": "p"}
    fingerprints = [
        config(**options).fingerprint
        for options in (
            {},
            {"client_id": "other"},
            {"client_secret": "other"},
            login,
            {**login, "merchant_username": "other"},
            {**login, "merchant_password": "other"},
            {"merchants_login": "always"},
        )
    ]

    assert len(fingerprints) == len(set(fingerprints))
    assert not any(CANARY in mark for mark in fingerprints)


def test_only_the_login_in_use_counts() -> None:
    """A login that is not used is no part of the fingerprint, and neither are the other ones."""
    login = {"merchant_username": "m", "merchant_password": "p"}
    other = {f"other_{name}": value for name, value in login.items()}
    plain = config().fingerprint

    assert plain == config(**login, merchants_login="never").fingerprint
    assert plain == config(other_client_secret="other", **other).fingerprint
    assert config(**login).fingerprint == config(**login, merchants_login="always").fingerprint


@pytest.mark.parametrize(
    ("other", "logins"),
    [
        ({}, ["m"]),
        ({"other_merchant_username": "n", "other_merchant_password": "q"}, ["m", "n"]),
        ({"other_merchants_login": "never"}, ["m", None]),
        ({"other_merchants_login": "always"}, ["m", ""]),
        ({"other_merchant_username": "m", "other_merchant_password": "p"}, ["m"]),
    ],
)
def test_ring_of_credentials(other: dict[str, str], logins: list[str | None]) -> None:
    """The credentials in use come first; each secret is in it with each login."""
    made = config(merchant_username="m", merchant_password="p", other_client_secret="o", **other)
    ring = list(made.credentials)

    assert made.fingerprint == ring[0].fingerprint
    assert [(secret, login) for secret in (CANARY, "o") for login in logins] == [
        (one.client_secret.reveal(), one.login and (one.login.username or "")) for one in ring
    ]
    assert len(ring) == len({one.fingerprint for one in ring})
    assert CANARY not in repr(ring)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("client_secret", str(Secret(CANARY))),
        ("other_client_secret", f"{Secret(CANARY)}"),
        ("proxy", f"{Secret(CANARY)}"),
        ("token_keys", [f"{Secret(CANARY)}"]),
        ("store", f"redis://:{Secret(CANARY)}@cache/0"),
        ("journal", f"redis://:{Secret(CANARY)}@cache/0"),
    ],
)
def test_a_mask_is_no_secret(option: str, value: object) -> None:
    """A text that was made of a Secret is refused here, not by the API or the store."""
    error = rejected(config, **{option: value})

    assert option == error.option
    assert "reveal()" in str(error)
