"""Stores whose records a test can age, and restore from a backup."""
# ruff: noqa: S608 - names of tables that the test has drawn

import fcntl
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import redis
from attrs import define, evolve, field, frozen

from flexiti_stores.file.records import decode, encode, lock_name

from ..stores.servers import Server
from ..support.patience import PATIENCE

__all__ = [
    "ControlledFileStore",
    "ControlledPostgresStore",
    "ControlledRedisStore",
    "ControlledStore",
]


class ControlledStore(Protocol):
    """
    The store that the processes of a test share.

    Attributes:
        url: URL of the store.
    """

    @property
    def url(self) -> str:
        """The URL of the store."""
        ...

    def advance(self, seconds: float) -> None:
        """
        Make all records older; records that are too old then are gone, or may be.

        Each is replaced as a store would replace it: processes may write at the same time, and no
        write of theirs may be lost.
        """
        ...

    def back_up(self) -> None:
        """Copy the records."""
        ...

    def restore(self) -> None:
        """Put the copies back, with the age that they would have by now."""
        ...


@define
class ControlledFileStore:
    """A folder of the file store. A record says when it was written."""

    folder: Path
    _kept: dict[Path, bytes] = field(factory=dict[Path, bytes])

    @property
    def url(self) -> str:
        """The URL of the store."""
        return f"{self.folder.as_uri()}?timeout={PATIENCE}"

    def advance(self, seconds: float) -> None:
        """Date the records back."""
        for file in self._records():
            with (self.folder / lock_name(file.stem)).open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                _replace(file, _older(file, file.read_bytes(), seconds))
        self._kept = {file: _older(file, text, seconds) for file, text in self._kept.items()}

    def back_up(self) -> None:
        """Copy the records."""
        self._kept = {file: file.read_bytes() for file in self._records()}

    def restore(self) -> None:
        """Move the copies over the records."""
        for file, text in self._kept.items():
            _replace(file, text)

    def _records(self) -> list[Path]:
        return sorted(self.folder.glob("*.record"))


def _older(file: Path, text: bytes, seconds: float) -> bytes:
    """Let a record have been written earlier; its file's own date does not count."""
    record = decode(file.stem, text)
    assert record is not None
    assert record.written is not None
    written = evolve(record.written, seconds=record.written.seconds - seconds)
    return encode(file.stem, evolve(record, written=written))


def _replace(file: Path, text: bytes) -> None:
    copy = file.with_suffix(".backup")
    copy.write_bytes(text)
    copy.replace(file)


@frozen
class _Value:
    text: str
    left: int

    def older(self, seconds: float) -> "_Value":
        """Return the value as if it had been written earlier."""
        header, _, payload = self.text.partition("\n")
        mark, version, keep_for, written = json.loads(header)
        fields = [mark, version, keep_for, written - seconds]
        return _Value(f"{json.dumps(fields)}\n{payload}", self.left - int(seconds * 1000))


@define
class ControlledRedisStore:
    """A prefix on a server. A record says when it was written, and its key has a time to live."""

    server: Server
    prefix: str
    _kept: dict[str, _Value] = field(factory=dict[str, _Value])

    @property
    def url(self) -> str:
        """The URL of the store."""
        return f"{self.server.url}&prefix={self.prefix}"

    def advance(self, seconds: float) -> None:
        """Date the records back, and let the keys expire sooner."""
        with self.server.client() as client:
            for key in self._keys(client):
                client.transaction(partial(_date_back, key, seconds), key)
        self._kept = {key: value.older(seconds) for key, value in self._kept.items()}

    def back_up(self) -> None:
        """Read the values."""
        with self.server.client() as client:
            self._kept = self._values(client)

    def restore(self) -> None:
        """Write the values that would not have expired."""
        with self.server.client() as client:
            for key, value in self._kept.items():
                if value.left > 0:
                    client.set(key, value.text, px=value.left)

    def _values(self, client: redis.Redis) -> dict[str, _Value]:
        return {
            key: _Value(cast("str", client.get(key)), client.pttl(key))
            for key in self._keys(client)
        }

    def _keys(self, client: redis.Redis) -> list[str]:
        keys = cast(
            "Iterator[str]",
            client.scan_iter(f"{self.prefix}*"),  # pyright: ignore[reportUnknownMemberType]
        )
        return list(keys)


def _date_back(key: str, seconds: float, pipe: Any) -> None:  # noqa: ANN401 - as `Server.client`
    """Queue the replacement of a watched key; it is repeated if the key changes meanwhile."""
    text, left = pipe.get(key), pipe.pttl(key)
    if text is None:
        return
    older = _Value(text, left).older(seconds)
    pipe.multi()
    pipe.set(key, older.text, keepttl=True)
    pipe.pexpire(key, older.left)


@define
class ControlledPostgresStore:
    """A table on a server. A row says when it was written, and when it ends."""

    ask: Callable[[str], str]
    base: str
    table: str
    _kept: bool = False

    @property
    def url(self) -> str:
        """The URL of the store."""
        return f"{self.base}&table={self.table}"

    def advance(self, seconds: float) -> None:
        """Date the rows back, and let them end sooner."""
        for table in (self.table, f"{self.table}_kept") if self._kept else (self.table,):
            self.ask(
                f"update {table} set written_at = written_at - interval '{seconds} s',"
                f" expires_at = expires_at - interval '{seconds} s'"
            )

    def back_up(self) -> None:
        """Copy the rows."""
        self._kept = True
        self.ask(
            f"drop table if exists {self.table}_kept;"
            f"create table {self.table}_kept as select * from {self.table}"
        )

    def restore(self) -> None:
        """Put the rows back."""
        self.ask(
            f"begin; delete from {self.table};"
            f"insert into {self.table} select * from {self.table}_kept; commit"
        )
