"""Opening a store from the configuration, and errors of a misbehaving store."""

import asyncio
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from flexiti_async import ConfigError, StoreUnavailable, open_store
from flexiti_async.store.interface import Entry
from flexiti_async.store.sealed import SealedStore
from flexiti_stores.memory import MemoryStore

ENTRY = Entry("v", "payload-canary", 60.0)


def test_a_url_names_an_installed_store() -> None:
    """The scheme is looked up among the entry points without regard to case."""
    assert isinstance(open_store("memory://"), MemoryStore)
    assert isinstance(open_store("MEMORY://"), MemoryStore)


def test_another_package_cannot_replace_a_scheme_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another installed package may add schemes, but not replace the library's."""
    metadata = tmp_path / "other-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    points = "memory = no_such_module:Store\nother = flexiti_stores.memory:MemoryStore\n"
    (metadata / "entry_points.txt").write_text(f"[flexiti_async.stores]\n{points}")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])

    assert isinstance(open_store("memory://"), MemoryStore)
    assert isinstance(open_store("other://"), MemoryStore)


def test_a_memory_url_is_the_same_store_for_the_whole_process() -> None:
    """The same URL is the same store; names separate several."""
    assert open_store("memory://") is open_store("memory://")
    assert open_store("memory://a") is not open_store("memory://b")


def test_a_class_path_may_have_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`from_url` gets the whole text; one that cannot be loaded is named without them."""
    (tmp_path / "own_store.py").write_text(
        "class Own:\n"
        "    @classmethod\n"
        "    def from_url(cls, url):\n"
        "        own = cls()\n"
        "        own.url = url\n"
        "        return own\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    url = "own_store:Own?path=file:///var/lib/shop"

    assert url == vars(open_store(url))["url"]
    with pytest.raises(ConfigError) as caught:
        open_store("no_such_store:Own?password=canary")
    assert "no_such_store:Own" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_class_path_and_a_store_object_work_too() -> None:
    """Both work for a store without an entry point."""
    ready = MemoryStore()

    assert ready is open_store(ready)
    assert isinstance(open_store("flexiti_stores.memory:MemoryStore"), MemoryStore)


@pytest.mark.parametrize(
    ("store", "words"),
    [
        pytest.param("nosuch://here", "memory://", id="unknown scheme"),
        pytest.param("redis", "neither a URL", id="no URL"),
        pytest.param("", "neither a URL", id="empty"),
        pytest.param("no.such.module:Store", "ModuleNotFoundError", id="no such module"),
        pytest.param("flexiti_stores.memory:Nothing", "AttributeError", id="no such class"),
    ],
)
def test_an_invalid_store_is_a_config_error_that_names_valid_ones(store: str, words: str) -> None:
    """The error names the installed schemes, or the import that failed."""
    with pytest.raises(ConfigError) as caught:
        open_store(store)

    assert "store" == caught.value.option
    assert words in str(caught.value)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the Redis client, the error says what to install."""
    for name in [name for name in sys.modules if name.split(".")[0] == "redis"]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith("flexiti_stores.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)

    with pytest.raises(ConfigError, match=r"install flexiti-async\[redis\]"):
        open_store("rediss://host")


def test_a_system_without_posix_locks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, the file store says what it lacks, and which stores there are."""
    for name in [name for name in sys.modules if name.startswith("flexiti_stores.file")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fcntl", None)

    with pytest.raises(ConfigError, match="locks of POSIX, which this system lacks: use redis"):
        open_store("file:///C:/shop")


class Misbehaving:
    """A store that fails in unusual ways."""

    async def load(self, key: str) -> NoReturn:
        """Fail with a text that quotes the stored entry."""
        raise RuntimeError(key, ENTRY.payload)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Never answer."""
        _ = key, entry, expected
        return await asyncio.Event().wait()

    async def aclose(self) -> None:
        """Do nothing."""


async def test_every_error_of_a_store_becomes_store_unavailable_without_its_text() -> None:
    """Errors of a store may quote the entry, so only their class is reported."""
    store = SealedStore(Misbehaving(), timeout=0.01)

    with pytest.raises(StoreUnavailable) as failed:
        await store.load("key")
    with pytest.raises(StoreUnavailable, match=r"within 0\.01 s"):
        await store.swap("key", ENTRY, expected=None)

    assert "failed to load: RuntimeError" in str(failed.value)
    assert ENTRY.payload not in str(failed.value)
    assert None is failed.value.__context__


async def test_a_cancelled_caller_is_cancelled() -> None:
    """A cancellation is not reported as an outage."""
    store = SealedStore(Misbehaving(), timeout=60)
    asking = asyncio.ensure_future(store.swap("key", ENTRY, expected=None))
    await asyncio.sleep(0)
    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
