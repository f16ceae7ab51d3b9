"""
The checks of this project.

`nox` runs all of them; `nox -s lint types` and `nox -s tests-3.12 -- -k token` run a part.
"""

import argparse
import atexit
import itertools
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import NoReturn

import nox

nox.needs_version = ">=2025.2.9"  # the first with `requires=` and nox.project.dependency_groups
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
# A Python that this machine lacks is reported and skipped, also if CI is set, where nox would fail
# by default; it is not downloaded. `coverage` fails if all of them were skipped.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)  # from the classifiers
# Sessions that need any one Python use the one that runs nox, which is always there.
HOST = f"{sys.version_info.major}.{sys.version_info.minor}"
NOT_OF_EACH_PYTHON = (
    *("lint", "types", "browser", "postgresql", "proxies", "token_servers", "smoke"),
    *("frozen", "package", "docs"),
)
# `.ci/run` runs these lanes at once, as tests wait for servers as much as they compute.
LANES: list[list[str]] = [
    [*NOT_OF_EACH_PYTHON],
    [f"tests-{PYTHONS[0]}"],
    [f"tests-{python}" for python in PYTHONS[1:-1]],
    [f"tests-{PYTHONS[-1]}"],
]
LANE = os.environ.get("CI_LANE")
nox.options.sessions = LANES[int(LANE)] if LANE else [*itertools.chain(*LANES), "coverage"]
EXTRAS = ",".join(PYPROJECT["project"]["optional-dependencies"])
PACKAGES = "flexiti_async, flexiti_stores"
DIST = Path("dist")
# Debian keeps the servers out of PATH.
POSTGRESQL = ("postgres", *map(str, Path("/usr/lib/postgresql").glob("*/bin/postgres")))
# PyInstaller bundles it; a Python of Debian has it in a package of its own.
PYTHON_LIBRARY = Path(*map(str, map(sysconfig.get_config_var, ("LIBDIR", "INSTSONAME"))))
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")  # as in tests/browser/conftest.py
# Tests that need system programs or minutes have sessions of their own.
APART = [
    "tests/browser",
    "tests/frozen",
    "tests/stores/postgresql",
    "tests/tokens/servers",
    "tests/transport/programs",
    "tests/transport/uvloop",
    "tests/versions",
]
# Flexiti's token service behaves like the first one; the second one is its successor.
TOKEN_SERVERS = ("oauth2-server@3", "@node-oauth/oauth2-server@5")
TOKEN_CLIENTS = ("openid-client@6", "simple-oauth2@5")  # they obtain tokens of the sandbox
# What `long` runs, with its arguments.
LONG = {
    "versions": (),
    "branches": (),
    "simulation": ("--histories", "100000"),
    "chaos": ("--minutes", "30"),
    "ledger": ("--operations", "20000"),
    "engine": ("--cases", "1000000"),
    "fuzz": ("--seconds", "600"),
    "soak": ("--hours", "1"),
    "mutants": ("--total", "300", "--seed", "7"),
}
NOT_APART = [f"--ignore={folder}" for folder in APART]
# Tests wait more than they compute: two processes for each core; in a lane, one.
# A class, or the functions of a file, stay in one process: they share servers. tests/conftest.py
# orders them, the long ones first.
CORES = os.cpu_count() or 1
WORKERS = min(CORES if LANE else 2 * CORES, 8)


def _parallel(workers: int = WORKERS) -> list[str]:
    return ["-n", str(workers), "--dist", "loadscope", "--no-loadscope-reorder"]


AUDITED = ("flexiti_async", "stores/flexiti_stores", "tools", "examples", "noxfile.py")
# Without it `python -m …` imports the current folder, the checkout, instead of the wheel.
NOT_THE_CHECKOUT = {"PYTHONSAFEPATH": "1"}
# Hidden names that are allowed in an sdist; any other is a cache or a private file.
HIDDEN_IN_SDIST = {".ci", ".github", ".gitignore"}

# Each of the thousands of processes that tests start would compile all that it imports again, and
# each worker of pytest-xdist all tests: a third of the time that the sessions compute.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Set by `.ci/run`: a session whose system program is missing fails instead of being left out.
REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
# Where tests/support/measured.py lists the processes that measure coverage, by process id; next to
# them are the Pythons that tests ran on, as nox does not fail if all of them are skipped.
ANNOUNCED = Path(".coverage-announced")

