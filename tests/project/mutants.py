"""
A program that changes the code in one place at a time, and checks that a test fails.

It works on a copy, with cosmic-ray. `nox -s mutants -- --sample 20 --seed 7 encryption refresher`
tries 20 changes of each file whose name contains one of the words. It prints the changes that no
test detected, and the share of detected ones.
"""
# ruff: noqa: T201 - printing is its purpose

import argparse
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("flexiti_async", "stores", "tests", "docs", "pyproject.toml", "README.md")
CHECKOUTS = "tests/checkout --ignore=tests/checkout/test_machine.py"  # the machine takes minutes
FILES = "tests/stores/test_folder.py tests/stores/test_file.py tests/stores/test_file_faults.py"
MEMORY = "tests/stores/test_memory.py tests/stores/test_contract.py::TestMemory"
OPTIONS = "tests/config --ignore=tests/config/test_sources.py"
REDIS = "tests/stores/test_redis_url.py tests/stores/test_redis.py tests/stores/test_redis_tls.py"
TOKENS = "tests/tokens --ignore=tests/tokens/test_machine.py"
TRANSPORT = "tests/transport tests/events/test_events.py tests/session/test_loops_and_forks.py"
TESTS = {
    "flexiti_async/api/customer_messages.py": "tests/api/test_customer_messages.py",
    "flexiti_async/checkout": CHECKOUTS,
    "flexiti_async/config/parsing.py": OPTIONS,
    "flexiti_async/protocol": "tests/protocol tests/fuzz/test_answers_and_records.py",
    "flexiti_async/store/encryption.py": "tests/store",
    "flexiti_async/tokens": TOKENS,
    "flexiti_async/transport": TRANSPORT,
    "stores/flexiti_stores/memory.py": MEMORY,
    "stores/flexiti_stores/file": FILES,
    "stores/flexiti_stores/aiocache.py": "tests/stores/test_aiocache.py",
    "stores/flexiti_stores/redis": f"{REDIS} tests/stores/test_redis_topologies.py",
}
"""
Files that are changed, and the tests that should fail. A folder means those of its files that are
not listed themselves; files of protocol use test files of their own, if they have any.
"""

JUNK = ("%BitOr%", "%Is_Eq", "%IsNot_NotEq", "%Mul_Div")
"""
Operators that are not tried: types (`int | None`) that fail at import, `==` for an `is` between
values that are equal only to themselves, and `/` for the `*` before keywords.
"""


def modules() -> Iterator[tuple[str, str]]:
    """Yield every file that is changed, and its tests."""
    for place, tests in TESTS.items():
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            module = file.relative_to(ROOT).as_posix()
            own = f"tests/protocol/test_{file.stem}*.py"
            mine = place == "flexiti_async/protocol" and any(ROOT.glob(own))
            if module == place or module not in TESTS:
                yield module, own if mine else tests


def try_module(copy: Path, module: str, tests: str, sample: int, seed: int) -> tuple[int, int]:
    """Try changes of one file; return how many were detected, and how many were tried."""
    pytest = f"{sys.executable} -P -m pytest -xq {tests}"
    paths = {**os.environ, "PYTHONPATH": f"{copy}:{copy / 'stores'}"}
    # Tests that fail without a change, or exceed the time limit, would detect every change.
    before = time.monotonic()
    subprocess.run(["sh", "-c", pytest], cwd=copy, check=True, env=paths)  # noqa: S607
    (copy / "cosmic-ray.toml").write_text(
        f"""[cosmic-ray]
module-path = "{module}"
timeout = {60 + 3 * (time.monotonic() - before):.0f}.0
excluded-modules = []
test-command = "sh -c '{pytest}'"
distributor.name = "local"
"""
    )
    database = copy / "session.sqlite"
    database.unlink(missing_ok=True)
    command = [sys.executable, "-m", "cosmic_ray.cli"]
    subprocess.run([*command, "init", "cosmic-ray.toml", database], cwd=copy, check=True)
    choose(database, sample, seed)
    subprocess.run([*command, "exec", "cosmic-ray.toml", database], cwd=copy, check=True, env=paths)
    with closing(sqlite3.connect(database)) as session:
        results = session.execute("SELECT test_outcome, diff FROM work_results").fetchall()
    survived = [diff for outcome, diff in results if outcome == "SURVIVED"]
    for diff in survived:
        print("\n".join(line for line in diff.splitlines() if line[:1] in "+-@"))
    return len(results) - len(survived), len(results)


def choose(database: Path, sample: int, seed: int) -> None:
    """Keep a sample of the changes that cosmic-ray found, the same one for the same seed."""
    with closing(sqlite3.connect(database)) as session, session:
        found = session.execute(
            "SELECT job_id FROM mutation_specs WHERE NOT (operator_name LIKE ? OR operator_name "
            "LIKE ? OR operator_name LIKE ? OR operator_name LIKE ?) "
            "ORDER BY start_pos_row, start_pos_col, operator_name, occurrence",
            JUNK,
        ).fetchall()
        chosen = random.Random(seed).sample(found, min(sample, len(found)))  # noqa: S311
        session.execute("CREATE TEMP TABLE chosen (job_id)")
        session.executemany("INSERT INTO chosen VALUES (?)", chosen)
        for table in ("mutation_specs", "work_items"):
            session.execute(
                f"DELETE FROM {table} WHERE job_id NOT IN (SELECT job_id FROM chosen)"  # noqa: S608
            )


def main() -> None:
    """Read the arguments, and print a score for each file."""
    parser = argparse.ArgumentParser(prog="nox -s mutants --")
    parser.add_argument(
        "--sample", type=int, default=10**6, help="number of changes to try per file"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("words", nargs="*", help="parts of names of files; default: all")
    wanted = parser.parse_args()
    chosen = [
        (module, tests)
        for module, tests in modules()
        if not wanted.words or any(word in module for word in wanted.words)
    ]
    if not chosen:
        parser.error(f"no file to change has a name with one of: {', '.join(wanted.words)}")
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        for name in COPIED:
            copier = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copier(ROOT / name, Path(folder) / name)
        scores: dict[str, tuple[int, int]] = {}
        for module, tests in chosen:
            scores[module] = try_module(Path(folder), module, tests, wanted.sample, wanted.seed)
            print(f"{module}: {scores[module][0]} of {scores[module][1]}", flush=True)
    detected, tried = (sum(column) for column in zip(*scores.values(), strict=True))
    print(f"score: {detected} of {tried}, {detected / max(tried, 1):.1%}; seed {wanted.seed}")


if __name__ == "__main__":
    main()
