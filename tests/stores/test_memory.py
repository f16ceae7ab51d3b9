"""The memory store: which entries it deletes, and when."""

import subprocess
import sys
import textwrap
from pathlib import Path

from flexiti_async.testing import ManualClock
from flexiti_async.testing.store_contract import new_entry
from flexiti_stores.memory import MemoryStore


async def test_only_expired_entries_are_deleted(clock: ManualClock) -> None:
    """The 65th write deletes entries that have expired by then, to the second, and no others."""
    store = MemoryStore(clock=clock.boot)
    for number in range(32):
        assert await store.swap(f"short-{number}", new_entry(keep_for=10.0), expected=None)
        assert await store.swap(f"long-{number}", new_entry(keep_for=10.5), expected=None)
    clock.advance(10.0)
    assert await store.swap("one more", new_entry(keep_for=10.0), expected=None)

    assert {f"long-{number}" for number in range(32)} | {"one more"} == store._kept.keys()


async def test_it_is_swept_when_it_has_doubled(clock: ManualClock) -> None:
    """After a sweep that left n entries, the next one is at 2 n: a constant cost per write."""
    store = MemoryStore(clock=clock.boot)
    for number in range(100):
        await store.swap(f"long-{number}", new_entry(keep_for=60.0), expected=None)
    for number in range(28):
        clock.advance(1.0)
        await store.swap(f"short-{number}", new_entry(keep_for=1.0), expected=None)
    clock.advance(1.0)

    assert 128 == len(store._kept)  # the 64 of the first sweep, doubled
    await store.swap("one more", new_entry(keep_for=60.0), expected=None)

    assert 101 == len(store._kept)


def test_a_forked_child_does_not_wait_for_a_lock(tmp_path: Path) -> None:
    """Locks that a thread of the parent holds during the fork are free in the child."""
    code = """
        import asyncio, os, sys, threading
        from flexiti_async.store.interface import Entry
        from flexiti_stores import memory

        store = memory.MemoryStore.from_url("memory://")
        asyncio.run(store.swap("key", Entry("v", "before", None), expected=None))
        before = asyncio.run(store.life())
        held, free = threading.Event(), threading.Event()

        def hold():
            with store._lock, memory._shared_lock:
                held.set()
                free.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        if (child := os.fork()) == 0:
            store = memory.MemoryStore.from_url("memory://")
            print(asyncio.run(store.load("key")).payload, flush=True)
            print(before == asyncio.run(store.life()), flush=True)
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)
        free.set()
        thread.join()
        print(before == asyncio.run(store.life()), flush=True)
    """
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
        cwd=tmp_path,
    )

    assert ["before", "False", "0", "True"] == done.stdout.splitlines(), done.stderr
