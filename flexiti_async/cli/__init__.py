"""
The command line, `flexiti-async …`.

It needs the extra `cli` (cyclopts and rich), and no other part of the library imports it. `main` is
the entry point of the console script and imports the commands only when it is called.
"""

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command and return its exit status.

    Args:
        argv: Arguments after the name of the program; by default those of the process.
    """
    try:
        from flexiti_async.cli.app import run
    except ModuleNotFoundError as error:
        if _is_ours(error.name):
            raise
    else:
        return run(sys.argv[1:] if argv is None else argv)
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison] - None if closed
        sys.stderr.write("error: the command line is an extra: install flexiti-async[cli]\n")
    return 1


def _is_ours(module: str | None) -> bool:
    """Whether a missing module is one of ours, which no extra would install."""
    return module is not None and module.partition(".")[0] in {"flexiti_async", "flexiti_stores"}
