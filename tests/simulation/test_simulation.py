"""Whole sessions on a virtual loop: seeded histories under every fault, each checked."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import pytest

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import Entry
from flexiti_async.testing.store_histories import impossible_histories

from .broken import BROKEN
from .command import broken, histories
from .history import run
from .loop import SimulatedLoop
from .plan import SWAPS, draw_plan
from .shrink import rules_of, shrink
from .store import ModelStore, World

T = TypeVar("T")

HISTORIES = 200
SEED = 21
PROGRAM = Path(__file__).with_name("__main__.py")


@pytest.mark.parametrize("first", [0, HISTORIES // 2])
def test_no_history_breaks_a_rule(first: int) -> None:
    """No rule is broken, whatever the moves are."""
    found, _ = histories(range(first, first + HISTORIES // 2), 50)

    assert [] == found


def test_a_seed_replays_to_the_byte() -> None:
    """A seed gives the same history again, also in a process with another hash seed."""
    here, again = run(draw_plan(SEED)), run(draw_plan(SEED))
    elsewhere = subprocess.run(
        [sys.executable, "-P", str(PROGRAM), "--seed", str(SEED)],
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert here.log == again.log
    assert here.digest in elsewhere.stdout


@pytest.mark.parametrize("name", BROKEN)
def test_a_fix_that_is_taken_out_is_found(name: str) -> None:
    """The simulation finds each fix that is taken out, and only then breaks a rule."""
    fix = BROKEN[name]
    with broken(name):
        without = run(draw_plan(fix.seed))
    whole = run(draw_plan(fix.seed))

    assert fix.rule in rules_of(without)
    assert () == whole.broken


def test_a_seed_that_breaks_a_rule_is_shrunk() -> None:
    """A plan is shrunk to the few moves that break the rule."""
    name = "a key is freed after an unknown outcome"
    with broken(name):
        history = run(draw_plan(BROKEN[name].seed))
        small = shrink(history)
        again = run(small.plan)

    assert rules_of(small) & rules_of(history)
    assert len(small.plan.moves) <= 6
    assert small.log == again.log


class Disturbed:
    """A model of a store under faults, with a time-out and the one error type of real ones."""

    def __init__(self, store: ModelStore, draw: random.Random) -> None:
        self._store = store
        self._draw = draw

    async def load(self, key: str) -> Entry | None:
        """Load."""
        return await self._result(self._store.load(key))

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Swap."""
        return await self._result(self._store.swap(key, entry, expected=expected))

    async def aclose(self) -> None:
        """Do nothing."""

    async def _result(self, operation: Awaitable[T]) -> T:
        if self._draw.random() < 0.3:
            self._store.disturb(self._draw.choice(SWAPS), 0, self._draw.random() * 0.05)
        try:
            async with asyncio.timeout(0.5):
                return await operation
        except (TimeoutError, ValueError) as error:
            raise StoreUnavailable(str(error)) from error


def test_the_model_of_a_store_is_linearizable_under_its_faults() -> None:
    """1,000 histories of the model, under all of its faults, pass the check of real stores."""
    loop = SimulatedLoop()
    draw = random.Random(SEED)  # noqa: S311 - a repeatable history
    store = Disturbed(ModelStore("store", World(loop, draw)), draw)
    try:
        found = loop.run_until_complete(impossible_histories(store, number=1000))
    finally:
        loop.close()

    assert [] == found
