"""
What is checked, and how.

`nox` checks everything. `nox -s lint types` and `nox -s tests-3.12 -- -k token` do a part.
"""

import argparse
import atexit
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath

import nox

nox.needs_version = ">=2025.2.9"  # the first with `requires=` and nox.project.dependency_groups
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
# A Python that this machine lacks is reported and skipped, also when CI is set, where nox would
# fail by default; uv would fetch it from the network. `coverage` fails if they all were.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
nox.options.sessions = [
    "lint",
    "types",
    "tests",
    "processes",
    "browser",
    "proxies",
    "smoke",
    "package",
    "docs",
    "coverage",
]

PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)  # from the classifiers
# Sessions that need one Python, whichever, take the one that runs nox: it is always there.
HOST = f"{sys.version_info.major}.{sys.version_info.minor}"
EXTRAS = ",".join(PYPROJECT["project"]["optional-dependencies"])
PACKAGES = "flexiti_async, flexiti_stores"
DIST = Path("dist")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")  # as in tests/browser/conftest.py
# These folders need system programs: each has a session of its own.
PROGRAMS = "tests/transport/programs"
NO_PROGRAMS = ["--ignore=tests/browser", f"--ignore={PROGRAMS}"]
# Tests wait more than they compute. A class, or the functions of a file, stay in one process:
# they share servers. tests/conftest.py orders them, the long ones first.
PARALLEL = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
# Without it `python -m …` puts the current folder, and so the checkout, before the wheel.
NOT_THE_CHECKOUT = {"PYTHONSAFEPATH": "1"}
# The hidden names that an sdist may hold; any other is a cache or something private.
HIDDEN_IN_SDIST = {".ci", ".github", ".gitignore"}

# Set by `.ci/run`: a session whose system program is missing fails, instead of being left out.
REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
# Where tests/support/measured.py lists the processes that measure coverage, by process id.
ANNOUNCED = Path(".coverage-announced")

tested: list[str] = []
"""The Pythons that tests ran on, for `coverage`: nox has no failure for "all were skipped"."""
left_out: list[str] = []
"""What this machine cannot run, for the last line of the run."""


@atexit.register
def _report_what_was_left_out() -> None:
    if left_out:
        sys.stderr.write(f"left out: {'; '.join(left_out)}\n")


def _require(session: nox.Session, program: str, *commands: str, variable: str = "") -> None:
    """
    End the session, without failure, on a machine that lacks a system program.

    With REQUIRE_ALL=1 that is an error.

    Args:
        session: The session that needs it.
        program: What it is called in the message.
        commands: Names under which it may be on PATH; one is enough.
        variable: An environment variable that may name it instead.
    """
    if os.environ.get(variable) or any(map(shutil.which, commands)):
        return
    reason = f"no {program} on this machine"
    if REQUIRE_ALL:
        session.error(f"{reason}, and REQUIRE_ALL=1")
    left_out.append(f"{session.name} ({reason})")
    session.skip(f"left out: {reason}")


def _offer_pyenv_interpreters() -> None:
    """Let pyenv's shims answer: they do so only for the versions that PYENV_VERSION lists."""
    if "PYENV_VERSION" in os.environ or not (pyenv := shutil.which("pyenv")):
        return
    listing = subprocess.run(
        [pyenv, "versions", "--bare"], capture_output=True, text=True, check=False
    )
    have = listing.stdout.split()
    if wanted := [v for python in PYTHONS for v in have if v.startswith(f"{python}.")]:
        os.environ["PYENV_VERSION"] = ":".join(wanted)


_offer_pyenv_interpreters()


def _install_groups(session: nox.Session, *groups: str) -> None:
    """Install dependency groups; `pip install --group` is too new for many a bundled pip."""
    session.install(*nox.project.dependency_groups(PYPROJECT, *groups))


def _built(session: nox.Session, pattern: str) -> Path:
    """Give the one file that `build` has made of this kind."""
    found = list(DIST.glob(pattern))
    if len(found) != 1:
        session.error(f"expected one {pattern} in {DIST}/, found {len(found)}")
    return found[0].resolve()


