"""Every error about an option says where that option was set."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from flexiti_async import ConfigError, FlexitiConfig, FlexitiSession
from flexiti_async.cli import main
from flexiti_async.config.located import line_of
from flexiti_async.config.model import option_names
from flexiti_async.config.secret_files import FILE_VARIABLES

from ..support.canaries import sightings

CANARY: Final = "canary-8d21"
GOOD: Final[dict[str, Any]] = {
    "client_id": "shop",
    "client_secret": "s",
    "environment": "training",
}
TEXT: Final = f"with \x00 {CANARY}"
"""Wrong for every text, word, number and URL."""
WRONG: Final[dict[str, str]] = dict.fromkeys(option_names(), TEXT) | {
    "merchant_password": "****",
    "other_merchant_password": "****",
}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the machine's own FLEXITI_* variables."""
    for name in [name for name in os.environ if name.startswith("FLEXITI_")]:
        monkeypatch.delenv(name)


def error_of(**code: Any) -> ConfigError:
    """Return the error of loading a configuration, which shows no value."""
    with pytest.raises(ConfigError) as caught:
        FlexitiConfig.load(**code)
    assert [] == sightings(caught.value, CANARY)
    return caught.value


def toml_of(name: str) -> str:
    """Return a file with a wrong option in line 6."""
    value = str(WRONG[name]).replace("\x00", "\\u0000")
    return f'# {name} = 1\n[other]\n{name} = 1\n[flexiti]\n# {name}\n{name} = "{value}"\n'


def without(name: str) -> dict[str, Any]:
    """Return the good options without one."""
    others = {name, "environment"} if name == "base_url" else {name}
    return {option: value for option, value in GOOD.items() if option not in others}


def places(
    name: str, tmp_path: Path, patch: pytest.MonkeyPatch
) -> Iterator[tuple[str, ConfigError]]:
    """Yield every place in which an option can be set, and the error of a wrong value there."""
    wrong, variable = WRONG[name], f"FLEXITI_{name.upper()}"
    given = without(name)
    given[name] = wrong
    yield "set in code", error_of(**given)
    with pytest.raises(ConfigError) as caught:
        FlexitiConfig(**given)
    yield "set in code", caught.value
    with patch.context() as here:
        # A variable cannot hold a NUL.
        here.setenv(variable, str(wrong).replace("\x00", "\x01"))
        yield f"set by {variable}", error_of(**without(name))
    with patch.context() as here:
        file = tmp_path / f"{name}.toml"
        file.write_text(toml_of(name), encoding="utf-8")
        here.setenv("FLEXITI_CONFIG", str(file))
        yield f"set in {file}, line 6", error_of(**without(name))
    if f"{variable}_FILE" in FILE_VARIABLES:
        with patch.context() as here:
            file = tmp_path / name
            file.write_text(str(wrong), encoding="utf-8")
            here.setenv(f"{variable}_FILE", str(file))
            yield (
                f"set by the file {str(file)!r} that {variable}_FILE names",
                error_of(**without(name)),
            )


def test_each_option_in_each_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value of any option is reported with the place that it was set in."""
    silent: list[tuple[str, str]] = []
    seen = 0
    for name in sorted(option_names()):
        for place, error in places(name, tmp_path, monkeypatch):
            seen += 1
            rules = [rule for rule in str(error).split("; ") if rule.startswith(f"{name}: ")]
            source = error.source if error.option == name else place
            if not rules or source != place or not all(f"({place})" in rule for rule in rules):
                silent.append((place, str(error)))

    assert [] == silent
    assert 4 * len(option_names()) + len(FILE_VARIABLES) == seen


def test_unknown_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An unknown option is reported with its place, too."""
    assert "in code" in str(error_of(retrys=1))
    monkeypatch.setenv("FLEXITI_RETRYS", "1")
    assert "set by FLEXITI_RETRYS" == error_of(**GOOD).source
    monkeypatch.delenv("FLEXITI_RETRYS")
    file = tmp_path / "flexiti.toml"
    file.write_text("[flexiti]\nretries = 1\nretrys = 1\n", encoding="utf-8")
    monkeypatch.setenv("FLEXITI_CONFIG", str(file))
    error = error_of(**GOOD)

    assert f"set in {file}, line 3" == error.source
    assert f"unknown option 'retrys' in {file}, line 3; did you mean 'retries'?" == str(error)


