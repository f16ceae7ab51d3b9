"""Programs and scripts of the documentation run as they are pasted, each in a process."""

import asyncio
import json
import os
import re
import sys
import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import verified

from ..support.patience import PATIENT, PATIENT_VARIABLES

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PROGRAMS: Final = ("index.md", "how-to/deployment.md", "how-to/jobs.md", "how-to/timeouts.md")
CONTROL_TOKEN: Final = "token-of-the-control-endpoint"


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a language, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Return a running sandbox with a control endpoint."""
    async with Sandbox(control_token=CONTROL_TOKEN) as running:
        yield running


def config_of(sandbox: Sandbox, folder: Path) -> FlexitiConfig:
    """Return the configuration that the programs have in their environment."""
    return FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=f"file://{folder}/store",
        **PATIENT,
    )


async def run(source: str, sandbox: Sandbox, folder: Path) -> None:
    """Run a program without any warning."""
    (folder / "program.py").write_text(source, encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLEXITI_", "COV"))}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "program.py"),
        cwd=folder,
        env={
            **kept,
            **PATIENT_VARIABLES,
            "FLEXITI_BASE_URL": sandbox.base_url,
            "FLEXITI_CLIENT_ID": sandbox.client_id,
            "FLEXITI_CLIENT_SECRET": sandbox.client_secret,
            "FLEXITI_STORE": f"file://{folder}/store",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    errors = err.decode()
    assert 0 == process.returncode, errors
    assert "Warning" not in errors
    assert "Exception ignored" not in errors


@pytest.mark.parametrize(
    ("page", "number"),
    [(page, number) for page in PROGRAMS for number in range(len(blocks(page, "python")))],
)
async def test_a_program_runs_as_pasted(
    page: str, number: int, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Each block of these pages is a whole program, which runs without a warning."""
    await run(blocks(page, "python")[number], sandbox, tmp_path)


@pytest.mark.parametrize("page", ["integrations.md", "sandbox.md"])
def test_examples_of_docstrings_run(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples in docstrings, as the reference shows them, run one after the other."""
    module = types.ModuleType("example")  # frameworks look up the module of a handler
    monkeypatch.setitem(sys.modules, "example", module)
    for source in blocks(f"reference/{page}", "python"):
        exec(compile(source, page, "exec", dont_inherit=True), vars(module))  # noqa: S102


async def test_one_session_serves_many_jobs(sandbox: Sandbox, tmp_path: Path) -> None:
    """A worker of sync jobs, each with an `asyncio.run`, captures each order once."""
    config = config_of(sandbox, tmp_path)
    numbers: list[str | None] = []
    async with FlexitiSession(config) as flexiti:
        for order in ("order-1", "order-2"):
            checkout = await verified(await flexiti.checkout(order), sandbox)
            paid = await checkout.authorize(
                "100.00", transaction_type="regular_purchase", auto_capture=False
            )
            numbers.append(paid.authorization_id)
    [worker] = [block for block in blocks("how-to/jobs.md", "python") if "def capture(" in block]
    jobs = "".join(
        f'capture("order-{order}", "{number}", "100.00")\n'
        for _ in range(2)  # the queue delivers every task twice
        for order, number in enumerate(numbers, 1)
    )
    await run(f"{worker}\n\n{jobs}close()\n", sandbox, tmp_path)

    assert [100, 100] == [capture.amount for capture in sandbox.captures]
    assert 1 == sandbox.count("oauth/token", scope="merchant")


async def test_a_shop_in_any_language(sandbox: Sandbox, tmp_path: Path) -> None:
    """The commands for a shell get a token, open a widget, play the customer, inject faults."""
    lines = [line[2:] for line in "".join(blocks("how-to/any-language.md", "console")).splitlines()]
    ours = {"API": sandbox.base_url, "CONTROL": sandbox.control_url}
    script = ["set -eu -o pipefail", *(line for line in lines if line != "flexiti-async sandbox")]
    text = "\n".join([*script, 'curl -fsS -H "$AUTHORIZATION" $CONTROL/state > state.json'])
    for name, value in ours.items():
        text = re.sub(rf"^export {name}=.*", f"export {name}={value}", text, flags=re.MULTILINE)
    text = text.replace("<the control token>", CONTROL_TOKEN)
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", text),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()

    assert (0, "") == (process.returncode, err.decode())
    state = json.loads((tmp_path / "state.json").read_text(encoding="utf-8"))
    assert [] == state["faults"]
    assert {"oauth/token": 0.2} == state["latency"]
    assert {"200": 1} == state["requests"]["widget/init"]


def test_manifests_are_yaml() -> None:
    """The manifest names variables that the library knows, and leaves time for an operation."""
    [manifest] = [yaml.safe_load(block) for block in blocks("how-to/deployment.md", "yaml")]
    pod = manifest["spec"]["template"]["spec"]
    [container] = pod["containers"]
    names = {one["name"].removeprefix("FLEXITI_").removesuffix("_FILE") for one in container["env"]}

    assert names <= {name.upper() for name in FlexitiConfig.__annotations__}
    assert 22 + 5 < pod["terminationGracePeriodSeconds"]
