"""Failures that you inject, once, always or at random: `sandbox.inject(faults.Drop(), …)`."""

from flexiti_async.sandbox.faults.kinds import (
    Alter,
    Answer,
    Delay,
    Drip,
    Drop,
    Endless,
    Fault,
    GzipBomb,
    Hang,
    Malformed,
    Misshape,
    Redirect,
    Reset,
    Truncate,
)

__all__ = [
    "Alter",
    "Answer",
    "Delay",
    "Drip",
    "Drop",
    "Endless",
    "Fault",
    "GzipBomb",
    "Hang",
    "Malformed",
    "Misshape",
    "Redirect",
    "Reset",
    "Truncate",
]
