"""The command line of the long run."""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ..crew.crew import Crew, Hand
from .draw import make_plan
from .driver import run
from .invariants import violations
from .plan import Plan
from .telling import complaint, summary

__all__ = ["main"]

_STORES: Final = ("file", "valkey")
_SEEDS: Final = 10**9


def main(arguments: Sequence[str]) -> int:
    """Run plans; give 1 if a rule was broken."""
    told = _parser().parse_args(arguments)
    if told.json:
        for plan in _plans(told):
            _say(plan.to_json())
        return 0
    crew = Crew("tests.chaos.worker", Hand)
    stores = _STORES if told.store is None else (told.store,)
    try:
        broken = [
            f"{plan.seed} ({store})"
            for plan in _plans(told)
            for store in stores
            if _broken(plan, crew, store)
        ]
    finally:
        crew.close()
    _say(f"broken: {', '.join(broken)}" if broken else "no rule was broken")
    return 1 if broken else 0


def _plans(told: argparse.Namespace) -> Iterator[Plan]:
    """Give the plans to run: the one asked for, or new ones until the time is over."""
    if told.plan is not None:
        yield Plan.from_json(told.plan.read_text())
    elif told.seed is not None:
        yield make_plan(told.seed, seconds=told.seconds, workers=told.workers)
    else:
        end = time.monotonic() + told.minutes * 60
        while time.monotonic() < end:
            seed = random.SystemRandom().randrange(_SEEDS)
            yield make_plan(seed, seconds=told.seconds, workers=told.workers)


def _broken(plan: Plan, crew: Crew[Hand], store: str) -> bool:
    seen = asyncio.run(run(plan, crew, store))
    found = violations(seen)
    if found:
        _say(complaint(seen, found, store))
    else:
        _say(f"seed {plan.seed} ({store}): {summary(seen)}")
    return bool(found)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to go on")
    parser.add_argument("--seed", type=int, help="run this plan only, once in each store")
    parser.add_argument("--plan", type=Path, help="run a plan that was written down as JSON")
    parser.add_argument("--json", action="store_true", help="write plans down, run none")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of a plan")
    parser.add_argument("--workers", type=int, default=3, help="number of processes")
    parser.add_argument("--store", choices=_STORES, help="the kind of store; default both")
    return parser
