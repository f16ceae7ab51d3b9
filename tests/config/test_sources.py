"""Options from the environment and a TOML file: precedence, errors, and no secrets shown."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flexiti_async import FlexitiConfig
from flexiti_async.config.model import Environment, OnStoreFailure
from flexiti_async.protocol.secret import Secret

from .test_config import CANARY, GOOD, STORE, rejected

WriteToml = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the machine's own FLEXITI_* variables."""
    for name in [name for name in os.environ if name.startswith("FLEXITI_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteToml:
    """Return a function that writes the TOML file and names it in the environment."""

    def write(text: str) -> Path:
        file = tmp_path / "flexiti.toml"
        file.write_text(text, encoding="utf-8")
        monkeypatch.setenv("FLEXITI_CONFIG", str(file))
        return file

    return write


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
    """An unknown variable with our prefix is rejected with the nearest name."""
    monkeypatch.setenv(variable, CANARY)
    error = rejected(FlexitiConfig.load, **GOOD)

    assert variable == error.option
    assert suggestion in {None, error.suggestion}
    assert f"unknown option '{variable}' among the environment variables" in str(error)


def test_other_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables without our prefix are ignored."""
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
    """An unknown key of the table is rejected with the nearest name and the file's name."""
    file = toml(f"[flexiti]\n{line}\n")
    error = rejected(FlexitiConfig.load, **GOOD)

    assert suggestion == error.suggestion
    assert str(file) in str(error)


def test_from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option can be set by environment variables."""
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
    """Every option can be set in TOML, with its own types; other tables are ignored."""
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
    """Code overrides the environment, which overrides TOML, which overrides the defaults."""
    said = dict(zip(PLACES, values, strict=True))
    code: dict[str, Any] = {**GOOD}
    code.pop(option, None)
    if "code" in given:
        code[option] = said["code"]
    if "environment" in given:
        monkeypatch.setenv(f"FLEXITI_{option.upper()}", said["environment"])
    toml(f'[flexiti]\n{option} = "{said["toml"]}"' if "toml" in given else "[flexiti]")
    if not given and option != "retries":
        assert option == rejected(FlexitiConfig.load, **code).option
        return
    value = getattr(FlexitiConfig.load(**code), option)
    shown = value.reveal() if isinstance(value, Secret) else str(value)

    assert (said[given[0]] if given else "2") == shown


def test_the_api_in_code_replaces_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, toml: WriteToml
) -> None:
    """Both options name the API: either one in code replaces the other of a variable or a file."""
    monkeypatch.setenv("FLEXITI_CLIENT_ID", "shop")
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", "secret")
    monkeypatch.setenv("FLEXITI_BASE_URL", "http://127.0.0.1:8099/api")
    here = FlexitiConfig.load(environment="training")
    monkeypatch.delenv("FLEXITI_BASE_URL")
    toml('[flexiti]\nenvironment = "training"\n')
    there = FlexitiConfig.load(base_url="http://127.0.0.1:8099/api")

    assert (Environment.TRAINING, None) == (here.environment, here.base_url)
    assert (None, "http://127.0.0.1:8099/api") == (there.environment, there.base_url)


def test_none_in_code_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """None in code, as in a field of a settings object, leaves the option to the environment."""
    monkeypatch.setenv("FLEXITI_RETRIES", "7")
    made = FlexitiConfig.load(**GOOD, retries=None, base_url=None)

    assert (Environment.TRAINING, 7) == (made.environment, made.retries)


def test_store_object_in_code() -> None:
    """A store object passes through `load` unchanged."""
    assert STORE is FlexitiConfig.load(**GOOD, store=STORE).store


def test_missing_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing file is an error, not an empty file."""
    for place, problem in (
        (tmp_path / "missing.toml", "does not exist or is not a file"),
        (tmp_path, "is a directory"),
    ):
        monkeypatch.setenv("FLEXITI_CONFIG", str(place))
        error = rejected(FlexitiConfig.load, **GOOD)

        assert "FLEXITI_CONFIG" == error.option
        assert f"FLEXITI_CONFIG names {str(place)!r}, which {problem}" == str(error)


def test_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty FLEXITI_CONFIG names no file."""
    monkeypatch.setenv("FLEXITI_CONFIG", "")

    assert "shop" == FlexitiConfig.load(**GOOD).client_id


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no table [flexiti]"),
        (f'[other]\nclient_secret = "{CANARY}"', "has no table [flexiti]"),
        (f'flexiti = "{CANARY}"', "has no table [flexiti]"),
        (f'[[flexiti]]\nclient_secret = "{CANARY}"', "has no table [flexiti]"),
        (
            f'[flexiti]\nclient_secret = "{CANARY}',
            "cannot be read as TOML (TOMLDecodeError at end of document)",
        ),
        (
            f"[flexiti]\nclient_secret = {CANARY}",
            "cannot be read as TOML (TOMLDecodeError at line 2, column 17)",
        ),
    ],
    ids=map(str, range(6)),
)
def test_invalid_files(toml: WriteToml, text: str, problem: str) -> None:
    """A file without our table, or that is not TOML, is rejected and not quoted."""
    file = toml(text)
    error = rejected(FlexitiConfig.load, **GOOD)

    assert "FLEXITI_CONFIG" == error.option
    assert f"{file} {problem}" == str(error)


def test_file_that_is_not_utf_8(toml: WriteToml) -> None:
    """A file that is not UTF-8 is rejected."""
    file = toml("")
    file.write_bytes(b"\xff" + CANARY.encode())

    assert "(UnicodeDecodeError)" in str(rejected(FlexitiConfig.load, **GOOD))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (f'client_id = ["{CANARY}"]', "client_id: must be a text"),
        (f'client_id = {{ x = "{CANARY}" }}', "client_id: must be a text"),
        (f'retries = "{CANARY}"', "retries: must be a whole number"),
        ("client_secret = 5", "client_secret: must be a text"),
        (f'environment = "{CANARY}"', "environment: must be one of"),
    ],
)
def test_invalid_values_in_toml(toml: WriteToml, value: str, problem: str) -> None:
    """Values of the file are validated like those of code."""
    option = value.partition(" ")[0]
    toml(f"[flexiti]\n{value}\n")
    code = {name: given for name, given in GOOD.items() if name != option}

    assert problem in str(rejected(FlexitiConfig.load, **code))


@pytest.mark.parametrize("variable", ["RETRIES", "LEEWAY", "ENVIRONMENT", "STORE_TIMEOUT"])
def test_invalid_values_in_the_environment(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Values of the environment are validated like those of code, and not shown."""
    monkeypatch.setenv(f"FLEXITI_{variable}", CANARY)
    code = {name: given for name, given in GOOD.items() if name != variable.lower()}

    assert variable.lower() == rejected(FlexitiConfig.load, **code).option


@pytest.mark.parametrize("service", ["", "POS_API_"])
def test_a_service_of_our_name_is_no_option(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """Kubernetes sets these for a service that is called flexiti, or flexiti-pos-api."""
    for name, value in {
        "SERVICE_HOST": "10.96.0.17",
        "SERVICE_PORT": "80",
        "SERVICE_PORT_HTTP": "80",
        "PORT": "tcp://10.96.0.17:80",
        "PORT_80_TCP": "tcp://10.96.0.17:80",
        "PORT_80_TCP_PROTO": "tcp",
        "PORT_80_TCP_PORT": "80",
        "PORT_80_TCP_ADDR": "10.96.0.17",
        "PORT_53_UDP": "udp://10.96.0.17:53",
    }.items():
        monkeypatch.setenv(f"FLEXITI_{service}{name}", value)

    assert "shop" == FlexitiConfig.load(**GOOD).client_id


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "80"), ("SERVICE", "x"), ("PORT_HTTP", "80"), ("PROXI", "tcp://10.96.0.17:80")],
)
def test_what_only_looks_like_a_service_is_rejected(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """A name that Kubernetes does not set stays an unknown variable."""
    monkeypatch.setenv(f"FLEXITI_{variable}", value)

    assert f"FLEXITI_{variable}" == rejected(FlexitiConfig.load, **GOOD).option


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_is_not_set(
    monkeypatch: pytest.MonkeyPatch, toml: WriteToml, empty: str
) -> None:
    """The file, or the default, counts then."""
    toml("[flexiti]\nretries = 5")
    for name in ("BASE_URL", "RETRIES", "STORE", "LEEWAY", "CA_FILE", "API_VERSIONS", "TRUST_ENV"):
        monkeypatch.setenv(f"FLEXITI_{name}", empty)
    made = FlexitiConfig.load(**GOOD)

    assert (None, 5, Secret("memory://"), None) == (
        made.base_url,
        made.retries,
        made.store,
        made.leeway,
    )


def test_an_empty_required_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option that is required must not be empty."""
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", "")
    code = {name: value for name, value in GOOD.items() if name != "client_secret"}

    assert "client_secret: is required" in str(rejected(FlexitiConfig.load, **code))


@pytest.mark.parametrize("empty", ["", " ", " , "])
def test_empty_encryption_keys_are_an_error(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    """A key that is missing by mistake must not turn the encryption off."""
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", empty)

    assert "token_keys" == rejected(FlexitiConfig.load, **GOOD).option


@pytest.mark.parametrize("empty", [[""], ("", " "), [Secret("")]])
def test_a_list_of_empty_keys_is_an_error(empty: object) -> None:
    """The same holds in code, for a list whose keys are all missing."""
    assert "token_keys" == rejected(FlexitiConfig, **GOOD, token_keys=empty).option
