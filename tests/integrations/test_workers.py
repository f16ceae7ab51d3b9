"""Workers that share nothing, and workers without asyncio."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from attrs import evolve

from flexiti_async import CheckoutNotFound, ConfigError, FlexitiConfig, FlexitiSession
from flexiti_async.integrations.serving import open_session
from flexiti_stores.file import FileStore
from flexiti_stores.memory import MemoryStore

from ..support.patience import PATIENCE
from .apps import NO_CHECKOUT
from .servers import started

CONFIG = FlexitiConfig(client_id="shop", client_secret="…", base_url="http://127.0.0.1:9/pos-api")
OPENING = """
import asyncio, logging, sys
from flexiti_async import FlexitiConfig
from flexiti_async.integrations.serving import open_session

config = FlexitiConfig(
    client_id="shop", client_secret="…", base_url="http://127.0.0.1:9/x", store=sys.argv[1]
)

async def main():
    for _ in range(2):
        async with open_session(config):
            pass

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("store", "workers", "lines"),
    [("memory://", "2", 1), ("memory://", "1", 0), ("memory://", "", 0), ("file:", "2", 0)],
)
def test_one_warning_where_workers_share_nothing(
    store: str, workers: str, lines: int, tmp_path: Path
) -> None:
    """`WEB_CONCURRENCY` is what servers read: above one, a store of one process is warned of."""
    url = f"file://{tmp_path}/tokens" if store == "file:" else store
    ran = subprocess.run(
        [sys.executable, "-P", "-c", OPENING, url],
        env={"WEB_CONCURRENCY": workers},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )

    assert lines == ran.stderr.count("set FLEXITI_STORE to file:///")


async def test_what_was_saved_in_another_process(
    flexiti_config: FlexitiConfig, tmp_path: Path
) -> None:
    """A store of one process says so where a checkout is not found, and only such a store."""
    texts: list[str] = []
    for store in (MemoryStore(), FileStore(tmp_path)):
        async with FlexitiSession(evolve(flexiti_config, store=store)) as session:
            with pytest.raises(CheckoutNotFound) as caught:
                await session.resume(NO_CHECKOUT)
        texts.append(str(caught.value))
        await store.aclose()

    assert ["This store is of one process" in text for text in texts] == [True, False]


@pytest.mark.parametrize(
    ("variables", "level"), [({}, "note"), ({"WEB_CONCURRENCY": "3"}, "warning")]
)
def test_the_doctor_warns(variables: dict[str, str], level: str) -> None:
    """A trial of one process is fine; several workers, or Flexiti itself, are not."""
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "flexiti_async", "doctor", "--json"],
        env={
            "FLEXITI_CLIENT_ID": "shop",
            "FLEXITI_CLIENT_SECRET": "…",
            "FLEXITI_BASE_URL": "http://127.0.0.1:9/x",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    findings = json.loads(ran.stdout)["findings"]

    assert [level] == [one["level"] for one in findings if "is of one process" in one["text"]]


async def test_a_trio_worker_does_not_start(tmp_path: Path) -> None:
    """The start fails, not the first request."""
    words = ["-m", "hypercorn", "-k", "trio", "--bind", "127.0.0.1:{port}"]
    async with (
        asyncio.timeout(PATIENCE),
        started([*words, "late.starlette_app:app"], tmp_path / "log") as server,
    ):
        while "asyncio only" not in server.logged():
            await asyncio.sleep(0.05)
        await server.process.wait()

    assert "Lifespan failure in startup" in server.logged()


def test_a_session_outside_of_asyncio() -> None:
    """Neither trio nor no loop at all opens a session."""

    async def opened() -> None:
        async with open_session(CONFIG):
            pass

    async def entered() -> None:
        async with FlexitiSession(CONFIG):
            pass

    for function in (opened, entered):
        with pytest.raises(ConfigError, match="asyncio only"):
            trio.run(function)
        with pytest.raises(ConfigError, match="asyncio only"):
            function().send(None)
