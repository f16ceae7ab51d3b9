"""
A program that changes the code in one place at a time, and checks that a test fails.

It works on a copy, with cosmic-ray. `nox -s mutants -- --total 300 --seed 7` tries 300 changes of
all files that are listed here; `--sample 20 encryption refresher` tries 20 changes of each file
whose name contains one of the words. It prints the changes that no test detected, those whose tests
did not end, and the share of detected ones.
"""
# ruff: noqa: T201 - printing is its purpose

import argparse
import functools
import json
import os
import random
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("flexiti_async", "stores", "tests", "tools", "docs", "pyproject.toml", "README.md")
CHECKOUTS = "tests/checkout --ignore=tests/checkout/test_machine.py"  # the machine takes minutes
FILES = "tests/stores/test_folder.py tests/stores/test_file.py tests/stores/test_file_faults.py"
MEMORY = "tests/stores/test_memory.py tests/stores/test_contract.py::TestMemory"
OPTIONS = "tests/config --ignore=tests/config/test_sources.py"
REPRS = "tests/project/test_reprs.py"  # of all files
REDIS = "tests/stores/test_redis_url.py tests/stores/test_redis.py tests/stores/test_redis_tls.py"
# The ignored folders need programs that other sessions install.
TOKENS = (
    "tests/tokens --ignore=tests/tokens/test_machine.py --ignore=tests/tokens/servers "
    "tests/events/test_events.py"
)
TRANSPORT = (
    "tests/transport --ignore=tests/transport/programs --ignore=tests/transport/uvloop "
    "tests/events/test_events.py tests/session/test_loops_and_forks.py"
)
TESTS = {
    "flexiti_async/api": "tests/api",
    "flexiti_async/api/widget_origins.py": "tests/hostile/test_answers.py",
    "flexiti_async/checkout": CHECKOUTS,
    "flexiti_async/config": OPTIONS,
    "flexiti_async/config/sources.py": "tests/config",
    "flexiti_async/operations": "tests/operations",
    "flexiti_async/operations/operations.py": "tests/operations tests/checkout/test_journal.py",
    "flexiti_async/protocol": "tests/protocol tests/fuzz/test_answers_and_records.py",
    "flexiti_async/protocol/json_schema.py": "tests/api/test_models.py",
    "flexiti_async/protocol/model.py": "tests/api/test_models.py tests/protocol",
    "flexiti_async/protocol/record_json.py": "tests/tokens/test_record.py tests/checkout",
    "flexiti_async/protocol/rejection.py": "tests/tokens/test_rejections.py",
    "flexiti_async/store": "tests/store",
    "flexiti_async/store/journal.py": "tests/operations/test_journal.py tests/cli/test_journal.py",
    "flexiti_async/tokens": TOKENS,
    "flexiti_async/transport": TRANSPORT,
    "stores/flexiti_stores/memory.py": MEMORY,
    "stores/flexiti_stores/file": FILES,
    "stores/flexiti_stores/aiocache.py": "tests/stores/test_aiocache.py",
    "stores/flexiti_stores/redis": f"{REDIS} tests/stores/test_redis_topologies.py",
    "stores/flexiti_stores/redis/__init__.py": f"{REDIS} tests/stores/test_redis_lives.py",
}
"""
Files that are changed, and the tests that should fail. A folder means those of its files that are
not listed themselves. Those test files run first that are named like the file: most changes fail
there, and the others are not waited for.
"""

PYTEST = f"-P -m pytest -xq -o cache_dir={ROOT / '.pytest_cache'}"  # it has a server of Redis
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
            if module == place or module not in TESTS:
                yield module, f"{tests} {REPRS}"


def command_of(module: str, tests: str) -> str:
    """Return the command that runs the tests of a file, those that are named like it first."""
    folder = tests.partition(" ")[0]
    own = sorted((ROOT / folder).glob(f"test_{Path(module).stem.strip('_')}*.py"))
    first = " ".join(file.relative_to(ROOT).as_posix() for file in own)
    runs = [f"{sys.executable} {PYTEST} {chosen}" for chosen in (first, tests) if chosen]
    return shlex.join(["sh", "-c", " && ".join(runs)])


