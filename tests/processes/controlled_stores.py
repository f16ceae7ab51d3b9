"""Stores whose records a test can age, and restore from a backup."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import redis
from attrs import define, field, frozen

from ..stores.servers import Server
from ..support.patience import PATIENCE

__all__ = ["ControlledFileStore", "ControlledRedisStore", "ControlledStore"]


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
        """Make all records older; records that are too old then are gone, or may be."""
        ...

    def back_up(self) -> None:
        """Copy the records."""
        ...

    def restore(self) -> None:
        """Put the copies back, with the age that they would have by now."""
        ...


@define
class ControlledFileStore:
    """A folder of the file store. The age of a record is that of its file."""

    folder: Path
    _kept: dict[Path, tuple[bytes, int]] = field(factory=dict[Path, tuple[bytes, int]])

    @property
    def url(self) -> str:
        """The URL of the store."""
        return f"{self.folder.as_uri()}?timeout={PATIENCE}"

    def advance(self, seconds: float) -> None:
        """Date the files back."""
        for file in self._records():
            _date(file, file.stat().st_mtime_ns - int(seconds * 1e9))
        self._kept = {
            file: (text, date - int(seconds * 1e9)) for file, (text, date) in self._kept.items()
        }

    def back_up(self) -> None:
        """Copy the records."""
        self._kept = {
            file: (file.read_bytes(), file.stat().st_mtime_ns) for file in self._records()
        }

    def restore(self) -> None:
        """Move the copies over the records, with their dates."""
        for file, (text, date) in self._kept.items():
            copy = file.with_suffix(".backup")
            copy.write_bytes(text)
            _date(copy, date)
            copy.replace(file)

    def _records(self) -> list[Path]:
        return sorted(self.folder.glob("*.record"))


def _date(file: Path, date: int) -> None:
    os.utime(file, ns=(date, date))


@frozen
class _Value:
    text: str
    left: int


@define
class ControlledRedisStore:
    """A prefix on a server. The age of a record is the elapsed part of its key's time to live."""

    server: Server
    prefix: str
    _kept: dict[str, _Value] = field(factory=dict[str, _Value])

    @property
    def url(self) -> str:
        """The URL of the store."""
        return f"{self.server.url}&prefix={self.prefix}"

    def advance(self, seconds: float) -> None:
        """Let the keys expire sooner."""
        passed = int(seconds * 1000)
        with self.server.client() as client:
            for key, value in self._values(client).items():
                client.pexpire(key, value.left - passed)
        self._kept = {
            key: _Value(value.text, value.left - passed) for key, value in self._kept.items()
        }

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
        keys = cast(
            "Iterator[str]",
            client.scan_iter(f"{self.prefix}*"),  # pyright: ignore[reportUnknownMemberType]
        )
        return {key: _Value(cast("str", client.get(key)), client.pttl(key)) for key in keys}
