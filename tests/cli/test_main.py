"""Behaviour that all commands share: help, versions, errors, --debug, exit statuses."""

import importlib
import inspect
import logging
import os
import signal
import subprocess
import sys

import pytest

from flexiti_async import __version__
from flexiti_async.cli.commands import COMMANDS
from flexiti_async.cli.commands import Command as Row
from flexiti_async.cli.output import mask_store
from flexiti_async.sandbox import Sandbox

from ..support.patience import PATIENCE
from .conftest import (
    CLIENT_SECRET,
    DOB,
    EMAIL,
    SCRIPT,
    STORE_PASSWORD,
    VCC_NUMBER,
    Command,
    Ran,
    process,
)

GROUPS = ("", "checkout", "token", "journal", "operations", "keys")


def test_version(command: Command) -> None:
    """The version is the installed one."""
    assert (0, f"flexiti-async {__version__}\n", "") == (
        (ran := command("--version")).status,
        ran.out,
        ran.err,
    )


def test_module_is_the_script() -> None:
    """The package can be run as a module."""
    ran = process("--version", program=[sys.executable, "-P", "-m", "flexiti_async"])

    assert (0, f"flexiti-async {__version__}\n", "") == (ran.status, ran.out, ran.err)


@pytest.mark.parametrize("name", [*GROUPS, *(row.words for row in COMMANDS)])
def test_help(command: Command, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Every level has help, which names and describes the command, and lists --debug."""
    monkeypatch.setenv("COLUMNS", "120")
    ran = command(*name.split(), "--help")
    usage, _, description, *_ = ran.out.splitlines()

    assert (0, "") == (ran.status, ran.err)
    assert usage.startswith(f"Usage: flexiti-async {name}".rstrip())
    assert description.rstrip().endswith(".")
    assert "--debug" in ran.out


@pytest.mark.parametrize("name", GROUPS)
def test_every_command_is_described_in_one_line(
    command: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The list of commands has one line for each, on a screen that is wide enough."""
    monkeypatch.setenv("COLUMNS", "120")
    shown = command(*name.split(), "--help").out
    lines = shown.partition("Commands")[2].partition("╰")[0].splitlines()[1:]

    assert [] == [line for line in lines if not line.rstrip(" │").endswith(".")]


def test_no_command(command: Command) -> None:
    """Without a command the help is printed."""
    assert command("--help") == command()


def test_unknown_command(command: Command) -> None:
    """An unknown command is reported in one line that lists the known ones."""
    ran = command("sandbxo")

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert 'Did you mean "sandbox"? Available commands: demo, ' in ran.err


@pytest.mark.parametrize("missing", ["cyclopts", "rich"])
def test_missing_extra(missing: str) -> None:
    """Without the extra one line says what to install."""
    code = f"import sys; sys.modules[{missing!r}] = None; from flexiti_async.cli import main; "
    ran = process(program=[sys.executable, "-P", "-c", code + "sys.exit(main(['demo']))"])

    assert (1, "") == (ran.status, ran.out)
    assert ["error: the command line is an extra: install flexiti-async[cli]"] == ran.errors


def test_broken_installation() -> None:
    """A missing module of ours is not mistaken for a missing extra."""
    code = "import sys; sys.modules['flexiti_async.cli.app'] = None; "
    code += "from flexiti_async.cli import main; main(['demo'])"
    ran = process(program=[sys.executable, "-P", "-c", code])

    assert ran.errors[-1].startswith("ModuleNotFoundError: ")


def test_library_does_not_import_it() -> None:
    """Importing the library imports no part of the command line."""
    code = "import flexiti_async, sys; print({'cyclopts', 'rich', 'flexiti_async.cli'} & "
    ran = process(program=[sys.executable, "-P", "-c", code + "sys.modules.keys())"])

    assert (0, "set()\n", "") == (ran.status, ran.out, ran.err)


LOADED = "; print(*sorted(sys.modules))"
CLASS = "flexiti_async.session"
"""The module of FlexitiSession, which needs all the others."""


@pytest.mark.parametrize(
    ("argv", "absent"),
    [
        (["--version"], {"attr", "cyclopts", "rich", "asyncio", "aiohttp", CLASS}),
        (["--help"], {"asyncio", "aiohttp", "flexiti_async.cli.demo", CLASS}),
        ([], {"asyncio", "aiohttp", CLASS}),
        (["token", "--help"], {"asyncio", "aiohttp", "flexiti_async.cli.token", CLASS}),
        (["operations"], {"asyncio", "aiohttp", "flexiti_async.cli.operations", CLASS}),
        (["token", "status", "--help"], {"flexiti_async.cli.demo", "flexiti_async.sandbox"}),
    ],
)
def test_a_command_imports_no_other(argv: list[str], absent: set[str]) -> None:
    """`--version` imports nothing; lists of commands import no command, a command only itself."""
    code = f"import sys; from flexiti_async.cli import main; main({argv}){LOADED}"
    ran = process(program=[sys.executable, "-P", "-c", code])
    loaded = set(ran.out.splitlines()[-1].split())

    assert (0, "") == (ran.status, ran.err)
    assert "flexiti_async.cli" in loaded
    assert set() == absent & loaded


def test_version_needs_few_modules() -> None:
    """`--version` loads a handful of modules more than Python itself; a session needs hundreds."""
    code = "import sys; before = len(sys.modules); from flexiti_async.cli import main; "
    code += "main(['--version']); print(len(sys.modules) - before)"
    ran = process(program=[sys.executable, "-P", "-c", code])

    assert int(ran.out.splitlines()[-1]) <= 60


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.words)
def test_lists_of_commands_quote_the_help(row: Row) -> None:
    """The summary in a list of commands is the first paragraph of the command's help."""
    module, _, function = row.path.partition(":")
    command = getattr(importlib.import_module(f"flexiti_async.cli.{module}"), function)
    first, *_ = (inspect.getdoc(command) or "").split("\n\n")

    assert first.replace("\n", " ") == row.summary


