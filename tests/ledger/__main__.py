"""
`python -m tests.ledger --store URL --operations 20000 --seed 1`: run the driver, and print figures.

The exit status is 1 if a rule was broken.
"""
# ruff: noqa: T201 - printing is its purpose

import argparse
import asyncio
import sys
import time

from .driver import Plan, drive

__all__ = ["main"]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True)
    parser.add_argument("--operations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--trouble", type=float, default=0.02)
    given = parser.parse_args()
    began = time.monotonic()
    books = asyncio.run(
        drive(
            Plan(
                given.store,
                given.operations,
                seed=given.seed,
                workers=given.workers,
                kills=given.kills,
                trouble=given.trouble,
            )
        )
    )
    print(f"{given.operations} operations in {time.monotonic() - began:.0f} s, seed {given.seed}")
    print("callers:", dict(books.outcomes.most_common()))
    print("journal:", dict(books.phases.most_common()))
    print("bank:", sum(books.captured.values()), "captures")
    for violation in books.violations:
        print(violation)
    sys.exit(bool(books.violations))


if __name__ == "__main__":
    main()
