"""The ledger's driver as a command: long runs, which print figures."""
# ruff: noqa: T201 - printing is its purpose

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from . import drives, postgresql
from .driver import Plan, drive

__all__ = ["main"]

DRIVES = {**drives.DRIVES, **postgresql.DRIVES}


def main(arguments: Sequence[str]) -> int:
    """Run it; return 1 if a rule was broken, otherwise 0."""
    parser = argparse.ArgumentParser(prog="tests/ledger", description=__doc__)
    parser.add_argument("--journal", choices=[*DRIVES, "all"], default="all")
    parser.add_argument("--operations", type=int, default=3000, help="of each journal")
    parser.add_argument("--rounds", type=int, default=3, help="of each journal, with new servers")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=6, help="of workers, in each round")
    parser.add_argument("--trouble", type=float, default=0.02, help="probability of each fault")
    given = parser.parse_args(arguments)
    broken = 0
    for name in DRIVES if given.journal == "all" else [given.journal]:
        broken += _drive(name, given)
    return int(bool(broken))


def _drive(name: str, given: argparse.Namespace) -> int:
    """Run all rounds with one journal, print their figures, and return the broken rules."""
    began = time.monotonic()
    callers, journal = Counter[str](), Counter[str]()
    captured = lost = broken = 0
    for number in range(given.rounds):
        seed = given.seed + number
        with DRIVES[name]() as journal_of_round:
            plan = Plan(
                journal_of_round,
                given.operations // given.rounds,
                seed=seed,
                workers=given.workers,
                kills=given.kills,
                trouble=given.trouble,
            )
            books = asyncio.run(drive(plan))
        callers += books.outcomes
        journal += books.phases
        captured += len(books.captured)
        lost += books.lost
        broken += len(books.violations)
        for violation in books.violations:
            print(f"seed {seed}: {violation}")
    print(
        f"{name}: {sum(journal.values())} operations in {time.monotonic() - began:.0f} s, "
        f"{given.rounds} rounds from seed {given.seed}, {given.rounds * given.kills} kills"
    )
    print("  callers:", dict(callers.most_common()))
    print("  journal:", dict(journal.most_common()))
    print(f"  bank: {captured} captured, {lost} of them entered by hand; {broken} rules broken")
    return broken
