"""The checker of histories: what it takes for possible, and what not."""

import pytest

from flexiti_async.testing.store_history import Loaded, Swapped, is_linearizable

POSSIBLE: dict[str, list[Loaded | Swapped]] = {
    "nothing": [],
    "one after the other": [
        Swapped(0, 1, None, "a", won=True),
        Loaded(2, 3, "a"),
        Swapped(4, 5, "a", "b", won=True),
        Loaded(6, 7, "b"),
    ],
    "the winner of two at once": [
        Swapped(0, 9, None, "a", won=True),
        Swapped(0, 9, None, "b", won=False),
        Loaded(10, 11, "a"),
    ],
    "old and new while it is written": [
        Swapped(0, 9, None, "a", won=True),
        Loaded(1, 2, None),
        Loaded(3, 4, "a"),
    ],
    "an unknown swap that lands late": [
        Swapped(0, 1, None, "a", won=None),
        Loaded(2, 3, None),
        Loaded(4, 5, "a"),
    ],
    "an unknown swap that never lands": [
        Swapped(0, 1, None, "a", won=None),
        Loaded(2, 3, None),
        Swapped(4, 5, None, "b", won=True),
    ],
    "the same swap again": [
        Swapped(0, 1, None, "a", won=None),
        Swapped(2, 3, None, "a", won=True),
        Swapped(4, 5, None, "a", won=True),
        Loaded(6, 7, "a"),
    ],
}

IMPOSSIBLE: dict[str, list[Loaded | Swapped]] = {
    "a load of what nobody wrote": [Loaded(0, 1, "a")],
    "a lost write": [Swapped(0, 1, None, "a", won=True), Loaded(2, 3, None)],
    "two winners": [Swapped(0, 9, None, "a", won=True), Swapped(0, 9, None, "b", won=True)],
    "back to the old one": [
        Swapped(0, 1, None, "a", won=True),
        Swapped(2, 9, "a", "b", won=True),
        Loaded(3, 4, "b"),
        Loaded(5, 6, "a"),
    ],
    "a load before its write": [Loaded(0, 1, "a"), Swapped(2, 3, None, "a", won=True)],
    "an unknown swap that landed over another one": [
        Swapped(0, 1, None, "a", won=None),
        Swapped(2, 3, None, "b", won=True),
        Loaded(4, 5, "a"),
    ],
    "a swap that was not written and is there": [
        Swapped(0, 1, None, "a", won=False),
        Loaded(2, 3, "a"),
    ],
}


@pytest.mark.parametrize("name", POSSIBLE)
def test_what_can_have_happened_is_linearizable(name: str) -> None:
    """One order of the operations explains it."""
    assert is_linearizable(POSSIBLE[name])


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_have_happened_is_not(name: str) -> None:
    """No order of the operations explains it."""
    assert not is_linearizable(IMPOSSIBLE[name])
