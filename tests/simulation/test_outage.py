"""An outage of the API is not made worse by the shop's repeats."""

import pytest

from .history import carry_out
from .plan import Move, Plan, Verb

_PROCESSES = 2
_RATE = 5
"""Calls of each process in a second."""
_SECONDS = 130


def _plan(what: str) -> Plan:
    """Return many calls, and an outage in most of that time."""
    sends = [
        Move(turn / _RATE, Verb.SEND, process)
        for turn in range(_RATE * _SECONDS)
        for process in range(_PROCESSES)
    ]
    faults = [Move(5.0, Verb.API, 0, what=what, number=11, seconds=120.0)]
    if what != "outage":  # one fault for each request, with repeats enough of them
        faults *= _RATE * _SECONDS * _PROCESSES
    return Plan(1, _PROCESSES, 1200.0, tuple(sorted([*sends, *faults], key=lambda move: move.at)))


@pytest.mark.parametrize("what", ["outage", "status 500", "cut before"])
def test_an_outage_gets_a_tenth_more_requests_in_any_minute(what: str) -> None:
    """Each failing call may be repeated twice; all together they are repeated once in ten."""
    history, shop = carry_out(_plan(what))
    first, repeats, seen = list[float](), list[float](), set[str]()
    for at, reference_id in shop.api.attempts:
        (repeats if reference_id in seen else first).append(at)
        seen.add(reference_id)
    # A kept connection that breaks is replaced, which an outage begins with.
    begin = int(first[0])
    after = 12 if what == "cut before" else 0

    assert () == history.broken
    assert repeats
    for start in range(begin + after, begin + _SECONDS - 60):
        calls = sum(start <= at < start + 60 for at in first)
        extra = sum(start <= at < start + 60 for at in repeats)
        assert extra <= 0.1 * calls, f"{extra} repeats of {calls} calls from {start} s"
