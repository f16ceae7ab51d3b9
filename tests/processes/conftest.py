"""Processes, and what they share."""

import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from flexiti_async.sandbox import Sandbox

from ..crew.crew import Crew
from ..stores.servers import Server, valkey_binary
from .crew import Worker
from .places import FilePlace, Place, RedisPlace
from .shop import Shop

NewPlace = Callable[[], Place]
MakeShop = Callable[[], Awaitable[Shop]]


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew[Worker]]:
    """Start the program that workers are forked from."""
    crew = Crew("tests.processes.worker", Worker)
    yield crew
    crew.close()


@pytest.fixture(scope="session")
def valkey() -> Iterator[Server]:
    """Give a running Valkey."""
    with tempfile.TemporaryDirectory(prefix="fx") as path:
        server = Server(valkey_binary(), Path(path))
        server.start()
        yield server
        server.stop()


@pytest.fixture(params=["file", "redis"])
def new_place(request: pytest.FixtureRequest, valkey: Server, tmp_path: Path) -> NewPlace:
    """Give a function that makes stores with nothing in them, of each kind that processes share."""
    if request.param == "redis":
        return lambda: RedisPlace(valkey, f"{uuid.uuid4().hex}:")
    return lambda: FilePlace(tmp_path / uuid.uuid4().hex)


@pytest.fixture
async def make_shop(crew: Crew[Worker], new_place: NewPlace) -> AsyncIterator[MakeShop]:
    """Give a function that makes shops, each with a sandbox and a store of its own."""
    async with AsyncExitStack() as stack:

        async def make() -> Shop:
            sandbox = await stack.enter_async_context(Sandbox())
            shop = Shop(crew, new_place(), sandbox)
            stack.push_async_callback(shop.aclose)
            return shop

        yield make


@pytest.fixture
async def shop(make_shop: MakeShop) -> Shop:
    """Give a shop without processes."""
    return await make_shop()