class Copy:
    """
    A copy of the project, in which one place at a time is changed.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        for name in COPIED:
            copier = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copier(ROOT / name, folder / name)
        self._folder = folder
        self._environment = {**os.environ, "PYTHONPATH": f"{folder}:{folder / 'stores'}"}
        self._every = folder / "every.sqlite"

    def find(self, files: Sequence[str]) -> dict[str, list[str]]:
        """Find all changes of some files; returns their ids, in the same order each time."""
        self._cosmic_ray("init", self._every, files)
        found: dict[str, list[str]] = {file: [] for file in files}
        with closing(sqlite3.connect(self._every)) as session:
            for module, job in session.execute(
                "SELECT module_path, job_id FROM mutation_specs WHERE NOT (operator_name LIKE ? OR "
                "operator_name LIKE ? OR operator_name LIKE ? OR operator_name LIKE ?) "
                "ORDER BY start_pos_row, start_pos_col, operator_name, occurrence",
                JUNK,
            ):
                found[module].append(job)
        return found

    def try_changes(self, module: str, tests: str, jobs: Sequence[str]) -> tuple[int, int]:
        """Try changes of one file; return how many were detected, and how many were tried."""
        seconds = 60 + 3 * self.duration_of(tests)
        database = self._folder / "chosen.sqlite"
        shutil.copy(self._every, database)
        with closing(sqlite3.connect(database)) as session, session:
            session.execute("CREATE TEMP TABLE chosen (job_id)")
            session.executemany("INSERT INTO chosen VALUES (?)", [(job,) for job in jobs])
            for table in ("mutation_specs", "work_items"):
                session.execute(
                    f"DELETE FROM {table} WHERE job_id NOT IN (SELECT job_id FROM chosen)"  # noqa: S608
                )
        self._cosmic_ray("exec", database, [module], command_of(module, tests), seconds)
        with closing(sqlite3.connect(database)) as session:
            results = session.execute("SELECT test_outcome, output, diff FROM work_results")
            found = results.fetchall()
        for outcome, output, diff in found:
            if outcome == "SURVIVED" or output == "timeout":
                lines = [line for line in diff.splitlines() if line[:1] in "+-@"]
                print("\n".join(["did not end:", *lines] if output == "timeout" else lines))
        survived = sum(outcome == "SURVIVED" for outcome, _, _ in found)
        return len(found) - survived, len(found)

    @functools.cache  # noqa: B019 - there is one copy
    def duration_of(self, tests: str) -> float:
        """
        Run tests without a change, and return the seconds that they take.

        Tests that fail without a change, or exceed the time limit, would detect every change.
        """
        before = time.monotonic()
        command = [sys.executable, *PYTEST.split(), *tests.split()]
        subprocess.run(command, cwd=self._folder, check=True, env=self._environment)
        return time.monotonic() - before

    def _cosmic_ray(
        self, verb: str, database: Path, files: Sequence[str], tests: str = "", seconds: float = 1.0
    ) -> None:
        settings = self._folder / "cosmic-ray.toml"
        settings.write_text(
            f"""[cosmic-ray]
module-path = {json.dumps(files)}
timeout = {seconds:.1f}
excluded-modules = []
test-command = {json.dumps(tests)}
distributor.name = "local"
"""
        )
        command = [sys.executable, "-m", "cosmic_ray.cli", verb, str(settings), str(database)]
        subprocess.run(command, cwd=self._folder, check=True, env=self._environment)


def choose(
    found: Mapping[str, Sequence[str]], *, sample: int, total: int | None, seed: int
) -> dict[str, list[str]]:
    """
    Choose changes by seed.

    Args:
        found: Ids of the changes, by file.
        sample: How many of each file.
        total: How many of all files together; None for `sample`.
        seed: The same one chooses the same changes.
    """
    if total is None:
        return {
            name: random.Random(seed).sample(jobs, min(sample, len(jobs)))  # noqa: S311
            for name, jobs in found.items()
        }
    every = [(name, job) for name, jobs in found.items() for job in jobs]
    chosen: dict[str, list[str]] = {}
    for name, job in random.Random(seed).sample(every, min(total, len(every))):  # noqa: S311
        chosen.setdefault(name, []).append(job)
    return {name: chosen[name] for name in found if name in chosen}


def main() -> None:
    """Read the arguments, and print a score for each file."""
    parser = argparse.ArgumentParser(prog="nox -s mutants --")
    parser.add_argument(
        "--sample", type=int, default=10**6, help="number of changes to try per file"
    )
    parser.add_argument("--total", type=int, help="number of changes to try, of all files together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("words", nargs="*", help="parts of names of files; default: all")
    wanted = parser.parse_args()
    files = {
        module: tests
        for module, tests in modules()
        if not wanted.words or any(word in module for word in wanted.words)
    }
    if not files:
        parser.error(f"no file to change has a name with one of: {', '.join(wanted.words)}")
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        copy = Copy(Path(folder))
        found = copy.find(list(files))
        chosen = choose(found, sample=wanted.sample, total=wanted.total, seed=wanted.seed)
        scores: dict[str, tuple[int, int]] = {}
        for module, jobs in chosen.items():
            scores[module] = copy.try_changes(module, files[module], jobs)
            print(f"{module}: {scores[module][0]} of {scores[module][1]}", flush=True)
    detected, tried = (sum(column) for column in zip(*scores.values(), strict=True))
    print(f"score: {detected} of {tried}, {detected / max(tried, 1):.1%}; seed {wanted.seed}")


if __name__ == "__main__":
    main()