left_out: list[str] = []
"""The sessions that this machine cannot run, for the last line of the output."""


@atexit.register
def _report_what_was_left_out() -> None:
    if left_out:
        sys.stderr.write(f"left out: {'; '.join(left_out)}\n")


def _require(session: nox.Session, program: str, *commands: str, variable: str = "") -> None:
    """
    Leave the session out on a machine without a system program; with REQUIRE_ALL=1, fail.

    Args:
        session: The session that requires it.
        program: Its name in the message.
        commands: Its possible names on PATH; one is enough.
        variable: An environment variable that may name it instead.
    """
    if not os.environ.get(variable) and not any(map(shutil.which, commands)):
        _leave_out(session, program)


def _leave_out(session: nox.Session, program: str) -> NoReturn:
    """Leave the session out for the lack of something; with REQUIRE_ALL=1, fail."""
    reason = f"no {program} on this machine"
    if REQUIRE_ALL:
        session.error(f"{reason}, and REQUIRE_ALL=1")
    left_out.append(f"{session.name} ({reason})")
    session.skip(f"left out: {reason}")


def _offer_pyenv_interpreters() -> None:
    """List all of pyenv's versions in PYENV_VERSION: its shims run only those."""
    if "PYENV_VERSION" in os.environ or not (pyenv := shutil.which("pyenv")):
        return
    listing = subprocess.run(
        [pyenv, "versions", "--bare"], capture_output=True, text=True, check=False
    )
    have = listing.stdout.split()
    if wanted := [v for python in PYTHONS for v in have if v.startswith(f"{python}.")]:
        os.environ["PYENV_VERSION"] = ":".join(wanted)


_offer_pyenv_interpreters()


def _runs(python: str) -> bool:
    """Return whether this machine has a Python; a shim of pyenv may exist and fail."""
    if not (program := shutil.which(f"python{python}")):
        return False
    run = subprocess.run([program, "-c", ""], capture_output=True, check=False)
    return run.returncode == 0


# The newest Python here also runs the tests for which one is enough, and measures the coverage:
# `sys.monitoring`, new in 3.12, takes 5 to 11 % more CPU time for it, tracing 73 to 147 %.
NEWEST = next((python for python in reversed(PYTHONS) if _runs(python)), HOST)


def _install_groups(session: nox.Session, *groups: str) -> None:
    """Install dependency groups; many bundled pips do not know `pip install --group` yet."""
    session.install(*nox.project.dependency_groups(PYPROJECT, *groups))


def _built(session: nox.Session, pattern: str) -> Path:
    """Return the one file of `build` that matches a pattern."""
    found = list(DIST.glob(pattern))
    if len(found) != 1:
        session.error(f"expected one {pattern} in {DIST}/, found {len(found)}")
    return found[0].resolve()


@nox.session(python=HOST)
def lint(session: nox.Session) -> None:
    """Check style, format, structure, English and the direction of imports."""
    _install_groups(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    # Nothing is installed here: Python finds the packages in these folders.
    paths = os.pathsep.join([".", "stores"])
    session.run("lint-imports", env={"PYTHONPATH": paths})
    session.run("python", "tools/structure.py")
    session.run("python", "tools/plain_english.py")


@nox.session(python=HOST)
def types(session: nox.Session) -> None:
    """Check types with both mypy and pyright, because users have either."""
    _install_groups(session, "types")
    session.install("-e", f".[{EXTRAS}]")
    session.run("mypy")
    session.run("pyright", "--pythonpath", shutil.which("python", path=session.bin) or "python")


@nox.session(python=HOST)
def build(session: nox.Session) -> None:
    """
    Build the sdist, and from it the wheel; `tests` and `package` use both.

    With DIST_IS_BUILT=1 the files in dist/ are used: a release checks the files that it publishes.
    """
    if os.environ.get("DIST_IS_BUILT") == "1":
        session.log("using %s and %s", _built(session, "*.whl"), _built(session, "*.tar.gz"))
        return
    _install_groups(session, "build")
    for stale in Path().glob(".coverage.*"):
        stale.unlink()
    shutil.rmtree(ANNOUNCED, ignore_errors=True)
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(DIST))


def _install_wheel(session: nox.Session, group: str = "test", extras: str = EXTRAS) -> None:
    """Install the wheel with extras, and a dependency group."""
    wheel = _built(session, "*.whl")
    _install_groups(session, group)
    session.install(f"{wheel}[{extras}]")
    # A reused environment may hold another build of the same version.
    session.install("--force-reinstall", "--no-deps", str(wheel))