def test_debug_shows_the_way(command: Command, sandbox: Sandbox) -> None:
    """With --debug an error is printed with log and traceback, without secrets."""
    sandbox.fail("oauth/token", status=400)
    argv = ("init-widget", "--flow", "purchase", "--vcc-number", VCC_NUMBER, "--debug")
    ran = command(*argv)

    assert (1, "") == (ran.status, ran.out)
    assert ran.errors[0].startswith("WARNING flexiti_async.token: could not obtain a token")
    assert any(" in init_widget" in line for line in ran.errors)
    assert ran.errors[-1].startswith("error: HTTP 400 ")
    assert ["error"] == [line[:5] for line in ran.errors if line.startswith("error")]


def test_debug_may_stand_anywhere(command: Command, sandbox: Sandbox) -> None:
    """--debug is accepted before and after the command, and changes no result."""
    ran = command("--debug", "token", "refresh")

    assert 0 == ran.status
    assert "1200 s left" in ran.out
    assert "INFO flexiti_async.token: token " in ran.err
    assert [] == [token for token in sandbox.tokens if token.access_token in ran.err]


def test_no_log_without_debug(command: Command, sandbox: Sandbox) -> None:
    """Without --debug the library's warnings are not printed."""
    sandbox.fail("oauth/token", status=503, times=None)
    ran = command("init-widget", "--flow", "purchase", "--account-number", "20009100")

    assert (1, "", 1) == (ran.status, ran.out, len(ran.errors))


def test_logging_is_left_as_it_was(command: Command) -> None:
    """A command that is called in a process leaves no log handler behind."""
    loggers = [logging.getLogger(name) for name in ("flexiti_async", "aiohttp", "asyncio")]
    before = [(logger.level, list(logger.handlers)) for logger in loggers]
    command("token", "status", "--debug")

    assert before == [(logger.level, list(logger.handlers)) for logger in loggers]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.usefixtures("sandbox")
def test_bug(command: Command, odd_stores: str, *, debug: bool) -> None:
    """Of a foreign error only the class is printed, because its text may quote anything."""
    argv = ["token", "status", "--store", f"{odd_stores}Buggy"]
    ran = command(*argv, *["--debug"] * debug)

    assert 1 == ran.status
    assert "error: unexpected LookupError" == ran.errors[-1].removesuffix("; --debug shows where")
    assert debug is any(" in aclose" in line for line in ran.errors)


