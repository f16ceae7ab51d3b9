"""
The documentation is correct: every example runs, every generated page is up to date.

The blocks of a page run one after the other and share their names, as if pasted into a file. Pages
about tests run in pytest, and commands run as commands, against a sandbox.
"""

import asyncio
import importlib.metadata
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tomllib
import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from sybil import Document
from sybil.example import Example
from sybil.parsers.markdown import CodeBlockParser

from flexiti_async import FlexitiConfig
from flexiti_async.sandbox import Sandbox

from ..support.patience import PATIENCE, PATIENT, PATIENT_VARIABLES

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = {str(page.relative_to(DOCS)): page for page in sorted(DOCS.rglob("*.md"))}
OF_TESTS: Final = {"how-to/testing.md"}
"""Pages whose blocks are one test module."""
OF_TEST_FILES: Final = {"how-to/test-clients.md"}
"""Pages whose blocks are test files; the first line of each is its name."""
OF_PROGRAMS: Final = {
    *("index.md", "how-to/deployment.md", "how-to/jobs.md", "how-to/timeouts.md"),
    *("reference/integrations.md", "reference/sandbox.md"),
}
"""Pages whose blocks need nothing of this module: tests/project/test_programs.py runs them."""
OF_A_SCRIPT: Final = {"how-to/any-language.md"}
"""Pages whose commands are for a shell: tests/project/test_programs.py runs them as one script."""
OF_A_PROGRAM: Final = {"tutorial.md"}
"""Pages whose blocks are a file, which has a test of its own."""
FOLDERS: Final = (
    *(".github", "benchmarks", "docs", "examples", "flexiti_async", "stores", "tests", "tools"),
)
"""Folders of the repository with files that a reader copies from."""
EXAMPLES: Final = {file.read_text(encoding="utf-8") for file in (ROOT / "examples").rglob("*.py")}
SERVERS: Final = ("flexiti-async sandbox", "flexiti-async demo --shop")
"""Commands that run until stopped."""
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SCRIPTS: Final = Path(sysconfig.get_path("scripts"))


def nothing(_: Example) -> None:
    """Do nothing with a block; the test runs it."""


