"""The configuration and the command line accept any input."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flexiti_async.cli import main
from flexiti_async.config.model import FlexitiConfig, option_names
from flexiti_async.errors import ConfigError, ValidationError

CANARY = "canary-of-a-secret"
NAMES = sorted(option_names())
GIVEN: dict[str, object] = {
    "client_id": "shop",
    "client_secret": CANARY,
    "environment": "training",
}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = SCALARS | st.just(CANARY) | st.lists(SCALARS) | st.dictionaries(st.text(), SCALARS)
KNOWN = st.sampled_from(NAMES)
OPTIONS = st.dictionaries(KNOWN, VALUES) | st.dictionaries(KNOWN | st.text(), VALUES)
ENVIRON = st.text(st.characters(min_codepoint=1, codec="utf-8"))
# A fixture serves all examples of a test: here each example sets what it reads.
ANYHOW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
COMMANDS = ("init-widget", "token", "status", "refresh", "forget", "keys")
LENGTHY = {"demo", "sandbox"}  # they would start working
WORDS = st.sampled_from(
    [
        *COMMANDS,
        *("--help", "--version", "--debug", "--json", "--scope", "customer", "--store"),
        *("memory://", "redis://127.0.0.1:1", "--base-url", "http://127.0.0.1:1", "--client-id"),
        *("--environment", "training", "--account-number", "20009100", "--flow", "purchase"),
        *("-", "--", "=", "-x", "--no-json", "--json=", "--reference-id", CANARY),
    ]
)


def check(options: dict[str, object], *, load: bool) -> None:
    """Check that options are a configuration or one of two errors, which do not show the secret."""
    make = cast("Callable[..., FlexitiConfig]", FlexitiConfig.load if load else FlexitiConfig)
    try:
        shown = repr(make(**{**GIVEN, **options}))
    except (ConfigError, ValidationError) as error:
        shown = f"{error!r} {error} {error.__dict__}"

    # The name of an option is shown, and so are the client id and the account's name.
    if CANARY not in options and CANARY not in (
        options.get("client_id"),
        options.get("account"),
    ):
        assert CANARY not in shown


@given(OPTIONS)
def test_any_options_in_code(options: dict[str, object]) -> None:
    """Any value of any option is a configuration or a ConfigError."""
    check(options, load=False)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"client_id", "account"}))
def test_a_secret_under_a_wrong_name(name: str) -> None:
    """A secret that was passed as another option does not show in the error."""
    for value in (CANARY, [CANARY], {"name": CANARY}):
        check({name: value}, load=False)


@ANYHOW
@given(st.dictionaries(KNOWN, ENVIRON), OPTIONS)
def test_any_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], options: dict[str, object]
) -> None:
    """The same holds for environment variables, with and without options in code."""
    with monkeypatch.context() as patch:
        for name in NAMES:
            patch.delenv(f"FLEXITI_{name.upper()}", raising=False)
        for name, value in variables.items():
            patch.setenv(f"FLEXITI_{name.upper()}", value)
        check(options, load=True)


def _is_hidden(option: tuple[str, object]) -> bool:
    """Whether no secret is given as a client id or an account's name, which are shown."""
    name, value = option
    return name not in {"client_id", "account"} or value != CANARY


@ANYHOW
@given(
    st.binary()
    | st.lists(st.tuples(st.sampled_from(NAMES), VALUES).filter(_is_hidden)).map(
        lambda pairs: (
            "[flexiti]\n" + "".join(f"{name} = {value!r}\n" for name, value in pairs)
        ).encode(errors="surrogatepass")
    )
)
def test_any_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes) -> None:
    """The same holds for a configuration file, even if it is not TOML."""
    file = tmp_path / "flexiti.toml"
    file.write_bytes(content)
    with monkeypatch.context() as patch:
        patch.setenv("FLEXITI_CONFIG", os.fspath(file))
        check({}, load=True)


@settings(ANYHOW, max_examples=40)
@given(st.lists(WORDS | st.text(), max_size=8).filter(LENGTHY.isdisjoint))
@example(["--debug", "--debug"])
@example(["init-widget", "init-widget"])
def test_any_command_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: list[str],
) -> None:
    """The exit status is 0, 1 or 2, and errors are lines without a traceback."""
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
        patch.setenv("FLEXITI_CLIENT_ID", "client")
        patch.setenv("FLEXITI_CLIENT_SECRET", CANARY)
        patch.setenv("FLEXITI_BASE_URL", "http://127.0.0.1:1")
        patch.setenv("FLEXITI_RETRIES", "0")
        patch.delenv("COLUMNS", raising=False)  # lines would be wrapped
        capsys.readouterr()
        status = main(words)
        shown = capsys.readouterr()

    assert status in {0, 1, 2}
    assert "Traceback" not in shown.err
    assert "error: unexpected " not in shown.err.replace("error: unexpected arguments: ", "")
    assert all(line.startswith(("error: ", "note: ")) for line in lines_of(shown.err, words))
    assert bool(status) == ("error: " in shown.err)
    if CANARY not in words:
        assert CANARY not in shown.out + shown.err


def lines_of(text: str, words: list[str]) -> list[str]:
    """Return the lines, without those of --debug."""
    return [] if "--debug" in words else text.split("\n")[:-1]