def test_debug_of_wrong_data(command: Command) -> None:
    """Neither a traceback nor a usage error shows the data that caused it."""
    person = ("--dob", DOB + "1", "--email", EMAIL + "@", "--vcc-number", VCC_NUMBER * 2)
    refused = command("init-widget", "--flow", "apply", "--debug", *person[:4])
    unused = command("init-widget", "--debug", *person, EMAIL, VCC_NUMBER)

    assert (2, 2) == (refused.status, unused.status)
    assert "error: unexpected arguments: 2 (values with spaces need quotes)" == unused.errors[-1]


def test_interrupt() -> None:
    """Ctrl-C ends a command without output, with the exit status that shells expect."""
    with subprocess.Popen(
        [SCRIPT, "demo", "--checkouts", "1000000", "--debug"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        first = running.stderr.readline()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=PATIENCE)

    assert first.startswith("INFO flexiti_async.token: token ")
    assert (130, "") == (running.returncode, out)
    assert "Traceback" not in err


@pytest.mark.parametrize("argv", [("--help",), ("--version",), ("demo", "--checkouts", "2")])
def test_nobody_reads(argv: tuple[str, ...]) -> None:
    """A pipe whose reader has ended causes no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [SCRIPT, *argv], stdout=writer, stderr=subprocess.PIPE, timeout=PATIENCE, check=False
    )
    os.close(writer)

    assert (1, b"") == (ran.returncode, ran.stderr)


def test_nothing_to_read() -> None:
    """A process without stdin reports that when it should read from it."""
    code = "import os, sys; os.close(0); os.execv(sys.argv[1], sys.argv[1:])"
    program = [sys.executable, "-P", "-c", code, SCRIPT]
    ran = process("init-widget", "--json-file", "-", program=program)

    assert (2, "", ["error: stdin is closed"]) == (ran.status, ran.out, ran.errors)


@pytest.mark.parametrize("closed", ["1", "2"])
def test_nowhere_to_write(closed: str) -> None:
    """A process without stdout or stderr still returns its exit status."""
    code = f"import os, sys; os.close({closed}); os.execv(sys.argv[1], sys.argv[1:])"
    program = [sys.executable, "-P", "-c", code, SCRIPT]
    done = process("demo", "--checkouts", "1", program=program)
    wrong = process("demo", "--checkouts", "0", program=program)

    assert (0, 2) == (done.status, wrong.status)
    assert ("1" == closed) is (done.out == "")
    assert "" == wrong.out


def test_letters_that_the_terminal_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters that the terminal lacks are replaced, without a traceback."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ran = process("init-widget", "--help")

    assert (0, "") == (ran.status, ran.err)
    assert "FLEXITI_STORE, ?" in ran.out


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("memory://", "memory://"),
        ("memory://shop-a", "memory://shop-a"),
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://shop:{}@localhost:6379/0", "redis://****@localhost:6379/0"),
        ("redis://:{}@localhost/0?password={}#{}", "redis://****@localhost/0"),
        ("redis://{}@localhost", "redis://****@localhost"),
        ("redis://shop:a/b@{}@localhost/0", "redis://****@localhost/0"),
        ("redis://shop:a?b#c{}@localhost/0", "redis://****@localhost/0"),
        ("redis://shop:{}\n@localhost", "redis://****@localhost"),
        ("redis://[::1", "redis://****"),
        ("file:///var/lib/shop?key={}", "file:///var/lib/shop"),
        ("package.module:Class", "package.module:Class"),
        ("redis:{}@localhost", "****"),
    ],
)
def test_mask_store(url: str, shown: str) -> None:
    """A store is shown without its password, however that is written."""
    assert shown == mask_store(url.replace("{}", STORE_PASSWORD))


@pytest.mark.parametrize("canary", [CLIENT_SECRET, VCC_NUMBER, DOB, EMAIL, STORE_PASSWORD])
def test_canaries_are_noticed(canary: str) -> None:
    """A test of the command line fails if its output shows a secret."""
    with pytest.raises(AssertionError):
        Ran(0, f"shown: {canary}", "")
    with pytest.raises(AssertionError):
        Ran(0, "", f"shown: {canary}")
