"""The limit of open files, connections included."""

import resource
import sys
from contextlib import suppress
from typing import Final

__all__ = ["allow_many_files", "most_files"]

_MOST_FILES: Final = 65536


def allow_many_files() -> None:
    """Raise the limit as far as allowed: where 1,024 is the default, more may be allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS has a lower limit that it does not report
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_files() -> int:
    """Return how many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
