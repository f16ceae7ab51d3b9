"""`flexiti-async --install-completion` and `--show-completion`, in a real shell."""

import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from ..support.patience import PATIENCE
from .conftest import Command, process

# Bash runs this when the Tab key is pressed after the words.
_TAB = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_flexiti_async
printf '%s\\n' "${COMPREPLY[@]}"
"""


def no_process(*_: object, **__: object) -> NoReturn:
    """Be a machine without `ps`."""
    raise FileNotFoundError


def _tab(script: Path, *words: str) -> list[str]:
    """Return what bash offers after these words."""
    done = subprocess.run(
        ["/bin/bash", "--norc", "-c", _TAB, "tab", str(script), "flexiti-async", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return sorted(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["san"], ["sandbox"]),
        (["operations", "re"], ["resolve"]),
        (["token", ""], ["forget", "refresh", "status"]),
        (["demo", "--check"], ["--checkouts"]),
        (["token", "status", "--scope", "m"], ["merchant"]),
    ],
)
def test_bash_completes(
    command: Command, tmp_path: Path, words: list[str], offered: list[str]
) -> None:
    """The script completes commands, their options and the values of choices."""
    script = tmp_path / "script"
    script.write_text(command("--show-completion", "--shell", "bash").out)

    assert offered == _tab(script, *words)


@pytest.mark.parametrize("shell", ["fish", "zsh"])
def test_scripts_of_other_shells(command: Command, shell: str) -> None:
    """The script of every shell names commands and options."""
    ran = command("--show-completion", "--shell", shell)

    assert (0, "") == (ran.status, ran.err)
    assert "sandbox" in ran.out
    assert "checkouts" in ran.out


def test_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The shell that runs the command gets its script; the line that loads it is added once."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/bash")
    first, second = (process("--install-completion", "--shell", "bash") for _ in range(2))
    script = tmp_path / ".local/share/bash-completion/completions/flexiti-async"

    assert (0, "", first.out) == (first.status, first.err, second.out)
    assert f"installed {script}\n" in first.out
    assert 2 == (tmp_path / ".bashrc").read_text().count(str(script))
    assert ["sandbox"] == _tab(script, "san")


def test_a_home_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line says why, and how to go on."""
    file = tmp_path / "home"
    file.write_text("")
    monkeypatch.setenv("HOME", str(file))
    ran = process("--install-completion", "--shell", "fish")

    assert (1, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert "flexiti-async --show-completion --shell fish" in ran.err


def test_an_unknown_shell(command: Command) -> None:
    """A shell without a script is a usage error that lists the others."""
    ran = command("--show-completion", "--shell", "tcsh")

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert "zsh" in ran.err


def test_the_shell_that_runs_the_command(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --shell it is the present one; without a known one, the error says what to add."""
    for name in ("BASH_VERSION", "FISH_VERSION", "ZSH_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("subprocess.run", no_process)  # its parent is what runs the tests
    monkeypatch.setenv("SHELL", "/bin/bash")
    known = command("--show-completion")
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    unknown = command("--show-completion")

    assert (0, "") == (known.status, known.err)
    assert known.out.startswith("# Bash completion")
    assert (2, "") == (unknown.status, unknown.out)
    assert (
        "error: this shell is not known: name one with --shell bash, fish or zsh\n" == unknown.err
    )
