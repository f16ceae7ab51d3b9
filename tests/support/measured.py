"""
Which processes measure coverage: each one announces itself, so that lost data is noticed.

`nox -s coverage` compares the names here with the data files that there are.
"""

import os
import sys
from pathlib import Path
from typing import Final

__all__ = ["announce", "save"]

ANNOUNCED: Final = Path(".coverage-announced")
"""A folder with a file for each process, named by its process id."""


def announce(process: str) -> None:
    """Write down that data of this process has to arrive, if it is measured at all."""
    coverage = sys.modules.get("coverage")
    if coverage is None or coverage.Coverage.current() is None:
        return
    ANNOUNCED.mkdir(exist_ok=True)
    session = os.environ.get("NOX_CURRENT_SESSION", "pytest")
    ANNOUNCED.joinpath(str(os.getpid())).write_text(f"{process} of {session}\n", encoding="utf-8")


def save() -> None:
    """
    Write the data file now.

    pytest-xdist kills a worker that takes more than ten seconds to exit, and on a busy machine
    coverage may be amid its writing by then: it does so when the interpreter exits.
    """
    coverage = sys.modules.get("coverage")
    measuring = coverage and coverage.Coverage.current()
    if measuring:
        measuring.save()
