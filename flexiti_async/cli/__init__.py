"""
The command line, `flexiti-async …`.

It needs the extra `cli` (cyclopts and rich), and no other part of the library imports it. `main` is
the entry point of the console script. It imports the command that is run and no other, and none
for `--version`.
"""

import os
import sys
from collections.abc import Sequence

from flexiti_async._version import __version__

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command and return its exit status.

    Args:
        argv: Arguments after the name of the program; by default those of the process.
    """
    arguments = sys.argv[1:] if argv is None else argv
    try:
        if list(arguments) == ["--version"]:
            print(f"flexiti-async {__version__}", flush=True)  # noqa: T201 - printing is its job
            return 0
        return _run(arguments)
    except BrokenPipeError:
        _silence_stdout()
        return 1


def _run(arguments: Sequence[str]) -> int:
    try:
        from flexiti_async.cli.app import run
    except ModuleNotFoundError as error:
        if _is_ours(error.name):
            raise
    else:
        return run(arguments)
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison] - None if closed
        sys.stderr.write("error: the command line is an extra: install flexiti-async[cli]\n")
    return 1


def _silence_stdout() -> None:
    """Discard output to a stdout without a reader, also what Python flushes at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)


def _is_ours(module: str | None) -> bool:
    """Whether a missing module is one of ours, which no extra would install."""
    return module is not None and module.partition(".")[0] in {"flexiti_async", "flexiti_stores"}
