"""On a terminal of 60 columns nothing is cut: lines wrap between words, and tables are stacked."""

import re

import pytest

from flexiti_async.cli.commands import COMMANDS
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop

from .conftest import Command, Ran
from .test_operations import lose

COLUMNS = 60
BOX = re.compile(r"[│╭╮╰╯─]")
GROUPS = ("", "checkout", "token", "journal", "operations", "keys", "--install-completion")
CHANGING = re.compile(r"\d+(\.\d+)?")
"""Seconds that pass between two runs."""


def words(text: str) -> set[str]:
    """Return the words of an output, without the frames of tables."""
    return {CHANGING.sub("0", word) for word in BOX.sub(" ", text).split()}


def too_wide(text: str) -> list[str]:
    """Return lines that are wider than the screen though they could be wrapped."""
    return [
        line
        for line in text.splitlines()
        if len(line) > COLUMNS and len(BOX.sub(" ", line).split()) > 1
    ]


def compare(command: Command, monkeypatch: pytest.MonkeyPatch, *argv: str) -> tuple[Ran, Ran]:
    """Run a command on a wide and on a narrow screen; check that the words are the same."""
    monkeypatch.setenv("COLUMNS", "1000")
    wide = command(*argv)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    narrow = command(*argv)

    assert wide.status == narrow.status
    for before, after in ((wide.out, narrow.out), (wide.err, narrow.err)):
        assert set() == words(before) ^ words(after)
        assert [] == too_wide(after)
    return wide, narrow


@pytest.mark.parametrize("name", [*GROUPS, *(row.words for row in COMMANDS)])
def test_help(command: Command, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Help has the words that it has on a wide screen, whole."""
    wide, _ = compare(command, monkeypatch, *name.split(), "--help")

    assert 0 == wide.status


@pytest.mark.parametrize(
    "argv",
    [
        ("doctor", "--no-token-request"),
        ("token", "status"),
        ("token", "status", "--scope", "merchant"),
        ("token", "forget"),
        ("journal", "check"),
        ("operations", "list"),
        ("operations", "show", "authorize:order 9"),
        ("operations", "find", "order 9"),
        ("operations", "look-up", "authorize:order 9"),
        ("operations", "resolve", "authorize:order 9", "--not-executed", "--by", "ann"),
        ("operations", "show", "order-10"),
        ("checkout", "show", "0" * 32),
        ("init-widget", "--flow", "purchase"),
        ("token", "status", "--store", "redis://shop:x@localhost/0"),
        ("sandbox", "--host", "192.0.2.1"),
    ],
    ids=" ".join,
)
def test_output(
    command: Command, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, argv: tuple[str, ...]
) -> None:
    """Results, notes and errors have the same words as on a wide screen."""
    lose(sandbox, Drop(), "order 9", ago=7000)
    command("token", "refresh")

    compare(command, monkeypatch, *argv)


@pytest.mark.parametrize(
    "argv",
    [
        ("demo", "--checkouts", "2"),
        ("load", "--duration", "0.2", "--rate", "20"),
        ("keys", "generate"),
    ],
    ids=" ".join,
)
def test_output_that_differs_each_time(
    command: Command, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]
) -> None:
    """Its lines fit, too; a URL or a key is whole on a line of its own."""
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    ran = command(*argv)

    assert (0, []) == (ran.status, too_wide(ran.out))


def test_a_pipe_has_no_end(command: Command, sandbox: Sandbox) -> None:
    """Without a terminal and without COLUMNS a line is a line, for grep and scripts."""
    lose(sandbox, Drop(), "order 9", ago=7000)
    listed, error = command("operations", "list"), command("operations", "show", "order-10")

    assert 3 == len(listed.out.splitlines())
    assert 1 == len(error.errors)
    assert COLUMNS < min(len(listed.out.splitlines()[0]), len(error.err))
