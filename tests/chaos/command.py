"""The command line of the long run."""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ..crew.crew import Crew, WorkerHandle
from .draw import make_plan
from .driver import run
from .invariants import violations
from .plan import Plan
from .reporting import explanation, summary

__all__ = ["main"]

_STORES: Final = ("file", "valkey")
_SEEDS: Final = 10**9


def main(arguments: Sequence[str]) -> int:
    """Run plans; return 1 if a rule was broken."""
    options = _parser().parse_args(arguments)
    if options.json:
        for plan in _plans(options):
            _print(plan.to_json())
        return 0
    crew = Crew("tests.chaos.worker", WorkerHandle)
    stores = _STORES if options.store is None else (options.store,)
    try:
        broken = [
            f"{plan.seed} ({store})"
            for plan in _plans(options)
            for store in stores
            if _broken(plan, crew, store)
        ]
    finally:
        crew.close()
    _print(f"broken: {', '.join(broken)}" if broken else "no rule was broken")
    return 1 if broken else 0


def _plans(options: argparse.Namespace) -> Iterator[Plan]:
    """Yield the plans to run: the given one, or new ones until the time is over."""
    if options.plan is not None:
        yield Plan.from_json(options.plan.read_text())
    elif options.seed is not None:
        yield make_plan(options.seed, seconds=options.seconds, workers=options.workers)
    else:
        end = time.monotonic() + options.minutes * 60
        while time.monotonic() < end:
            seed = random.SystemRandom().randrange(_SEEDS)
            yield make_plan(seed, seconds=options.seconds, workers=options.workers)


def _broken(plan: Plan, crew: Crew[WorkerHandle], store: str) -> bool:
    seen = asyncio.run(run(plan, crew, store))
    found = violations(seen)
    if found:
        _print(explanation(seen, found, store))
    else:
        _print(f"seed {plan.seed} ({store}): {summary(seen)}")
    return bool(found)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to run new plans")
    parser.add_argument(
        "--seed", type=int, help="run the plan of this seed only, once with each store"
    )
    parser.add_argument("--plan", type=Path, help="run a plan from a JSON file")
    parser.add_argument("--json", action="store_true", help="print plans as JSON, run none")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of a plan")
    parser.add_argument("--workers", type=int, default=3, help="number of processes")
    parser.add_argument("--store", choices=_STORES, help="kind of store; both by default")
    return parser
