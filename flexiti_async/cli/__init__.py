"""
`flexiti-async …`: the library from a shell.

It needs the extra `cli` (cyclopts and rich), and nothing of the library imports it: `main` is for
the console script, and imports the rest when it is called.
"""

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command and give its exit status.

    Args:
        argv: What follows the name of the program; by default the process's own.
    """
    try:
        from flexiti_async.cli.app import run
    except ModuleNotFoundError as error:
        if _is_ours(error.name):
            raise
    else:
        return run(sys.argv[1:] if argv is None else argv)
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison] - None if closed
        sys.stderr.write("error: the command line is an extra: pip install 'flexiti-async[cli]'\n")
    return 1


def _is_ours(module: str | None) -> bool:
    """Tell whether a module that is missing is the library's own, which no extra brings."""
    return module is not None and module.partition(".")[0] in {"flexiti_async", "flexiti_stores"}
