"""The time-outs that the sessions of a run are given, and what they promise to callers."""

from typing import Any, Final

from .plan import Verb

__all__ = ["CALL_TIMEOUT", "MARGIN", "OPTIONS", "limit_of"]

CALL_TIMEOUT: Final = 2.0
"""Seconds for a call and its repeats, from the moment on at which it has a token."""

_TOKEN: Final = 1.5
_STORE: Final = 0.5

OPTIONS: Final[dict[str, Any]] = {
    "token_timeout": _TOKEN,
    "request_timeout": 1.0,
    "call_timeout": CALL_TIMEOUT,
    "connect_timeout": 0.5,
    "store_timeout": _STORE,
    # Few, so that calls also wait for one another.
    "connections": 2,
    # Tokens live for 4 to 6 seconds; who can refresh one does so some tenths before the others.
    "refresh_ahead": 1.6,
}
"""Options of `FlexitiConfig`."""

MARGIN: Final = 0.75
"""
Seconds that a caller may get its answer late.

For what the library cannot help on a machine with two noisy cores: its timer fires, and then other
tasks of the loop come first. Time in which the whole process did not run (stopped, or not given
a core) is counted apart, by `tests/support/metronome.py`.
"""

_WAIT = 2 * _TOKEN  # for a token: flexiti_async.tokens.refresher
_SAVE = 4 * _STORE  # swap and load, and both again for a record that was lost

_LIMITS: Final = {
    Verb.TOKEN: _WAIT,
    Verb.MISDEED: _WAIT,
    Verb.SEND: _WAIT + CALL_TIMEOUT,
    Verb.WIDGET: _WAIT + CALL_TIMEOUT,
    Verb.OPEN: _WAIT + _SAVE,
    # It is resumed; an application gets a token of its own; the call; it is saved.
    Verb.STEP: _STORE + _TOKEN + CALL_TIMEOUT + _SAVE,
}


def limit_of(verb: Verb) -> float:
    """Tell the seconds within which a caller gets a value or a typed error."""
    return _LIMITS[verb]
