"""The command line of the comparison."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from .comparing import compare

__all__ = ["main"]

_AT_ONCE = 1000


def main(arguments: Sequence[str]) -> int:
    """Compare the engines on random answers, and return 1 if they do not agree."""
    parser = argparse.ArgumentParser(prog="python -P tests/transport/engines")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, help="one case alone")
    wanted = parser.parse_args(arguments)
    seeds = range(wanted.cases) if wanted.seed is None else range(wanted.seed, wanted.seed + 1)
    both = refused = 0
    for first in range(0, len(seeds), _AT_ONCE):
        found = asyncio.run(compare(seeds[first : first + _AT_ONCE]))
        both, refused = both + found[0], refused + found[1]
        if found[2]:
            sys.stdout.writelines(f"{difference}\n" for difference in found[2])
            return 1
    sys.stdout.write(
        f"{len(seeds):,} answers: both engines read {both:,}, all in the same way, "
        f"aiohttp alone {refused:,}\n"
    )
    return 0
