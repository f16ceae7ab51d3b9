"""Values as settings libraries and secret managers hold them: objects, files, leftovers."""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from urllib.parse import urlsplit

import attrs
import pydantic
import pytest
from starlette import datastructures
from yarl import URL

from flexiti_async import ConfigError, FlexitiConfig, FlexitiSession
from flexiti_async.config.model import option_names
from flexiti_async.protocol.secret import Secret

from ..support.keys import encryption_key
from .test_config import CANARY, GOOD, config, rejected


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the machine's own FLEXITI_* variables."""
    for name in [name for name in os.environ if name.startswith("FLEXITI_")]:
        monkeypatch.delenv(name)


def made(**options: object) -> FlexitiConfig:
    """Load a valid configuration with other options."""
    return cast("Callable[..., FlexitiConfig]", FlexitiConfig.load)(**{**GOOD, **options})


@pytest.mark.parametrize("make", [config, made])
def test_none_is_not_set_for_every_option(make: Callable[..., FlexitiConfig]) -> None:
    """A settings object passes None for all that a deployment has not set."""
    unset = dict.fromkeys(option_names() - GOOD.keys())

    assert config() == make(**unset)
    assert config() == attrs.evolve(config(retries=9), retries=None)


class Password:
    """A secret as other libraries wrap it."""

    def __init__(self, value: object) -> None:
        self.value = value

    def get_secret_value(self) -> object:
        """Return the secret, or raise it."""
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


OBJECTS: list[tuple[str, object, object]] = [
    ("client_secret", pydantic.SecretStr(CANARY), Secret(CANARY)),
    ("client_secret", pydantic.SecretBytes(CANARY.encode()), Secret(CANARY)),
    ("client_id", pydantic.SecretStr("shop"), "shop"),
    ("store", pydantic.SecretStr("redis://host"), Secret("redis://host")),
    ("store", pydantic.RedisDsn("redis://:p@host/0"), Secret("redis://:p@host:6379/0")),
    ("store", pydantic.Secret(pydantic.AnyUrl("memory://")), Secret("memory://")),
    ("store", Path("/var/lib/a shop"), Secret("file:///var/lib/a%20shop")),
    ("journal", URL("postgresql://u:p@host/db"), Secret("postgresql://u:p@host/db")),
    ("proxy", pydantic.HttpUrl("http://u:p@proxy:3128"), Secret("http://u:p@proxy:3128")),
    ("widget_origins", pydantic.HttpUrl("https://a.example"), ("https://a.example",)),
    ("widget_origins", [URL("https://a.example"), None], ("https://a.example",)),
    ("ca_file", Path("/etc/ca.pem"), "/etc/ca.pem"),
    ("token_timeout", timedelta(minutes=1), 60.0),
    ("flow_ttl", timedelta(minutes=10), 600.0),
    ("journal_ttl", timedelta(days=500), 500 * 86400.0),
    ("api_versions", {"refund": "v2.5.1", "i18n": None}, {"refund": "v2.5.1"}),
]


@pytest.mark.parametrize("make", [config, made])
def test_objects_of_settings_libraries_are_understood(make: Callable[..., FlexitiConfig]) -> None:
    """Secrets, URL objects, paths and durations become what the option holds."""
    for option, value, expected in OBJECTS:
        assert expected == getattr(make(**{option: value}), option)
    for kind in (pydantic.HttpUrl, URL, datastructures.URL, urlsplit):
        url = cast("object", kind("https://posapi.example/a"))

        assert "https://posapi.example/a" == make(environment=None, base_url=url).base_url
    keys = [pydantic.SecretStr(encryption_key("a").reveal()), None]
    assert 1 == len(make(token_keys=keys).token_keys)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("client_secret", Password(5)),
        ("client_secret", Password(RuntimeError(CANARY))),
        ("client_secret", Password(b"\xff")),
        ("client_secret", Password),
        ("client_secret", Path("/run/secrets/flexiti")),
        ("client_id", timedelta(1)),
        ("token_timeout", timedelta(0)),
        ("base_url", Path("/etc")),
    ],
    ids=repr,
)
def test_objects_of_another_kind_are_refused(option: str, value: object) -> None:
    """An object that an option cannot use is a ConfigError, whatever it raises."""
    assert option == rejected(config, **{option: value}).option
    assert option == rejected(made, **{option: value}).option


LEFTOVERS: Mapping[str, list[str]] = {
    "not a mask": ["**********", "••••••••", "ab****yz", "Secret('****')", "xxxxxx", "..."],
    "quotes": ['"s3cret"', "'s3cret'", "b's3cret'", "`s3cret`", "“s3cret”"],
    "placeholder": [
        *("${CLIENT_SECRET}", "$CLIENT_SECRET", "$(client-secret)", "{{ .Values.secret }}"),
        *("<client secret>", "%CLIENT_SECRET%", "{client_secret}", "[YOUR SECRET]", "changeme"),
        *("change-me", "your_client_secret", "YOUR-SECRET-HERE", "None", "null", "undefined"),
    ],
}


@pytest.mark.parametrize("option", ["client_id", "client_secret", "other_client_secret"])
@pytest.mark.parametrize("reason", LEFTOVERS)
def test_credentials_that_cannot_be_any_are_refused(option: str, reason: str) -> None:
    """A mask, quotes and an unfilled placeholder are refused at once, with the reason."""
    for value in LEFTOVERS[reason]:
        error = rejected(config, **{option: value})

        assert f"{option}: must be" in str(error)
        assert reason in str(error)


