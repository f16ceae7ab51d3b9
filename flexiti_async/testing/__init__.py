"""Helpers for the tests of shops that use this library. Nothing of the core imports them."""

from flexiti_async.testing.clock import ManualClock

__all__ = ["ManualClock"]
