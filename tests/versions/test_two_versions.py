"""
An earlier release and this one at once, over one store, as during a rolling deployment.

The earlier one is taken from the history of this repository: `PREVIOUS`, which a release sets to
its own commit.
"""

import asyncio
import io
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import verified

from ..crew.crew import Crew
from ..processes.controlled_stores import ControlledFileStore
from ..processes.crew import Worker
from ..processes.shop import LIFETIME, Shop
from ..support.keys import encryption_key

PREVIOUS = "81b403db5c0b26bb3be6c20a6db3495b98e97f50"
ROOT = Path(__file__).resolve().parents[2]
EACH = 3
LIVES = 20
WINDOW = 100.0
"""Seconds of life at which every process refreshes in the background."""


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the earlier release from the history of the repository."""
    folder = tmp_path_factory.mktemp("previous")
    for tree in (f"{PREVIOUS}:", f"{PREVIOUS}:stores"):
        packages = ["flexiti_async"] if tree.endswith(":") else ["flexiti_stores"]
        made = subprocess.run(
            [shutil.which("git") or "git", "archive", tree, *packages],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
            archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def crews(previous: Path) -> Iterator[tuple[Crew[Worker], Crew[Worker]]]:
    """Start the programs that workers of both releases are forked from."""
    with ExitStack() as stack:
        both = [
            Crew("tests.versions.worker", Worker, library=library) for library in (None, previous)
        ]
        for crew in both:
            stack.callback(crew.close)
        yield both[0], both[1]


@pytest.fixture
async def shops(
    crews: tuple[Crew[Worker], Crew[Worker]], tmp_path: Path
) -> AsyncIterator[tuple[Shop, Shop]]:
    """Start a shop with processes of both releases, and one with as many of this one."""
    async with AsyncExitStack() as stack:
        mixed, same = [
            Shop(
                crews[0],
                ControlledFileStore(tmp_path / name),
                await stack.enter_async_context(Sandbox()),
            )
            for name in ("mixed", "same")
        ]
        for shop in (mixed, same):
            stack.push_async_callback(shop.aclose)
        await same.start_workers(2 * EACH)
        await mixed.start_workers(EACH)
        mixed.crew = crews[1]
        await mixed.start_workers(EACH)
        yield mixed, same


async def live(shop: Shop) -> int:
    """Let all processes ask during some lifetimes of tokens; returns how many were granted."""
    for life in range(LIVES):
        await shop.advance(LIFETIME)
        answers = await shop.token(5, min_ttl=600.0 if life % 2 else 0.0)

        assert () == answers.failures
        assert shop.all_live(answers.tokens)

        await shop.advance(LIFETIME - WINDOW)
        await shop.token(5)
        await shop.settle()
    return shop.requests()


async def test_two_releases_need_no_more_tokens_than_one(
    shops: tuple[Shop, Shop], previous: Path
) -> None:
    """Processes of both releases share tokens: at most a tenth more than those of one release."""
    mixed, same = shops
    libraries = [await worker.order("library") for worker in mixed.workers]
    tokens = await live(mixed)

    assert [str(previous)] * EACH == libraries[EACH:]
    assert str(previous) not in libraries[:EACH]
    assert 2 * LIVES <= tokens <= 1.1 * await live(same)
    assert 0 == mixed.sandbox.replays


async def test_two_releases_authorize_an_order_once(
    shops: tuple[Shop, Shop], tmp_path: Path
) -> None:
    """Processes of both releases authorize the same checkout at once: one request, one number."""
    shop, _ = shops
    config = shop.config(
        journal=(tmp_path / "journal").as_uri(),
        account="shop",
        token_keys=[encryption_key("shop").reveal()],
    )
    for number in range(5):
        async with FlexitiSession(FlexitiConfig(**config)) as flexiti:
            checkout = await verified(await flexiti.checkout(f"order-{number}"), shop.sandbox)
        answers = await asyncio.gather(
            *(
                worker.order("authorize", config=config, reference_id=checkout.reference_id)
                for worker in shop.workers
            )
        )

        assert ["done"] * 2 * EACH == [answer["outcome"] for answer in answers]
        assert 1 == len({answer["number"] for answer in answers})
        assert number + 1 == shop.sandbox.count("authorization")
