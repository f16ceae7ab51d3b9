"""
Check that the results which the callers of one key have seen can have happened in some order.

A history is linearizable if every operation can be given one moment between its begin and its end
so that each result is right. A swap of unknown outcome may take effect at any moment after its
begin, also after everything else, or never.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import Final

from attrs import define, field, frozen

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import Entry, TokenStore
from flexiti_async.testing.arguments import check, check_type

__all__ = ["Loaded", "Recorder", "Swapped", "is_linearizable"]


@frozen
class Loaded:
    """A load: the version that it returned, None for nothing."""

    begin: float
    end: float
    version: str | None


@frozen
class Swapped:
    """A swap: from which version to which, and what it returned; None if that is unknown."""

    begin: float
    end: float
    expected: str | None
    version: str
    won: bool | None


_RECORDED: Final = frozenset({Loaded, Swapped})


def is_linearizable(history: Sequence[Loaded | Swapped]) -> bool:
    """
    Return whether one order of the operations, from nothing stored on, explains them all.

    Raises:
        ValidationError: Not a sequence of what a `Recorder` records.
    """
    check_type("history", history, Sequence)
    known = all(type(one) in _RECORDED for one in history)
    check("history", history, "must be the history of a Recorder", good=known)
    operations = sorted(history, key=lambda one: one.begin)
    ends = [math.inf if _is_unknown(one) else one.end for one in operations]
    todo: list[tuple[int, str | None]] = [((1 << len(operations)) - 1, None)]
    seen = set(todo)
    while todo:
        left, stored = todo.pop()
        if all(_is_unknown(one) for number, one in enumerate(operations) if left >> number & 1):
            return True
        first_end = min(end for number, end in enumerate(ends) if left >> number & 1)
        for number, operation in enumerate(operations):
            if left >> number & 1 and operation.begin <= first_end:
                for after in _outcomes(operation, stored):
                    state = (left & ~(1 << number), after)
                    if state not in seen:
                        seen.add(state)
                        todo.append(state)
    return False


def _is_unknown(operation: Loaded | Swapped) -> bool:
    return isinstance(operation, Swapped) and operation.won is None


def _outcomes(operation: Loaded | Swapped, stored: str | None) -> tuple[str | None, ...]:
    """Return what can be stored after an operation on `stored`; nothing if it cannot be now."""
    if isinstance(operation, Loaded):
        return (stored,) if stored == operation.version else ()
    match operation.won:
        case True:
            won = stored in {operation.expected, operation.version}
            return (operation.version,) if won else ()
        case False:
            return (stored,)
        case None:
            return (operation.version,) if stored == operation.expected else ()


@define
class Recorder:
    """
    Use one key of a store, and record every operation.

    Attributes:
        store: The store.
        key: A key under which nothing is stored at first.
        history: The operations so far, for `is_linearizable`.

    Raises:
        ValidationError: The store is no token store, or the key is not a text.
    """

    store: TokenStore
    key: str
    history: list[Loaded | Swapped] = field(init=False, factory=list[Loaded | Swapped])

    def __attrs_post_init__(self) -> None:
        check_type("store", self.store, TokenStore)
        check_type("key", self.key, str)

    async def load(self, store: TokenStore | None = None) -> Entry | None:
        """Load, by another handle if one is given; raises StoreUnavailable."""
        begin = _now()
        entry = await (store or self.store).load(self.key)
        self.history.append(Loaded(begin, _now(), None if entry is None else entry.version))
        return entry

    async def swap(
        self, entry: Entry, *, expected: Entry | None, store: TokenStore | None = None
    ) -> bool:
        """Swap, by another handle if one is given; raises StoreUnavailable."""
        begin, won = _now(), None
        try:
            written = won = await (store or self.store).swap(self.key, entry, expected=expected)
        except StoreUnavailable as error:
            won = None if error.sent else False
            raise
        finally:  # a cancelled swap is of unknown outcome, like one that failed
            old = None if expected is None else expected.version
            self.history.append(Swapped(begin, _now(), old, entry.version, won))
        return written


def _now() -> float:
    return asyncio.get_running_loop().time()
