"""
The shop's own books: what was ordered, under the reference id of the checkout that pays for it.

A checkout ends with its token, after some minutes; what the shop has to know for longer is here.
Each method changes one thing, so two workers that serve the same order lose nothing of each other.
"""

import asyncio
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from attrs import frozen

__all__ = ["PRICE", "Captured", "Order", "OrderBook", "new_reference_id"]

PRICE: Final = Decimal("649.00")
"""Of a desk, in dollars, taxes included."""

_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS orders (
        reference_id TEXT PRIMARY KEY,
        number TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        account_number TEXT,
        sent INTEGER NOT NULL DEFAULT 0,
        authorization_id TEXT
    );
    CREATE TABLE IF NOT EXISTS captures (
        reference_id TEXT NOT NULL,
        capture_id TEXT NOT NULL,
        amount TEXT NOT NULL
    );
"""


_Row = tuple[Any, ...]


@frozen
class Captured:
    """
    Money that was taken.

    Attributes:
        capture_id: Its number at Flexiti; empty if the answer had none.
        amount: Dollars.
    """

    capture_id: str
    amount: Decimal


@frozen
class Order:
    """
    An order.

    Attributes:
        reference_id: The checkout's.
        number: What customers and Flexiti know it by.
        quantity: How many desks.
        account_number: Whose account is to pay, as the customer has said.
        sent: Whether an authorization was sent: from then on only its outcome leads on.
        authorization_id: The authorization, once there is one.
    """

    reference_id: str
    number: str
    quantity: int
    account_number: str | None
    sent: bool
    authorization_id: str | None

    @property
    def total(self) -> Decimal:
        """Dollars."""
        return PRICE * self.quantity


def new_reference_id() -> str:
    """Draw a reference id, which is also the number of a customer's cart."""
    return secrets.token_hex(16)


class OrderBook:
    """
    The orders of the shop, in a file that all its workers share.

    Args:
        file: Where; it is made if it is not there.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        with closing(self._connect()) as connection:
            connection.executescript(_SCHEMA)

    async def find(self, reference_id: str) -> Order:
        """Give an order, or an empty cart if there is none."""
        rows = await self._do("SELECT * FROM orders WHERE reference_id = ?", reference_id)
        for _, number, quantity, account_number, sent, authorization_id in rows:
            return Order(
                reference_id, number, quantity, account_number, bool(sent), authorization_id
            )
        return Order(reference_id, _new_number(), 1, None, sent=False, authorization_id=None)

    async def has(self, reference_id: str) -> bool:
        """Tell whether there is an order."""
        found = "SELECT 1 FROM orders WHERE reference_id = ?"
        return bool(await self._do(found, reference_id))

    async def fill(self, order: Order, quantity: int) -> None:
        """Put some desks into the cart, unless it is being paid for."""
        await self._do(
            "INSERT INTO orders (reference_id, number, quantity) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET quantity = excluded.quantity WHERE sent = 0",
            *(order.reference_id, order.number, quantity),
        )

    async def name_account(self, reference_id: str, account_number: str) -> None:
        """Note whose account is to pay."""
        await self._do(
            "UPDATE orders SET account_number = ? WHERE reference_id = ?",
            *(account_number, reference_id),
        )

    async def note_sent(self, reference_id: str, *, sent: bool) -> None:
        """Note that an authorization is about to be sent, or that it did not come to that."""
        await self._do(
            "UPDATE orders SET sent = ? WHERE reference_id = ?", *(int(sent), reference_id)
        )

    async def note_authorization(self, reference_id: str, authorization_id: str) -> None:
        """Note the authorization."""
        await self._do(
            "UPDATE orders SET authorization_id = ?, sent = 1 WHERE reference_id = ?",
            *(authorization_id, reference_id),
        )

    async def note_capture(self, reference_id: str, capture_id: str, amount: Decimal) -> None:
        """Note that money was taken."""
        await self._do(
            "INSERT INTO captures VALUES (?, ?, ?)", *(reference_id, capture_id, str(amount))
        )

    async def captures(self, reference_id: str) -> list[Captured]:
        """Give what was captured of an order."""
        rows = await self._do(
            "SELECT capture_id, amount FROM captures WHERE reference_id = ?", reference_id
        )
        return [Captured(capture_id, Decimal(amount)) for capture_id, amount in rows]

    async def _do(self, statement: str, *values: object) -> list[_Row]:
        return await asyncio.to_thread(self._run, statement, values)

    def _run(self, statement: str, values: Sequence[object]) -> list[_Row]:
        with closing(self._connect()) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=10)


def _new_number() -> str:
    return f"D-{secrets.token_hex(4).upper()}"
