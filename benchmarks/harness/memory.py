"""How much memory this process has."""

import resource
import sys
from pathlib import Path
from typing import Final

__all__ = ["resident"]

_PAGE: Final = resource.getpagesize()


def resident() -> int:
    """Tell how many bytes of this process are in memory; not on Linux, the most so far."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
