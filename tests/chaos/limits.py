"""The time-outs of the sessions of a run, and the limits that follow for callers."""

from typing import Any, Final

from .plan import Verb

__all__ = ["CALL_TIMEOUT", "MARGIN", "OPTIONS", "limit_of"]

CALL_TIMEOUT: Final = 2.0
"""Seconds for a call and its retries, from the moment at which it has a token."""

_TOKEN: Final = 1.5
_STORE: Final = 0.5

OPTIONS: Final[dict[str, Any]] = {
    "token_timeout": _TOKEN,
    "request_timeout": 1.0,
    "call_timeout": CALL_TIMEOUT,
    "connect_timeout": 0.5,
    "store_timeout": _STORE,
    # Few, so that calls also wait for connections.
    "connections": 2,
    # Tokens live for 4 to 6 seconds; the process with the refresh token refreshes a bit earlier.
    "refresh_ahead": 1.6,
}
"""Options of `FlexitiConfig`."""

MARGIN: Final = 0.75
"""
Seconds by which the answer to a caller may be late.

On a machine with two busy cores the library cannot avoid that other tasks of the loop run first
when its timer fires. Seconds in which the whole process did not run (it was stopped, or got no
core) are counted apart, by
`tests/support/metronome.py`.
"""

_WAIT = 2 * _TOKEN  # for a token: flexiti_async.tokens.refresher
_SAVE = 4 * _STORE  # swap and load, and both again for a lost record

_LIMITS: Final = {
    Verb.TOKEN: _WAIT,
    Verb.MISDEED: _WAIT,
    Verb.SEND: _WAIT + CALL_TIMEOUT,
    Verb.WIDGET: _WAIT + CALL_TIMEOUT,
    Verb.OPEN: _WAIT + _SAVE,
    # Resume; a dedicated token for an application; the call; save.
    Verb.STEP: _STORE + _TOKEN + CALL_TIMEOUT + _SAVE,
}


def limit_of(verb: Verb) -> float:
    """Return the seconds within which a caller gets a value or a typed error."""
    return _LIMITS[verb]
