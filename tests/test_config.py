"""FlexitiConfig: from code, environment and TOML, every fault at once, no secret anywhere."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from flexiti_async import FlexitiConfig
from flexiti_async.api.widget import AccountTypePlace
from flexiti_async.config import (
    Environment,
    OnStoreFailure,
    RefreshRevokesAccess,
    option_names,
)
from flexiti_async.errors import ConfigError
from flexiti_async.sansio.secret import Secret
from flexiti_stores.memory import MemoryStore

from .canaries import sightings

CANARY = "canary-4f1d0c"
GOOD: dict[str, Any] = {
    "client_id": "shop",
    "client_secret": CANARY,
    "environment": "training",
}
WriteToml = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the machine's own environment says of Flexiti."""
    for name in [name for name in os.environ if name.startswith("FLEXITI_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteToml:
    """Give a function that writes the TOML file and names it in the environment."""

    def write(text: str) -> Path:
        file = tmp_path / "flexiti.toml"
        file.write_text(text, encoding="utf-8")
        monkeypatch.setenv("FLEXITI_CONFIG", str(file))
        return file

    return write


def config(**options: Any) -> FlexitiConfig:
    """Make a good configuration with changes; `...` takes an option away."""
    given = {name: value for name, value in {**GOOD, **options}.items() if value is not ...}
    return FlexitiConfig(**given)


def loaded(**options: Any) -> FlexitiConfig:
    """Load a good configuration with more options."""
    return FlexitiConfig.load(**{**GOOD, **options})


def refused(make: Callable[..., FlexitiConfig] = config, **options: Any) -> ConfigError:
    """Fail to make a configuration without showing the secret, and give the error."""
    with pytest.raises(ConfigError) as caught:
        make(**options)
    assert [] == sightings(caught.value, CANARY)
    return caught.value


def test_defaults() -> None:
    """What is not said has the documented default."""
    made = config()

    assert ("shop", Secret(CANARY), Environment.TRAINING) == (
        made.client_id,
        made.client_secret,
        made.environment,
    )
    assert (None, "memory://", None, None) == (
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
    assert (AccountTypePlace.NESTED, OnStoreFailure.DEGRADE, RefreshRevokesAccess.UNKNOWN) == (
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
    ("store", "redis://host/0", "redis://host/0"),
    ("store", STORE, STORE),
    ("account_type_place", "top_level", AccountTypePlace.TOP_LEVEL),
    ("account_type_place", AccountTypePlace.OMITTED, AccountTypePlace.OMITTED),
    ("on_store_failure", "raise", OnStoreFailure.RAISE),
    ("refresh_revokes_access", "no", RefreshRevokesAccess.NO),
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
    """Each option takes its own type and a text, as environment variables are."""
    assert expected == getattr(config(**{option: value}), option)


NO_SECONDS = "must be a number of seconds greater than 0"
REFUSED: list[tuple[str, object, str]] = [
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
    ("refresh_revokes_access", "yes", "one of unknown, no"),
    *(
        (name, value, NO_SECONDS)
        for name in (*SECONDS, *SECONDS_OR_NONE)
        for value in (0, -1, "0", "soon", CANARY, float("nan"), float("inf"), "inf", True, [1])
    ),
    *((name, None, NO_SECONDS) for name in SECONDS),
    ("token_timeout", 10**400, NO_SECONDS),
    *(
        (name, value, f"must be a whole number of at least {least}")
        for name, least in (("connections", 1), ("retries", 0))
        for value in (least - 1, "1.5", 1.5, "many", CANARY, None, True, "9" * 5000)
    ),
]


@pytest.mark.parametrize(("option", "value", "fault"), REFUSED, ids=map(str, range(len(REFUSED))))
def test_refused(option: str, value: object, fault: str) -> None:
    """Each option refuses what makes no sense, by its name, and shows no value."""
    error = refused(config, **{option: value})

    assert option == error.option
    assert f"{option}: " in str(error)
    assert fault in str(error)


def test_all_faults_at_once() -> None:
    """An empty configuration lacks three things, and all of them are told."""
    error = refused(FlexitiConfig)

    assert (
        "client_id: is required; client_secret: is required; "
        "environment: give either an environment or a base_url"
    ) == str(error)
    assert ("client_id", None) == (error.option, error.suggestion)


def test_environment_or_base_url() -> None:
    """Exactly one of the two says where the API is."""
    fault = "environment: give either an environment or a base_url"

    assert fault == str(refused(base_url="https://host"))
    assert fault == str(refused(environment=None))
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
def test_base_url_refused(base_url: str) -> None:
    """A base URL that may not get a bearer token is refused."""
    assert "base_url" == refused(environment=None, base_url=base_url).option


@pytest.mark.parametrize(
    "options",
    [{"merchant_username": "m"}, {"merchant_password": CANARY}],
    ids=["no password", "no name"],
)
def test_half_a_login(options: dict[str, str]) -> None:
    """Merchant name and password come together or not at all."""
    assert "merchant_username" == refused(config, **options).option


def test_login() -> None:
    """Merchant name and password together are fine."""
    made = config(merchant_username="m", merchant_password=CANARY)

    assert ("m", Secret(CANARY)) == (made.merchant_username, made.merchant_password)


@pytest.mark.parametrize(
    ("option", "suggestion"), [("client_secrt", "client_secret"), ("timeout", None), ("zzz", None)]
)
def test_unknown_in_code(option: str, suggestion: str | None) -> None:
    """An unknown option in code is refused with the nearest one, with and without `load`."""
    for make in (config, loaded):
        error = refused(make, **{option: CANARY})

        assert option == error.option
        assert suggestion in {None, error.suggestion}
        assert f"there is no option '{option}'" in str(error)
        assert (error.suggestion is not None) is ("did you mean" in str(error))


@pytest.mark.parametrize(
    ("variable", "suggestion"),
    [
        ("FLEXITI_CLIENT_SECRT", "FLEXITI_CLIENT_SECRET"),
        ("FLEXITI_CONFG", "FLEXITI_CONFIG"),
        ("FLEXITI_client_id", None),
    ],
)
def test_unknown_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, suggestion: str | None
) -> None:
    """An unknown variable with our prefix is refused with the nearest one."""
    monkeypatch.setenv(variable, CANARY)
    error = refused(FlexitiConfig.load, **GOOD)

    assert variable == error.option
    assert suggestion in {None, error.suggestion}
    assert f"there is no option '{variable}' among the environment variables" in str(error)


def test_variables_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables without our prefix are none of our business."""
    monkeypatch.setenv("FLEXITIX", "x")
    monkeypatch.setenv("MY_FLEXITI_CLIENT_ID", "x")

    assert "shop" == FlexitiConfig.load(**GOOD).client_id


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        (f'client_secrt = "{CANARY}"', "client_secret"),
        (f'client-id = "{CANARY}"', "client_id"),
        (f'[flexiti.client_it]\nx = "{CANARY}"', "client_id"),
        (f'CLIENT_ID = "{CANARY}"', None),
    ],
)
def test_unknown_in_toml(toml: WriteToml, line: str, suggestion: str | None) -> None:
    """An unknown key of the table is refused with the nearest one and the file's name."""
    file = toml(f"[flexiti]\n{line}\n")
    error = refused(FlexitiConfig.load, **GOOD)

    assert suggestion == error.suggestion
    assert str(file) in str(error)


def test_from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a configuration can come from environment variables."""
    for name, value in {
        "CLIENT_ID": "env-shop",
        "CLIENT_SECRET": CANARY,
        "BASE_URL": "https://host/a/",
        "TOKEN_TIMEOUT": "7.5",
        "RETRIES": "0",
        "ON_STORE_FAILURE": "RAISE",
        "STORE": "memory://",
    }.items():
        monkeypatch.setenv(f"FLEXITI_{name}", value)
    made = FlexitiConfig.load()

    assert ("env-shop", Secret(CANARY), "https://host/a") == (
        made.client_id,
        made.client_secret,
        made.api_url,
    )
    assert (7.5, 0, OnStoreFailure.RAISE) == (
        made.token_timeout,
        made.retries,
        made.on_store_failure,
    )


def test_from_toml(toml: WriteToml) -> None:
    """All of a configuration can come from TOML, with its own types; other tables are ignored."""
    toml(
        f"""
        [other]
        client_id = "wrong"
        [flexiti]
        client_id = "toml-shop"
        client_secret = "{CANARY}"
        environment = "production"
        token_timeout = 7
        leeway = 2.5
        connections = 5
        """
    )
    made = FlexitiConfig.load()

    assert ("toml-shop", Secret(CANARY), Environment.PRODUCTION) == (
        made.client_id,
        made.client_secret,
        made.environment,
    )
    assert (7.0, 2.5, 5) == (made.token_timeout, made.leeway, made.connections)


PLACES = ["code", "environment", "toml"]


@pytest.mark.parametrize("given", [PLACES, PLACES[1:], PLACES[2:], ["code", "toml"], []])
@pytest.mark.parametrize(
    ("option", "values"),
    [("client_id", PLACES), ("client_secret", PLACES), ("retries", ["11", "12", "13"])],
)
def test_precedence(
    monkeypatch: pytest.MonkeyPatch,
    toml: WriteToml,
    option: str,
    values: list[str],
    given: list[str],
) -> None:
    """Code wins over the environment, and that over TOML; without any there is the default."""
    said = dict(zip(PLACES, values, strict=True))
    code: dict[str, Any] = {**GOOD}
    code.pop(option, None)
    if "code" in given:
        code[option] = said["code"]
    if "environment" in given:
        monkeypatch.setenv(f"FLEXITI_{option.upper()}", said["environment"])
    toml(f'[flexiti]\n{option} = "{said["toml"]}"' if "toml" in given else "[flexiti]")
    if not given and option != "retries":
        assert option == refused(FlexitiConfig.load, **code).option
        return
    value = getattr(FlexitiConfig.load(**code), option)
    shown = value.reveal() if isinstance(value, Secret) else str(value)

    assert (said[given[0]] if given else "2") == shown


def test_none_in_code_counts_as_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """None in code takes away what the environment says."""
    monkeypatch.setenv("FLEXITI_BASE_URL", "https://host")
    made = FlexitiConfig.load(**GOOD, base_url=None)

    assert Environment.TRAINING == made.environment


def test_store_object_in_code() -> None:
    """A ready store passes through `load` as it is."""
    assert STORE is FlexitiConfig.load(**GOOD, store=STORE).store


def test_missing_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file that the environment names and that is not there is an error, not an empty file."""
    for place in (tmp_path / "missing.toml", tmp_path):
        monkeypatch.setenv("FLEXITI_CONFIG", str(place))
        error = refused(FlexitiConfig.load, **GOOD)

        assert "FLEXITI_CONFIG" == error.option
        assert str(place) in str(error)


def test_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty name is no name."""
    monkeypatch.setenv("FLEXITI_CONFIG", "")

    assert "shop" == FlexitiConfig.load(**GOOD).client_id


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "has no table [flexiti]"),
        (f'[other]\nclient_secret = "{CANARY}"', "has no table [flexiti]"),
        (f'flexiti = "{CANARY}"', "has no table [flexiti]"),
        (f'[[flexiti]]\nclient_secret = "{CANARY}"', "has no table [flexiti]"),
        (f'[flexiti]\nclient_secret = "{CANARY}', "cannot be read as TOML (TOMLDecodeError)"),
        (f"[flexiti]\nclient_secret = {CANARY}", "cannot be read as TOML (TOMLDecodeError)"),
    ],
    ids=map(str, range(6)),
)
def test_bad_files(toml: WriteToml, text: str, fault: str) -> None:
    """A file without our table, or that is no TOML, is refused and not shown."""
    file = toml(text)
    error = refused(FlexitiConfig.load, **GOOD)

    assert "FLEXITI_CONFIG" == error.option
    assert f"{file} {fault}" == str(error)


def test_file_that_is_no_text(toml: WriteToml) -> None:
    """A file that is no UTF-8 is refused."""
    file = toml("")
    file.write_bytes(b"\xff" + CANARY.encode())

    assert "(UnicodeDecodeError)" in str(refused(FlexitiConfig.load, **GOOD))


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (f'client_id = ["{CANARY}"]', "client_id: must be a text"),
        (f'client_id = {{ x = "{CANARY}" }}', "client_id: must be a text"),
        (f'retries = "{CANARY}"', "retries: must be a whole number"),
        ("client_secret = 5", "client_secret: must be a text"),
        (f'environment = "{CANARY}"', "environment: must be one of"),
    ],
)
def test_bad_values_in_toml(toml: WriteToml, value: str, fault: str) -> None:
    """Values of the file are checked like those of code."""
    option = value.partition(" ")[0]
    toml(f"[flexiti]\n{value}\n")
    code = {name: given for name, given in GOOD.items() if name != option}

    assert fault in str(refused(FlexitiConfig.load, **code))


@pytest.mark.parametrize("variable", ["RETRIES", "LEEWAY", "ENVIRONMENT", "STORE_TIMEOUT"])
def test_bad_values_in_the_environment(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Values of the environment are checked like those of code, and not shown."""
    monkeypatch.setenv(f"FLEXITI_{variable}", CANARY)
    code = {name: given for name, given in GOOD.items() if name != variable.lower()}

    assert variable.lower() == refused(FlexitiConfig.load, **code).option


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


def test_no_secret_shows_in_faults() -> None:
    """One bad option shows neither itself nor the good secrets beside it."""
    error = refused(
        client_secret=CANARY,
        merchant_password=CANARY,
        merchant_username=CANARY,
        store=f"redis://:{CANARY}@host/0",
        retries=CANARY,
        leeway=CANARY,
        environment=CANARY,
    )

    assert "environment" == error.option


def test_options_by_position_are_refused() -> None:
    """Options have names."""
    with pytest.raises(TypeError):
        FlexitiConfig("shop")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_option_names() -> None:
    """Every attribute is an option, and every option is described."""
    assert {attribute.name for attribute in attrs.fields(FlexitiConfig)} == option_names()
    assert [] == [
        name for name in option_names() if f"{name}: " not in (FlexitiConfig.__doc__ or "")
    ]


def test_fingerprint_is_stable() -> None:
    """Equal credentials have one fingerprint, whatever else differs."""
    one = config()
    other = config(environment="production", retries=0, client_secret=f"{CANARY} ")

    assert one.fingerprint == other.fingerprint
    assert 16 == len(one.fingerprint)


def test_fingerprint_differs_per_credential() -> None:
    """Each credential makes another fingerprint, and none is shown by it."""
    login = {"merchant_username": "m", "merchant_password": "p"}
    marks = [
        config(**options).fingerprint
        for options in (
            {},
            {"client_id": "other"},
            {"client_secret": "other"},
            login,
            {**login, "merchant_username": "other"},
            {**login, "merchant_password": "other"},
        )
    ]

    assert len(marks) == len(set(marks))
    assert not any(CANARY in mark for mark in marks)
