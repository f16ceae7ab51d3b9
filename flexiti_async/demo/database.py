"""The file that all workers of the shop share: SQLite, one statement at a time."""

import asyncio
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any, Final

__all__ = ["Database", "Row"]

Row = tuple[Any, ...]

_OWNER_ALONE: Final = 0o600
_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS orders (
        reference_id TEXT PRIMARY KEY,
        number TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        account_number TEXT,
        sent INTEGER NOT NULL DEFAULT 0,
        authorization_id TEXT
    );
    CREATE TABLE IF NOT EXISTS refusals (
        reference_id TEXT NOT NULL,
        account_number TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        choice TEXT NOT NULL,
        PRIMARY KEY (reference_id, account_number, quantity, choice)
    );
    CREATE TABLE IF NOT EXISTS captures (
        reference_id TEXT NOT NULL,
        capture_id TEXT NOT NULL,
        amount TEXT NOT NULL,
        PRIMARY KEY (reference_id, capture_id)
    );
    CREATE TABLE IF NOT EXISTS visits (
        session TEXT PRIMARY KEY,
        reference_id TEXT NOT NULL,
        application_id TEXT NOT NULL,
        began INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER))
    );
    CREATE TABLE IF NOT EXISTS tries (
        name TEXT NOT NULL,
        moment INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER))
    );
    CREATE INDEX IF NOT EXISTS tries_by_name ON tries (name);
"""


class Database:
    """
    A SQLite file that only this user of the machine may read: it holds account numbers.

    Args:
        file: The file; created if missing.

    Raises:
        PermissionError: Other users may read or write the file, or it belongs to one of them.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        _make_private(file)
        self.create(_SCHEMA)

    def create(self, schema: str) -> None:
        """Create tables that are missing; before the shop serves, because it blocks."""
        with closing(self._connect()) as connection:
            connection.executescript(schema)

    async def run(self, statement: str, *values: object) -> list[Row]:
        """Run one statement in a transaction of its own, and return its rows."""

        def run() -> list[Row]:
            with closing(self._connect()) as connection, connection:
                return connection.execute(statement, values).fetchall()

        return await asyncio.to_thread(run)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=10)


def _make_private(file: Path) -> None:
    """Create the file for its owner alone, or check that it is theirs; SQLite's others follow."""
    opened = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), _OWNER_ALONE)
    try:
        found = os.fstat(opened)
    finally:
        os.close(opened)
    if os.name != "posix":
        return
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        msg = f"{file} may be read or written by other users: chmod 600 it, as their owner"
        raise PermissionError(msg)