def _test_wheel(
    session: nox.Session,
    *arguments: str,
    group: str = "test",
    extras: str = EXTRAS,
    measured: bool = False,
) -> None:
    """Run pytest on the wheel, not on the checkout, and perhaps measure coverage, which is slow."""
    _install_wheel(session, group, extras)
    prefix = ["coverage", "run", "-m"] if measured else ["python", "-m"]
    session.run(*prefix, "pytest", *(session.posargs or arguments), env=NOT_THE_CHECKOUT)


@nox.session(python=PYTHONS, requires=["build"])
def tests(session: nox.Session) -> None:
    """Test the wheel on every Python, and with many processes and dying servers on the newest."""
    ANNOUNCED.mkdir(exist_ok=True)
    _announcement(str(session.python)).touch()
    if session.python == NEWEST:
        # More than half of the work of all lanes.
        parallel = _parallel(WORKERS + CORES // 2 if LANE else WORKERS)
        _test_wheel(session, *NOT_APART, *parallel, measured=True)
    else:
        # In a lane, one process imports and collects once; the others use the time that it waits.
        parallel = [] if LANE else _parallel()
        _test_wheel(session, "-m", "not one_python", *NOT_APART, *parallel)


@nox.session(python=HOST, requires=["build"])
def branches(session: nox.Session) -> None:
    """Measure the coverage of branches as well, which before Python 3.14 takes minutes more."""
    _install_wheel(session)
    session.run("coverage", "erase")
    tracing = {"COVERAGE_CORE": "ctrace", **NOT_THE_CHECKOUT}
    measured = ("coverage", "run", "--branch", "-m", "pytest", *NOT_APART, *_parallel())
    session.run(*measured, env=tracing)
    session.run("coverage", "combine")
    session.run("coverage", "report", "--fail-under=94")


@nox.session(python=HOST, requires=["build"], reuse_venv=False, venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """Test the wheel with the oldest versions that `pyproject.toml` allows, ours and the tests'."""
    session.install(
        "--resolution=lowest-direct",
        f"{_built(session, '*.whl')}[{EXTRAS}]",
        *nox.project.dependency_groups(PYPROJECT, "test"),
    )
    arguments = session.posargs or ["-m", "not one_python", *NOT_APART, *_parallel()]
    session.run("python", "-m", "pytest", *arguments, env=NOT_THE_CHECKOUT)


@nox.session(python=HOST)
def security(session: nox.Session) -> None:
    """Search our code for dangerous calls, and all dependencies for published holes."""
    _install_groups(session, "security")
    session.run("bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", *AUDITED)
    folder = Path(session.create_tmp()).resolve()
    # The versions of today, and the oldest ones that we allow.
    pinned = [folder / f"{resolution}.txt" for resolution in ("highest", "lowest-direct")]
    for file in pinned:
        session.run(
            *("uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--all-extras"),
            *(f"--resolution={file.stem}", f"--output-file={file}", "pyproject.toml"),
        )
    session.run("python", "tools/audit.py", *map(str, pinned))


@nox.session(python=HOST, requires=["build"], reuse_venv=False)
def package(session: nox.Session) -> None:
    """Check the files to publish."""
    wheel, sdist = _built(session, "*.whl"), _built(session, "*.tar.gz")
    # First, in the empty environment: does the wheel install all that it requires?
    session.install(str(wheel))
    session.run("python", "-W", "error", "-c", f"import {PACKAGES}", env=NOT_THE_CHECKOUT)
    # The README's first command, from the wheel.
    session.install(f"{wheel}[cli]")
    session.run("flexiti-async", "demo", env=NOT_THE_CHECKOUT)
    _install_groups(session, "package")
    session.run("check-wheel-contents", str(wheel))
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        text = archive.read(metadata).decode()
    if links := re.findall(r"\]\((?!https?:)[^)]+\)", text):
        session.error(f"links of the README that an index page cannot follow: {', '.join(links)}")
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    with tarfile.open(sdist) as archive:
        names = [PurePosixPath(name) for name in archive.getnames()]
    if strays := [str(name) for name in names if _is_stray(name)]:
        session.error(f"the sdist contains caches or private files: {', '.join(strays)}")


def _is_stray(name: PurePosixPath) -> bool:
    hidden = {part for part in name.parts if part.startswith(".")} - HIDDEN_IN_SDIST
    return bool(hidden) or "__pycache__" in name.parts or name.suffix == ".pyc"


@nox.session(python=HOST, requires=["build"])
def chaos(session: nox.Session) -> None:
    """Run the chaos tests with seed after seed: `nox -s chaos -- --minutes 30`, or `--seed 7`."""
    _install_wheel(session)
    session.run("python", "tests/chaos", *session.posargs, env=NOT_THE_CHECKOUT)


@nox.session(python=HOST, requires=["build"])
def ledger(session: nox.Session) -> None:
    """Compare the bank's ledger with the journal after many operations; `-- --journal sentinel`."""
    _install_wheel(session)
    session.run("python", "tests/ledger", *session.posargs, env=NOT_THE_CHECKOUT)


@nox.session(python=HOST, requires=["build"])
def simulation(session: nox.Session) -> None:
    """Run 10,000 simulated histories: `-- --histories 100000`, or one with `-- --seed 7`."""
    _install_wheel(session)
    session.run("python", "tests/simulation", *session.posargs, env=NOT_THE_CHECKOUT)


@nox.session(python=HOST, requires=["build"])
def versions(session: nox.Session) -> None:
    """Run the wheel and an earlier release, from the repository's history, over one store."""
    _require(session, "git", "git")
    _test_wheel(session, "tests/versions")


@nox.session(python=HOST, requires=["build"])
def soak(session: nox.Session) -> None:
    """Run real processes with a fault a minute for an hour, or `-- --hours 8`."""
    _install_wheel(session)
    session.run("python", "tests/soak", *session.posargs, env=NOT_THE_CHECKOUT)


@nox.session(python=PYTHONS, requires=["build"])
def engine(session: nox.Session) -> None:
    """Test the engine httptools: 10,000 random answers, or `-- --cases 100000`, and a matrix."""
    _install_wheel(session, "engine")
    session.run("python", "tests/transport/engines", *session.posargs, env=NOT_THE_CHECKOUT)
    over_it = ("--http", "httptools", "tests/transport", "tests/session", "tests/chaos")
    programs = "--ignore=tests/transport/programs"
    session.run("python", "-m", "pytest", *over_it, programs, *_parallel(), env=NOT_THE_CHECKOUT)


@nox.session(python=False)
def long(session: nox.Session) -> None:
    """Run all that takes longer than the default sessions: some hours."""
    for name, arguments in LONG.items():
        session.notify(name, arguments)


@nox.session(python=HOST, requires=["build"])
def fuzz(session: nox.Session) -> None:
    """Fuzz the readers of HTTP, answers and records for 60 seconds, or `-- --seconds 600`."""
    parser = argparse.ArgumentParser(prog="nox -s fuzz --")
    parser.add_argument("--seconds", type=int, default=60)
    wanted = parser.parse_args(session.posargs)
    _install_groups(session, "fuzz")
    session.install(f"{_built(session, '*.whl')}[crypto,fast]")
    with session.cd(session.create_tmp()):  # it writes its findings into the current folder
        target = Path(__file__).parent / "tests" / "fuzz" / "atheris_target.py"
        session.run("python", str(target), f"-max_total_time={wanted.seconds}")


@nox.session(python=HOST)
def mutants(session: nox.Session) -> None:
    """Test that tests detect changed code: `-- --total 300 --seed 7`, or `-- encryption`."""
    _install_groups(session, "test", "mutants")
    session.install("-e", f".[{EXTRAS}]")
    session.run("python", "-P", "tests/project/mutants.py", *session.posargs)


@nox.session(python=NEWEST)
def coverage(session: nox.Session) -> None:
    """Combine the coverage; fail below the threshold, or if no tests ran."""
    untested = [python for python in PYTHONS if not _announcement(python).exists()]
    if untested == PYTHONS:
        session.error(f"no `tests` session ran, on none of {', '.join(PYTHONS)}")
    left_out.extend(f"tests-{python} (no Python {python} on this machine)" for python in untested)
    if missing := _processes_without_data():
        session.error(f"coverage data of a worker are missing: {', '.join(missing)}")
    _install_groups(session, "coverage")
    session.run("coverage", "combine")
    session.run("coverage", "report")


def _announcement(python: str) -> Path:
    return ANNOUNCED / f"python-{python}"


def _processes_without_data() -> list[str]:
    """Return the processes that announced themselves and left no coverage data."""
    files = [file.name for file in Path().glob(".coverage.*")]
    return sorted(
        process.read_text(encoding="utf-8").strip()
        for process in ANNOUNCED.glob("[0-9]*")
        if not any(f".pid{process.name}." in name for name in files)
    )


@nox.session(python=HOST, requires=["build"])
def browser(session: nox.Session) -> None:
    """Click through the demo shop of the wheel, in the machine's Chromium."""
    _require(session, "Chromium", *CHROMIUM, variable="CHROMIUM")
    _test_wheel(session, "tests/browser", "-n", str(WORKERS), group="browser")


@nox.session(python=HOST, requires=["build"])
def postgresql(session: nox.Session) -> None:
    """Test the PostgreSQL store against two versions of the server, and PgBouncer."""
    _require(session, "PostgreSQL", *POSTGRESQL)
    _require(session, "PgBouncer", "pgbouncer", "/usr/sbin/pgbouncer")
    _test_wheel(session, "tests/stores/postgresql", *_parallel(), group="postgres")


@nox.session(python=HOST, requires=["build"])
def proxies(session: nox.Session) -> None:
    """Sell through nginx, HAProxy, Squid and tinyproxy; KEEP_ALIVE_SECONDS=600 for longer."""
    for program in ("nginx", "haproxy", "squid", "tinyproxy"):
        # Debian keeps some of them out of PATH.
        _require(session, program, program, f"/usr/sbin/{program}")
    _test_wheel(session, "tests/transport/programs", "-n", str(WORKERS))


@nox.session(python=HOST, requires=["build"])
def token_servers(session: nox.Session) -> None:
    """Obtain tokens of others' servers, and of the sandbox with others' clients, of npm too."""
    _require(session, "Node.js", "node")
    _require(session, "npm", "npm")
    _install_wheel(session, "token_servers")
    folder = Path(session.create_tmp()).resolve()
    options = ("--no-package-lock", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund")
    packages = (*TOKEN_SERVERS, *TOKEN_CLIENTS)
    session.run("npm", "install", *options, *packages, "--prefix", str(folder), external=True)
    session.run(
        "pytest",
        *(session.posargs or ["tests/tokens/servers", "-n", "2"]),
        env={**NOT_THE_CHECKOUT, "OAUTH2_SERVERS": str(folder)},
    )


@nox.session(python=HOST, requires=["build"])
def frozen(session: nox.Session) -> None:
    """Freeze a shop with PyInstaller, from the wheel, and sell in it."""
    _require(session, "binutils", "objcopy")
    if ".so" not in PYTHON_LIBRARY.name or not PYTHON_LIBRARY.exists():
        _leave_out(session, f"shared library of Python {HOST}")
    # Without the extras of frameworks: PyInstaller would bundle what is installed.
    _test_wheel(session, "tests/frozen", group="frozen", extras="cli,crypto,postgres,redis")


@nox.session(python=HOST)
def docs(session: nox.Session) -> None:
    """Build the site strictly into site/, and check that its pages use no other hosts."""
    _install_groups(session, "docs")
    session.install("-e", f".[{EXTRAS}]")
    session.run("python", "tools/docs_site.py", "assets")
    session.run("zensical", "build", "--strict", "--clean")
    session.run("python", "tools/docs_site.py", "check")


def _run_benchmarks(session: nox.Session, *arguments: str) -> None:
    """Run benchmarks on the wheel, from a copy outside the checkout."""
    _install_wheel(session, "bench", "cli,crypto,fast,postgres,redis")
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder / "benchmarks", ignore_errors=True)
    shutil.copytree("benchmarks", folder / "benchmarks")
    environment = {**NOT_THE_CHECKOUT, "PYTHONPATH": str(folder)}
    session.run("python", "-m", "benchmarks", *arguments, env=environment)


@nox.session(python=HOST, requires=["build"])
def bench(session: nox.Session) -> None:
    """Run benchmarks: `-- call` one of them, `-- --smoke` all of them briefly, for their counts."""
    _run_benchmarks(session, *session.posargs)


@nox.session(python=HOST, requires=["build"])
def smoke(session: nox.Session) -> None:
    """Run every benchmark briefly, and check its counts, not its times."""
    _run_benchmarks(session, "--smoke", "--out", "build/smoke")
