"""The command line of the simulation."""

import argparse
import contextlib
import gc
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Generator, Sequence
from typing import Final
from unittest import mock

from .broken import BROKEN
from .history import History, run
from .plan import draw_plan
from .recorded import record
from .shrink import shrink

__all__ = ["broken", "histories", "main"]

_AT_A_TIME: Final = 50
"""Histories of one piece of work for a process."""
_SEEDS: Final = 10**9
_HISTORIES: Final = 10_000


def main(arguments: Sequence[str]) -> int:
    """Run histories; return 1 if a rule was broken."""
    options = _parser().parse_args(arguments)
    if options.record is not None:
        _print(f"recorded {record(options.record)}")
        return 0
    with broken(options.without):
        if options.seed is not None and options.histories is None:
            return _explain(options.seed, options.moves)
        first = options.seed
        if first is None:
            first = random.SystemRandom().randrange(_SEEDS)
        options.histories = options.histories or _HISTORIES
        return _many(first, options)


@contextlib.contextmanager
def broken(name: str | None) -> Generator[None]:
    """Take a fix out of the library; None for none."""
    with contextlib.ExitStack() as stack:
        for target, names in BROKEN[name].patches if name is not None else ():
            for attribute, value in names.items():
                stack.enter_context(mock.patch.object(target, attribute, value))
        yield


def histories(seeds: range, moves: int) -> tuple[list[tuple[int, str]], float]:
    """
    Run a history for each seed.

    Returns the seeds that break a rule, with the evidence, and the seconds of CPU time.
    """
    found, began = list[tuple[int, str]](), time.process_time()
    gc.disable()
    for seed in seeds:
        history = run(draw_plan(seed, moves=moves))
        if history.broken:
            found.append((seed, history.broken[0]))
        gc.collect(0)  # only what this history has left, while the processor's cache has it
    gc.enable()
    return found, time.process_time() - began


def _many(first: int, options: argparse.Namespace) -> int:
    ranges = [
        range(start, min(start + _AT_A_TIME, first + options.histories))
        for start in range(first, first + options.histories, _AT_A_TIME)
    ]
    seconds, failed = 0.0, 0
    gc.collect()  # what is there now is old, and not looked at again
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        work = [pool.apply_async(histories, (seeds, options.moves)) for seeds in ranges]
        for one in work:
            found, spent = one.get()
            seconds += spent
            for seed, text in found:
                failed += 1
                _print(f"seed {seed}: {text}")
    rate = options.histories / seconds * 60
    _print(
        f"{options.histories} histories of {options.moves} moves from seed {first}: {failed} break "
        f"a rule; {rate:.0f} a minute of CPU time"
    )
    return 1 if failed else 0


def _explain(seed: int, moves: int) -> int:
    """Run one history, and show the smallest plan that breaks the same rules."""
    history = run(draw_plan(seed, moves=moves))
    if not history.broken:
        _print(f"seed {seed}: no rule was broken ({len(history.log)} events, {history.digest})")
        return 0
    _show(history)
    _show(shrink(history), log=True)
    return 1


def _show(history: History, *, log: bool = False) -> None:
    _print(str(history.plan))
    for line in history.log if log else ():
        _print(line)
    for text in history.broken:
        _print(f"seed {history.plan.seed}: {text}")


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument(
        "--histories", type=int, help="how many histories to run; 10,000 by default"
    )
    parser.add_argument("--seed", type=int, help="the first seed, or the only one")
    parser.add_argument("--moves", type=int, default=50, help="moves of a history")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--record", help="write the records of this release, and run no history")
    parser.add_argument("--without", choices=BROKEN, help="take a fix out of the library")
    return parser
