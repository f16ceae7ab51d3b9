"""
How long tests wait for something that is not about time: minutes, so that only a hang is cut off.

A machine that does ten other things at once is no fault of the library. A test that is about time
says so with numbers of its own, and compares what a busy machine cannot change: a virtual clock,
an order of events, CPU time, or a lower bound.
"""

from typing import Any, Final

__all__ = ["OVERLAP", "PATIENCE", "PATIENT", "PATIENT_VARIABLES"]

PATIENCE: Final = 300.0
"""
Seconds after which a test has hung.

Less than pytest's `timeout` in pyproject.toml, so that the wait that hung is the one reported.
"""

OVERLAP: Final = 2.0
"""Seconds of an answer during which a test does something else: the machine may stall meanwhile."""

PATIENT: Final[dict[str, Any]] = {
    "token_timeout": PATIENCE,
    "request_timeout": PATIENCE,
    "connect_timeout": PATIENCE,
    "store_timeout": PATIENCE,
}
"""Options of `FlexitiConfig` for sessions whose time-outs are not what is tested."""

PATIENT_VARIABLES: Final = {
    f"FLEXITI_{option.upper()}": f"{seconds:g}" for option, seconds in PATIENT.items()
}
"""The same as environment variables, for processes that read their configuration there."""
