"""Whole sessions on a virtual loop: seeded histories under every fault, each checked."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import Entry
from flexiti_async.testing import Recorder, is_linearizable

from .broken import BROKEN
from .command import broken, histories
from .history import run
from .loop import SimulatedLoop
from .plan import SWAPS, draw_plan
from .shrink import rules_of, shrink
from .store import ModelStore, World

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


@pytest.mark.parametrize("seed", range(40))
def test_the_model_of_a_store_is_linearizable_under_its_faults(seed: int) -> None:
    """The model passes the check that real stores pass."""
    loop = SimulatedLoop()
    draw = random.Random(seed)  # noqa: S311 - a repeatable history
    store = ModelStore("store", World(loop, draw))
    recorder = Recorder(store, "key")

    async def write(number: int) -> None:
        for turn in range(3):
            try:
                seen = await recorder.load()
                new = Entry(f"{number}.{turn}", "", None)
                await recorder.swap(new, expected=seen)
            except (StoreUnavailable, ValueError):
                pass

    async def all_of_them() -> None:
        for what in draw.choices([name for name in SWAPS if not name.startswith("lose")], k=6):
            store.disturb(what, 0, draw.random() * 0.02)
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(write(number))
        await asyncio.sleep(1.0)
        await recorder.load()

    try:
        loop.run_until_complete(all_of_them())
    finally:
        loop.close()

    assert is_linearizable(recorder.history)