@nox.session(python=HOST)
def lint(session: nox.Session) -> None:
    """Check style, form and the direction of imports."""
    _install_groups(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    # Nothing is installed here: these folders are where Python looks for the packages.
    paths = os.pathsep.join([".", "stores"])
    session.run("lint-imports", env={"PYTHONPATH": paths})
    session.run("python", "tools/structure.py")
    session.run("python", "tools/plain_english.py")


@nox.session(python=HOST)
def types(session: nox.Session) -> None:
    """Check types twice: mypy and pyright disagree often enough."""
    _install_groups(session, "types")
    session.install("-e", f".[{EXTRAS}]")
    session.run("mypy")
    session.run("pyright", "--pythonpath", shutil.which("python", path=session.bin) or "python")


@nox.session(python=HOST)
def build(session: nox.Session) -> None:
    """Build the sdist, and the wheel out of the sdist; `tests` and `package` use these files."""
    _install_groups(session, "build")
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(DIST))


def _install_wheel(session: nox.Session, group: str = "test", extras: str = EXTRAS) -> None:
    """Install the wheel with extras, and what tests need."""
    wheel = _built(session, "*.whl")
    _install_groups(session, group)
    session.install(f"{wheel}[{extras}]")
    # A reused environment may hold another build of the same version.
    session.install("--force-reinstall", "--no-deps", str(wheel))


def _test_wheel(session: nox.Session, *arguments: str) -> None:
    """Run pytest on the wheel, not on the checkout; one Python measures coverage, which is slow."""
    _install_wheel(session)
    if not tested:
        for stale in Path().glob(".coverage.*"):
            stale.unlink()
        shutil.rmtree(ANNOUNCED, ignore_errors=True)
    tested.append(str(session.python))
    measured = ["coverage", "run"] if session.python == HOST else ["python"]
    session.run(*measured, "-m", "pytest", *arguments, env=NOT_THE_CHECKOUT)


@nox.session(python=PYTHONS, requires=["build"])
def tests(session: nox.Session) -> None:
    """Test the wheel on every Python; arguments after `--` go to pytest."""
    _test_wheel(session, *(session.posargs or ["-m", "not one_python", *NO_PROGRAMS, *PARALLEL]))


@nox.session(python=HOST, requires=["build"])
def processes(session: nox.Session) -> None:
    """Test the wheel in many processes and with servers that die; on one Python, being slow."""
    _test_wheel(session, *(session.posargs or ["-m", "one_python", *NO_PROGRAMS, *PARALLEL]))


@nox.session(python=HOST, requires=["build"], reuse_venv=False)
def package(session: nox.Session) -> None:
    """Check what would be published."""
    wheel, sdist = _built(session, "*.whl"), _built(session, "*.tar.gz")
    # First, while the environment is still empty: does the wheel bring all that it needs?
    session.install(str(wheel))
    session.run("python", "-W", "error", "-c", f"import {PACKAGES}", env=NOT_THE_CHECKOUT)
    # The README's first command, from the wheel.
    session.install(f"{wheel}[cli]")
    session.run("flexiti-async", "demo", env=NOT_THE_CHECKOUT)
    _install_groups(session, "package")
    session.run("check-wheel-contents", str(wheel))
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    with tarfile.open(sdist) as archive:
        names = [PurePosixPath(name) for name in archive.getnames()]
    if strays := [str(name) for name in names if _is_stray(name)]:
        session.error(f"the sdist holds caches or private files: {', '.join(strays)}")


def _is_stray(name: PurePosixPath) -> bool:
    hidden = {part for part in name.parts if part.startswith(".")} - HIDDEN_IN_SDIST
    return bool(hidden) or "__pycache__" in name.parts or name.suffix == ".pyc"


@nox.session(python=HOST, requires=["build"])
def chaos(session: nox.Session) -> None:
    """Let everything go wrong, seed after seed: `nox -s chaos -- --minutes 30`, or `--seed 7`."""
    _install_wheel(session)
    session.run("python", "tests/chaos", *session.posargs, env=NOT_THE_CHECKOUT)


@nox.session(python=HOST, requires=["build"])
def fuzz(session: nox.Session) -> None:
    """Fuzz what reads answers and records, for 60 seconds or as `-- --seconds 600` says."""
    parser = argparse.ArgumentParser(prog="nox -s fuzz --")
    parser.add_argument("--seconds", type=int, default=60)
    wanted = parser.parse_args(session.posargs)
    _install_groups(session, "fuzz")
    session.install(f"{_built(session, '*.whl')}[crypto]")
    with session.cd(session.create_tmp()):  # what it finds, it writes into the current folder
        target = Path(__file__).parent / "tests" / "fuzz" / "atheris_target.py"
        session.run("python", str(target), f"-max_total_time={wanted.seconds}")