def keep_the_log_as_it_is(**_: object) -> None:
    """Leave logging to pytest."""


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a language, in order."""
    parser = CodeBlockParser(language=language, evaluator=nothing)
    document = Document.parse(str(page), parser, encoding="utf-8")
    return [str(example.parsed) for example in document.examples()]


def pages_with(language: str, *, but: set[str] | frozenset[str] = frozenset()) -> list[str]:
    """Return the pages that have blocks of a language."""
    return [name for name, page in PAGES.items() if name not in but and blocks(page, language)]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Return a running sandbox with the examples' client."""
    async with Sandbox(client_id="shop", client_secret="…") as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    "name", pages_with("python", but=OF_TESTS | OF_TEST_FILES | OF_A_PROGRAM | OF_PROGRAMS)
)
def test_examples_run_as_pasted(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """
    The examples of a page, one after the other, are a program that runs.

    Nothing is given to them but time, as the machine may be busy, and a name of the account, as
    the journal of this process knows the orders of the other pages.
    """
    del caplog  # it restores the levels of loggers
    monkeypatch.setattr("logging.basicConfig", keep_the_log_as_it_is)
    module = types.ModuleType("example")  # frameworks look up the module of a handler
    monkeypatch.setitem(sys.modules, "example", module)
    module.__dict__["GIVEN"] = {**PATIENT, "account": name}
    for source in blocks(PAGES[name], "python"):
        if source in EXAMPLES:  # the page shows a file, which has tests of its own
            continue
        if source.startswith("# locustfile.py\n"):
            compile(source, name, "exec")  # a program of its own, for a package that we do not need
            continue
        here = source.replace("FlexitiConfig(\n", "FlexitiConfig(\n**GIVEN,")
        here = re.sub(r"FlexitiConfig\((?=\w)", "FlexitiConfig(**GIVEN, ", here)
        types.FunctionType(compile(here, name, "exec", dont_inherit=True), vars(module))()


@pytest.mark.parametrize("name", sorted(OF_TESTS))
def test_examples_that_are_tests_pass(name: str, tmp_path: Path) -> None:
    """The tests of a page pass in a shop's pytest, with the installed plugin."""
    module = tmp_path / "test_example.py"
    module.write_text("\n\n".join(blocks(PAGES[name], "python")), encoding="utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-P", "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"),
            *(f"--rootdir={tmp_path}", str(module)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert 0 == run.returncode, run.stdout
    assert " passed" in run.stdout


@pytest.mark.parametrize("mode", ["strict", "auto"])
@pytest.mark.parametrize("name", sorted(OF_TEST_FILES))
def test_examples_that_are_test_files_pass(name: str, mode: str, tmp_path: Path) -> None:
    """They pass in both modes of pytest-asyncio; in auto mode it takes anyio's tests over."""
    # The test client of the oldest Starlette warns of an anyio that is newer than it.
    calm = "ignore:The anyio.abc.BlockingPortal alias:DeprecationWarning"
    files = {source.partition("\n")[0][2:]: source for source in blocks(PAGES[name], "python")}
    for file, source in files.items():
        (tmp_path / file).write_text(source, encoding="utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-P", "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(
                "-W",
                calm,
                "-o",
                f"asyncio_mode={mode}",
                "-o",
                "asyncio_default_fixture_loop_scope=function",
            ),
            *(f"--rootdir={tmp_path}", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert 0 == run.returncode, run.stdout
    assert " passed" in run.stdout
    assert "skipped" not in run.stdout


@pytest.mark.parametrize("name", PAGES)
def test_no_block_is_overlooked(name: str) -> None:
    """Every fence is of a kind that is tested here, or is a picture."""
    fences = re.findall(r"^ *```(\S.*)$", PAGES[name].read_text(encoding="utf-8"), re.MULTILINE)

    assert set(fences) <= {"python", "py", "console", "toml", "yaml", "json", "mermaid", "text"}
    assert fences.count("python") == len(blocks(PAGES[name], "python"))
    assert fences.count("console") == len(blocks(PAGES[name], "console"))


@pytest.mark.parametrize("name", pages_with("toml"))
def test_configuration_is_toml(name: str) -> None:
    """Configuration is TOML, and the library's table has existing options only."""
    for source in blocks(PAGES[name], "toml"):
        table = tomllib.loads(source).get("flexiti")
        if table is not None:
            assert "shop" == FlexitiConfig(client_secret="x", **table).client_id


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a reader who has set up the sandbox's client."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLEXITI_", "COV"))}
    return {
        **kept,
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
        "FLEXITI_BASE_URL": sandbox.base_url,
        "FLEXITI_CLIENT_ID": sandbox.client_id,
        "FLEXITI_CLIENT_SECRET": sandbox.client_secret,
        **PATIENT_VARIABLES,
        "FLEXITI_STORE": f"file://{tmp_path}/tokens?timeout={PATIENCE}",
    }


@pytest.mark.parametrize("name", pages_with("console", but=OF_A_SCRIPT))
async def test_commands_run(name: str, shell: dict[str, str], tmp_path: Path) -> None:
    """Commands succeed, servers report their address, and what is installed is ours or tested."""
    for line in "".join(blocks(PAGES[name], "console")).splitlines():
        assert line.startswith("$ "), line
        words = shlex.split(line[2:])
        match words:
            case ["python", "-m", "pip", "install", what, *others]:
                assert_installable(what)
                tested = [str(one) for one in PROJECT["dependency-groups"]["test"]]
                assert set(others) <= {one.partition(">=")[0] for one in tested}
            case ["export", *settings]:
                assert all(setting.startswith("FLEXITI_") for setting in settings)
            case ["python", "-m", "venv", _] | [".", _] | ["python", "shop.py"]:
                pass  # the `package` session does the first two, a test below runs the shop
            case ["flexiti-async", *_] if line[2:].startswith(SERVERS):
                await assert_serves(words, shell)
            case _:
                await assert_runs(words, shell, tmp_path)


def assert_installable(what: str) -> None:
    """Check that it is a clone of this repository, with existing extras."""
    place, _, extras = what.rstrip("]").partition("[")
    known = importlib.metadata.metadata("flexiti-async").get_all("Provides-Extra") or []

    assert "." == place
    assert set(extras.split(",")) <= {*known, ""}


async def assert_runs(words: list[str], shell: dict[str, str], folder: Path) -> None:
    """Check that a command succeeds, in a folder for the files that it writes."""
    pipe = asyncio.subprocess.PIPE
    run = await asyncio.create_subprocess_exec(
        *words, env=shell, stdout=pipe, stderr=pipe, cwd=folder
    )
    out, err = await run.communicate()

    assert 0 == run.returncode, (words, out, err)


async def assert_serves(words: list[str], shell: dict[str, str]) -> None:
    """Check that a command reports its address."""
    free = words if "--port" in words else [*words, "--port", "0"]
    run = await asyncio.create_subprocess_exec(
        *free, env=shell, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert run.stdout is not None
    first = await run.stdout.readline()
    run.terminate()
    await run.communicate()

    assert b"http://127.0.0.1:" in first


def test_generated_pages_are_up_to_date() -> None:
    """The pages about endpoints, errors and licences equal what the code generates."""
    run = subprocess.run(
        [sys.executable, "-P", str(ROOT / "tools" / "docs_pages.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tools")])},
    )

    assert (0, "") == (run.returncode, run.stderr)


def test_the_public_surface_changes_only_on_purpose() -> None:
    """
    The public surface is that of tests/project/public_api.txt.

    After a change on purpose: `python tools/public_api.py > tests/project/public_api.txt`.
    """
    run = subprocess.run(
        [sys.executable, "-P", str(ROOT / "tools" / "public_api.py")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(__file__).with_name("public_api.txt").read_text("utf-8") == run.stdout


def test_every_command_is_named() -> None:
    """The documentation names every command of the command line."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES.values())
    more = ["journal check", "journal reseal", "operations list", "operations look-up"]
    more += ["operations show", "operations resolve"]
    commands = ["demo", "sandbox", "init-widget", "token status", "token refresh", "token forget"]

    assert [] == [
        command
        for command in [*commands, *more, "keys generate", "doctor", "verify"]
        if f"flexiti-async {command}" not in text
    ]


def test_nothing_is_installed_that_is_not_published() -> None:
    """Until the first release, nothing installs the library by its name, and nothing advises to."""
    tops = [*ROOT.glob("*.md"), *ROOT.glob("*.py"), *ROOT.glob("*.toml")]
    found = (*tops, *(one for f in FOLDERS for one in (ROOT / f).rglob("*")))
    ours = [file for file in found if file.suffix != ".pyc" and file != Path(__file__)]
    files = [file for file in ours if file.is_file()]
    by_name = re.compile(rb"pip3? install[^\n`]*?(?<![\w/.-])flexiti[-_]async(?![\w*-])")
    assert by_name.search(b"pip install -U 'flexiti-async[cli]'")

    assert [] == [
        str(file.relative_to(ROOT)) for file in files if by_name.search(file.read_bytes())
    ]
