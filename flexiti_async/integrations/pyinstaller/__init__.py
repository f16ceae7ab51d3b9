"""
PyInstaller: what it cannot see of the library, in `hook-flexiti_async.py`.

PyInstaller finds this folder by an entry point: a shop does nothing.
"""

from collections.abc import Sequence
from pathlib import Path

__all__ = ["hook_dirs"]


def hook_dirs() -> Sequence[str]:
    """Return the folders with hooks."""
    return [str(Path(__file__).parent)]
