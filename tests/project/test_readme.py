"""Every example in the README runs, against the sandbox."""

import ast
import inspect
import re
import types
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest
from sybil import Document
from sybil.example import Example
from sybil.parsers.markdown import CodeBlockParser

from flexiti_async import FlexitiSession
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

README = Path(__file__).parents[2] / "README.md"
FIXTURES = ("flexiti", "flexiti_sandbox", "flexiti_clock")


def nothing(_: Example) -> None:
    """Do nothing with a block; the test runs it."""


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language, in order."""
    document = Document.parse(
        str(README), CodeBlockParser(language=language, evaluator=nothing), encoding="utf-8"
    )
    return [str(example.parsed) for example in document.examples()]


async def run(source: str, namespace: dict[str, Any]) -> None:
    """Run a block as if at the top level of an async shell."""
    code = compile(source, str(README), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    made = types.FunctionType(code, namespace)()
    if inspect.iscoroutine(made):
        await made


@pytest.fixture
async def shop() -> AsyncIterator[Sandbox]:
    """Return a running sandbox with the README's client."""
    async with Sandbox(client_id="shop", client_secret="…") as sandbox:
        yield sandbox


async def test_the_examples_run_one_after_the_other(
    shop: Sandbox,
    flexiti: FlexitiSession,
    flexiti_sandbox: Sandbox,
    flexiti_clock: ManualClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The examples share names, as if typed one after the other, and run against the sandbox."""
    framed: list[str] = []
    namespace: dict[str, Any] = {
        "show_in_a_frame": framed.append,
        "posted_by_the_page": lambda: shop.play(framed[0]),
        "__name__": "readme",
    }
    for source in blocks("python"):
        here = source.replace('environment="training"', f'base_url="{shop.base_url}"')
        await run(here, namespace)
    given = dict(zip(FIXTURES, (flexiti, flexiti_sandbox, flexiti_clock), strict=True))
    example = cast("Callable[..., Coroutine[Any, Any, None]]", namespace["test_my_checkout"])
    await example(**given)

    assert [300] == [capture.amount for capture in shop.captures]
    # The customer's token, and the merchant's for the capture.
    assert 2 == shop.tokens_issued
    person = "customer_identification.personal_information"
    faults = f"{person}.dob invalid\nemail wrong format\n"
    assert faults == capsys.readouterr().out


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_lead_somewhere(document: str) -> None:
    """Linked files exist."""
    text = README.with_name(document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]

    assert [] == [link for link in links if not (README.parent / link.partition("#")[0]).exists()]


def test_two_commands_do_the_set_up() -> None:
    """The README has the commands that CI and the `package` session run."""
    commands = "".join(blocks("console"))

    assert "-m pip install '.[cli]' && .venv/bin/flexiti-async demo" in commands
    assert "-m pip install 'nox[uv]' && .venv/bin/nox" in commands
