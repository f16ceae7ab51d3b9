"""
One warning when a second session for the same tokens opens in an event loop.

Each session has connections of its own, and reads the store where it could have asked its
neighbour. Both work: nothing but the warning depends on what is noted here.
"""

import asyncio
import logging
from typing import Final, Protocol
from weakref import WeakKeyDictionary, ref

from flexiti_async.tokens.record import TokenKey

__all__ = ["warn_of_second_session"]

_log: Final = logging.getLogger("flexiti_async.token")


class _Session(Protocol):
    @property
    def stopped(self) -> bool: ...


_First = dict[str, "ref[_Session] | None"]
_first: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _First]] = WeakKeyDictionary()
"""By event loop and store key: the first session; None once a second one was warned of."""


def warn_of_second_session(key: TokenKey, session: _Session) -> None:
    """
    Note that a session requests a token in this event loop, and warn of the second one, once.

    Args:
        key: The key of the tokens.
        session: The session's own part for this key.
    """
    first = _first.setdefault(asyncio.get_running_loop(), {})
    noted = first.setdefault(key.store_key, ref(session))
    before = noted() if noted is not None else session
    if before is session:
        return
    if before is None or before.stopped:
        first[key.store_key] = ref(session)
        return
    first[key.store_key] = None
    _log.warning(
        "a second session for the same tokens is open in this event loop (scope %s): share one "
        "session, which has one pool of connections and one cached token",
        key.scope.value,
    )
