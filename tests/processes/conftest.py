"""Processes, and the stores and sandboxes that they share."""

import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from flexiti_async.sandbox import Sandbox

from ..crew.crew import Crew
from ..stores.servers import Server, valkey_binary
from .controlled_stores import ControlledFileStore, ControlledRedisStore, ControlledStore
from .crew import Worker
from .shop import Shop

NewStore = Callable[[], ControlledStore]
MakeShop = Callable[[], Awaitable[Shop]]


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew[Worker]]:
    """Start the program that workers are forked from."""
    crew = Crew("tests.processes.worker", Worker)
    yield crew
    crew.close()


@pytest.fixture(scope="session")
def valkey() -> Iterator[Server]:
    """Return a running Valkey."""
    with tempfile.TemporaryDirectory(prefix="fx") as path:
        server = Server(valkey_binary(), Path(path))
        server.start()
        yield server
        server.stop()


@pytest.fixture(params=["file", "redis"])
def new_store(request: pytest.FixtureRequest, valkey: Server, tmp_path: Path) -> NewStore:
    """Return a function that creates empty stores, of each kind that processes can share."""
    if request.param == "redis":
        return lambda: ControlledRedisStore(valkey, f"{uuid.uuid4().hex}:")
    return lambda: ControlledFileStore(tmp_path / uuid.uuid4().hex)


@pytest.fixture
async def make_shop(crew: Crew[Worker], new_store: NewStore) -> AsyncIterator[MakeShop]:
    """Return a function that creates shops, each with a sandbox and a store of its own."""
    async with AsyncExitStack() as stack:

        async def make() -> Shop:
            sandbox = await stack.enter_async_context(Sandbox())
            shop = Shop(crew, new_store(), sandbox)
            stack.push_async_callback(shop.aclose)
            return shop

        yield make


@pytest.fixture
async def shop(make_shop: MakeShop) -> Shop:
    """Return a shop without processes."""
    return await make_shop()