def test_options_that_exclude_or_need_each_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both places are named where two options contradict each other, or one is missing."""
    file = tmp_path / "flexiti.toml"
    file.write_text('[flexiti]\nenvironment = "training"\n', encoding="utf-8")
    monkeypatch.setenv("FLEXITI_CONFIG", str(file))
    monkeypatch.setenv("FLEXITI_BASE_URL", "https://host")
    monkeypatch.setenv("FLEXITI_MERCHANT_PASSWORD", CANARY)
    text = str(error_of(client_id="c", client_secret="s"))

    assert f"which is set by FLEXITI_BASE_URL, not both (set in {file}, line 2)" in text
    assert "or neither: merchant_password is set by FLEXITI_MERCHANT_PASSWORD" in text


NOTATIONS: Final = {
    "[flexiti]\nretries = 1": 2,
    "[flexiti]\n'retries' = 1": 2,
    "\ufeff[flexiti]\r\nleeway = 1\r\n\r\nretries = 1\r\n": 4,
    "flexiti.retries = 1": 1,
    "flexiti = { leeway = 1, retries = 1 }": 1,
    "[flexiti]\naccount = '''\nretries = 1\n'''\nretries = 1": 5,
    "[flexiti]\naccount = '''\nretries = 1\n'''\n": None,
    "[flexiti]\nretries = [\n  1,\n  2,\n]\n": 2,
    "[other]\nretries = 1\n[flexiti.retries]\na = 1": 3,
    "[flexiti]\nleeway = 1 # retries = 1\nretries = 1": 3,
    "[flexiti": None,
}


def test_lines_of_toml(tmp_path: Path) -> None:
    """The line is found in every notation of TOML, and missing rather than wrong."""
    file = tmp_path / "flexiti.toml"
    found: dict[str, int | None] = {}
    for text in NOTATIONS:
        file.write_bytes(text.encode())
        found[text] = line_of(file, "retries")

    assert NOTATIONS == found
    assert line_of(tmp_path / "missing.toml", "retries") is None


LATER: Final[dict[str, str]] = {
    "ca_file": "/nowhere/ca.pem",
    "client_cert": "/nowhere/cert.pem",
    "store": "carrier-pigeon://loft",
    "token_keys": "short",
}


@pytest.mark.parametrize("name", LATER)
def test_options_that_only_a_session_can_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read, a store that is not installed and a wrong key name it as well."""
    variable = f"FLEXITI_{name.upper()}"
    monkeypatch.setenv(variable, LATER[name])
    with pytest.raises(ConfigError, match=rf"\({name}: set by {variable}\)$") as caught:
        FlexitiSession(FlexitiConfig.load(**GOOD))

    assert (name, f"set by {variable}") == (caught.value.option, caught.value.source)


async def test_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error about the journal's store names the journal, or the store that it is in."""
    monkeypatch.setenv("FLEXITI_JOURNAL", "carrier-pigeon://loft")
    async with FlexitiSession(FlexitiConfig.load(**GOOD)) as flexiti:
        with pytest.raises(ConfigError, match=r"\(journal: set by FLEXITI_JOURNAL\)$") as caught:
            await flexiti.checkout("order-9")
    monkeypatch.delenv("FLEXITI_JOURNAL")
    monkeypatch.setenv("FLEXITI_STORE", "memory://")
    async with FlexitiSession(FlexitiConfig.load(**GOOD)) as flexiti:
        with pytest.raises(ConfigError, match=r"\(journal: set by FLEXITI_STORE\)$"):
            await flexiti.checkout("order-9")

    assert "journal" == caught.value.option


def test_reload_names_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option that may not change while a session is open is named with its place."""
    session = FlexitiSession(FlexitiConfig.load(**GOOD))
    monkeypatch.setenv("FLEXITI_RETRIES", "7")
    with pytest.raises(ConfigError, match=r"to change retries \(set by FLEXITI_RETRIES\)$"):
        session.reload(FlexitiConfig.load(**GOOD))


def test_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options of a command are not reported as set in code."""
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", "s")

    assert 2 == main(["token", "status", "--client-id", "shop", "--base-url", "ftp://host"])
    assert "(set on the command line)" in " ".join(capsys.readouterr().err.split())


def test_where_options_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """`source_of` says it for valid options as well."""
    monkeypatch.setenv("FLEXITI_RETRIES", "3")
    config = FlexitiConfig.load(**GOOD)

    assert ("set by FLEXITI_RETRIES", "set in code", None) == (
        config.source_of("retries"),
        config.source_of("client_id"),
        config.source_of("leeway"),
    )
