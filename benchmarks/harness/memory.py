"""Memory of this process."""

import resource
import sys
from pathlib import Path
from typing import Final

__all__ = ["resident"]

_PAGE: Final = resource.getpagesize()


def resident() -> int:
    """Return the bytes of this process in memory; outside of Linux, the maximum so far."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
