"""
Errors in exception groups, as `asyncio.TaskGroup` raises them: which one decides the answer.

The worst one does, because its advice is the one that costs most if it is not followed: first
outcomes that are unknown, then the other payments that must not be made again, then the shop's own
faults, then outages, then what customers can correct themselves.
"""

from collections.abc import Iterator
from typing import Final, cast

from flexiti_async.errors import FlexitiError
from flexiti_async.integrations.problem_types import problem_type_of

__all__ = ["answerable", "leaves_of", "worst_of"]

_MONEY: Final = ("payment-being-checked", "payment-in-progress", "already-paid")
"""Problem types of customers that must not pay again, worst first."""
_BY_STATUS: Final = {500: 0, 503: 1}
"""Rank of the other problem types among themselves."""


def leaves_of(error: object) -> Iterator[Exception]:
    """Yield the errors in a group and in the groups within it, or the error itself."""
    if isinstance(error, ExceptionGroup):
        for each in cast("ExceptionGroup[Exception]", error).exceptions:
            yield from leaves_of(each)
    elif isinstance(error, Exception):
        yield error


def worst_of(error: object) -> FlexitiError | None:
    """Return the error of this library that decides the answer; None without one."""
    ours = (one for one in leaves_of(error) if isinstance(one, FlexitiError))
    return min(ours, key=_rank, default=None)


def answerable(error: object) -> bool:
    """
    Whether problem details are the answer to an error.

    They are for an error of this library and for a group of such errors. A group that contains
    another error as well is left to the framework, unless money may have moved: a customer who
    reads of an internal error pays again.
    """
    worst = worst_of(error)
    if worst is None:
        return False
    foreign = any(not isinstance(one, FlexitiError) for one in leaves_of(error))
    return not foreign or _rank(worst) < len(_MONEY)


def _rank(error: FlexitiError) -> int:
    """Return how bad a problem is; 0 is the worst."""
    found = problem_type_of(error)
    if found.name in _MONEY:
        return _MONEY.index(found.name)
    return len(_MONEY) + _BY_STATUS.get(found.status, len(_BY_STATUS))