def test_logins_keys_and_urls_are_refused_in_the_same_way() -> None:
    """So are a merchant's name and password, a key, and URLs that name a variable."""
    login = {"merchant_username": "m", "merchant_password": "p"}
    for option in login:
        assert "placeholder" in str(rejected(config, **{**login, option: "${LOGIN}"}))
    assert "placeholder" in str(rejected(config, token_keys="${KEYS}"))
    assert "mask" in str(rejected(config, token_keys=[pydantic.SecretStr("x").__str__()]))
    for option in ("store", "journal", "proxy"):
        for url in ("redis://:${PASSWORD}@host", "redis://:***@host", '"redis://host"'):
            assert option == rejected(config, **{option: url}).option
    error = rejected(config, environment=None, base_url="https://${HOST}/flexiti/pos-api")
    assert "base_url: must be the value itself, not a placeholder" in str(error)


@pytest.mark.parametrize(
    "value", ["a$b{c}", "p<w>", "x", "xoxb-1", "it's", "a*b*c*d", "100%", "None-1", "[1]"]
)
def test_odd_credentials_are_accepted(value: str) -> None:
    """Whatever may be a credential is one: nothing is guessed from a part of it."""
    assert Secret(value) == config(client_secret=value).client_secret


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that writes a secret's file and names it in the environment."""

    def write(option: str, content: bytes) -> Path:
        file = tmp_path / option
        file.write_bytes(content)
        monkeypatch.setenv(f"FLEXITI_{option.upper()}_FILE", str(file))
        return file

    return write


def test_secrets_are_read_from_files(named: Callable[..., Path]) -> None:
    """Each secret, and each URL with a password, as containers mount them."""
    one, other = (encryption_key(name).reveal() for name in "ab")
    named("client_secret", f"\ufeff{CANARY}\r\n".encode())
    named("other_client_secret", b"other\n")
    named("merchant_password", b"password")
    named("other_merchant_password", b"old password")
    named("store", b"redis://:p@host/0\n")
    named("journal", b"postgresql://u:p@host/db\n")
    named("proxy", b"http://u:p@proxy:3128")
    named("token_keys", f"{one}\n{other}\n".encode())
    found = FlexitiConfig.load(
        client_id="shop",
        environment="training",
        merchant_username="m",
        other_merchant_username="m",
    )

    assert (Secret(CANARY), Secret("other")) == (found.client_secret, found.other_client_secret)
    assert (Secret(one), Secret(other)) == found.token_keys
    assert (Secret("password"), Secret("old password")) == (
        found.merchant_password,
        found.other_merchant_password,
    )
    assert (Secret("redis://:p@host/0"), Secret("postgresql://u:p@host/db")) == (
        found.store,
        found.journal,
    )
    assert Secret("http://u:p@proxy:3128") == found.proxy


def test_code_overrides_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is not even read then."""
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET_FILE", "/no/such/file")

    assert Secret(CANARY) == FlexitiConfig.load(**GOOD).client_secret


def unusable(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield names of files, and why each cannot be used."""
    yield str(folder), "which is a directory"
    yield str(folder / "missing"), "which does not exist or is not a file"
    yield os.devnull, "which does not exist or is not a file"
    for content, reason in ((b" \n", "which is empty"), (b"\xff", "which cannot be read")):
        file = folder / reason.replace(" ", "-")
        file.write_bytes(content)
        yield str(file), reason


def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory, a missing, an empty or an unreadable file; or both variables."""
    code = {name: value for name, value in GOOD.items() if name != "client_secret"}
    for name, reason in unusable(tmp_path):
        monkeypatch.setenv("FLEXITI_CLIENT_SECRET_FILE", name)
        error = rejected(FlexitiConfig.load, **code)

        assert f"FLEXITI_CLIENT_SECRET_FILE names {name!r}, " in str(error)
        assert reason in str(error)
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", CANARY)
    error = rejected(FlexitiConfig.load, **code)
    assert "set either FLEXITI_CLIENT_SECRET or FLEXITI_CLIENT_SECRET_FILE, not both" == str(error)


def test_a_secret_that_others_may_write_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its writers decide where secrets are sent; the rule is that of the configuration's file."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "store")
        file.write_text("redis://host")
        file.chmod(0o666)
        monkeypatch.setenv("FLEXITI_STORE_FILE", str(file))

        assert "can be written by other users" in str(rejected(FlexitiConfig.load, **GOOD))


def test_a_toml_file_may_have_a_byte_order_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editors on Windows write one."""
    file = tmp_path / "flexiti.toml"
    file.write_text("\ufeff[flexiti]\nretries = 7\n", encoding="utf-8")
    monkeypatch.setenv("FLEXITI_CONFIG", str(file))

    assert 7 == FlexitiConfig.load(**GOOD).retries


@pytest.mark.parametrize("option", ["ca_file", "client_cert", "client_key"])
def test_a_directory_in_place_of_a_certificate_is_named(option: str, tmp_path: Path) -> None:
    """The error names the option, and what the path is."""
    files: dict[str, Any] = {option: tmp_path}
    if option == "client_key":
        files["client_cert"] = __file__
    with pytest.raises(ConfigError, match=f"{option}: {tmp_path.name} cannot be used .it is a dir"):
        FlexitiSession(config(**files))