@nox.session(python=HOST)
def mutants(session: nox.Session) -> None:
    """Change the code, and see whether tests notice; `-- --sample 20 --seed 7 store/encryption`."""
    _install_groups(session, "test", "mutants")
    session.install("-e", f".[{EXTRAS}]")
    session.run("python", "-P", "tests/project/mutants.py", *session.posargs)


@nox.session(python=HOST)
def coverage(session: nox.Session) -> None:
    """Combine what `tests` measured; fail below the threshold, or if no tests ran at all."""
    if not tested:
        session.error(f"no `tests` session ran, on none of {', '.join(PYTHONS)}")
    session.log("tests ran on Python %s of %s", ", ".join(tested), ", ".join(PYTHONS))
    left_out.extend(f"tests-{p} (no Python {p} on this machine)" for p in _untested_pythons())
    if missing := _processes_without_data():
        session.error(f"data of a worker is missing: {', '.join(missing)}")
    _install_groups(session, "coverage")
    session.run("coverage", "combine")
    session.run("coverage", "report")


def _untested_pythons() -> list[str]:
    return [python for python in PYTHONS if python not in tested]


def _processes_without_data() -> list[str]:
    """Return the processes that announced themselves, and whose coverage did not arrive."""
    files = [file.name for file in Path().glob(".coverage.*")]
    return sorted(
        process.read_text(encoding="utf-8").strip()
        for process in ANNOUNCED.glob("*")
        if not any(f".pid{process.name}." in name for name in files)
    )


@nox.session(python=HOST, requires=["build"])
def browser(session: nox.Session) -> None:
    """Click through the example shop of the wheel, in the machine's Chromium."""
    _require(session, "Chromium", *CHROMIUM, variable="CHROMIUM")
    _install_wheel(session, "browser")
    arguments = session.posargs or ["tests/browser", "-n", "2"]
    session.run("pytest", *arguments, env=NOT_THE_CHECKOUT)


@nox.session(python=HOST, requires=["build"])
def proxies(session: nox.Session) -> None:
    """Sell through nginx, HAProxy, Squid and tinyproxy; KEEP_ALIVE_SECONDS=600 for longer."""
    for program in ("nginx", "haproxy", "squid", "tinyproxy"):
        # Some systems keep them where only root looks.
        _require(session, program, program, f"/usr/sbin/{program}")
    _install_wheel(session)
    session.run("pytest", *(session.posargs or [PROGRAMS, "-n", "2"]), env=NOT_THE_CHECKOUT)


@nox.session(python=HOST)
def docs(session: nox.Session) -> None:
    """Build the site strictly into site/, and see that its pages ask nothing of other hosts."""
    _install_groups(session, "docs")
    session.install("-e", f".[{EXTRAS}]")
    session.run("python", "tools/docs_site.py", "assets")
    session.run("zensical", "build", "--strict", "--clean")
    session.run("python", "tools/docs_site.py", "check")


def _run_benchmarks(session: nox.Session, *arguments: str) -> None:
    """Run benchmarks on the wheel: from a copy that has no checkout beside it."""
    _install_wheel(session, "bench", "cli,crypto,file,redis")
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder / "benchmarks", ignore_errors=True)
    shutil.copytree("benchmarks", folder / "benchmarks")
    environment = {**NOT_THE_CHECKOUT, "PYTHONPATH": str(folder)}
    session.run("python", "-m", "benchmarks", *arguments, env=environment)


@nox.session(python=HOST, requires=["build"])
def bench(session: nox.Session) -> None:
    """Run benchmarks; `-- call` one of them, `-- --smoke` all, briefly, for what they count."""
    _run_benchmarks(session, *session.posargs)


@nox.session(python=HOST, requires=["build"])
def smoke(session: nox.Session) -> None:
    """See that every benchmark runs, and that what it counts is as it should be; times are not."""
    _run_benchmarks(session, "--smoke", "--out", "build/smoke")
