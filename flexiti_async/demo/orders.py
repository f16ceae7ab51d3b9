"""
The shop's own orders, by the reference id of the checkout that pays for them.

A checkout ends with its token, after some minutes; the shop has to keep its orders for longer. Each
method changes one thing, so two workers that serve the same order do not overwrite each other.
"""

import secrets
from decimal import Decimal
from typing import Final

from attrs import field, frozen

from flexiti_async.demo.database import Database, Row

__all__ = ["PRICE", "Captured", "Order", "OrderBook"]

PRICE: Final = Decimal("649.00")
"""Price of a desk in dollars, including taxes."""


@frozen
class Captured:
    """
    A capture.

    Attributes:
        capture_id: Flexiti's id of it; empty if the answer had none.
        amount: Amount in dollars.
    """

    capture_id: str
    amount: Decimal


@frozen
class Order:
    """
    An order.

    Attributes:
        reference_id: Reference id of the checkout.
        number: Order number, for customers and for Flexiti; the idempotency key of its payment.
        quantity: Number of desks.
        account_number: Account number that the customer entered; empty if Flexiti has not found
            the customer verified for it, so that the widget has to be repeated.
        sent: Whether an authorization was sent: from then on only its outcome counts.
        authorization_id: Flexiti's id of the authorization, once it is known.
    """

    reference_id: str
    number: str
    quantity: int
    account_number: str | None = field(repr=False)
    sent: bool
    authorization_id: str | None

    @property
    def total(self) -> Decimal:
        """Total in dollars."""
        return PRICE * self.quantity


class OrderBook:
    """
    The orders of the shop.

    Args:
        database: The shop's database.
    """

    def __init__(self, database: Database) -> None:
        self._do = database.run

    async def find(self, reference_id: str) -> Order:
        """Return an order, or a new cart if it is missing."""
        rows = await self._do("SELECT * FROM orders WHERE reference_id = ?", reference_id)
        for row in rows:
            return _order(row)
        return Order(reference_id, _new_number(), 1, None, sent=False, authorization_id=None)

    async def numbered(self, number: str) -> Order | None:
        """Return the authorized order with a number; None if there is none."""
        rows = await self._do(
            "SELECT * FROM orders WHERE number = ? AND authorization_id IS NOT NULL", number
        )
        return _order(rows[0]) if rows else None

    async def authorized(self) -> list[Order]:
        """Return the last hundred orders with an authorization, the newest first."""
        rows = await self._do(
            "SELECT * FROM orders WHERE authorization_id IS NOT NULL ORDER BY rowid DESC LIMIT 100"
        )
        return [_order(row) for row in rows]

    async def fill(self, order: Order, quantity: int) -> None:
        """Set the number of desks, unless the order is being paid."""
        await self._do(
            "INSERT INTO orders (reference_id, number, quantity) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET quantity = excluded.quantity WHERE sent = 0",
            *(order.reference_id, order.number, quantity),
        )

    async def begin_payment(self, order: Order) -> bool:
        """
        Mark an order as being paid, at this amount; False if its amount is another one by now.

        One statement, and a marked order keeps its amount: a customer who fills the cart in another
        tab meanwhile pays for all of it, or chooses again.
        """
        changed = await self._do(
            "UPDATE orders SET sent = 1 WHERE reference_id = ? AND quantity = ? RETURNING 1",
            *(order.reference_id, order.quantity),
        )
        return bool(changed)

    async def end_payment(self, reference_id: str) -> None:
        """Record that the authorization was not executed: the customer may choose again."""
        await self._do(
            "UPDATE orders SET sent = 0 WHERE reference_id = ? AND authorization_id IS NULL",
            reference_id,
        )

    async def name_account(self, reference_id: str, account_number: str) -> None:
        """Record the account that pays."""
        await self._do(
            "UPDATE orders SET account_number = ? WHERE reference_id = ?",
            *(account_number, reference_id),
        )

    async def note_refusal(self, order: Order, choice: str) -> None:
        """Record that the account's credit does not reach for a choice of the plans."""
        await self._do(
            "INSERT OR IGNORE INTO refusals VALUES (?, ?, ?, ?)",
            *(order.reference_id, order.account_number, order.quantity, choice),
        )

    async def refused(self, order: Order) -> list[str]:
        """Return the choices for which the account's credit does not reach, at this amount."""
        rows = await self._do(
            "SELECT choice FROM refusals "
            "WHERE reference_id = ? AND account_number = ? AND quantity = ?",
            *(order.reference_id, order.account_number, order.quantity),
        )
        return [choice for (choice,) in rows]

    async def note_authorization(self, reference_id: str, authorization_id: str) -> None:
        """Record the authorization."""
        await self._do(
            "UPDATE orders SET authorization_id = ?, sent = 1 WHERE reference_id = ?",
            *(authorization_id, reference_id),
        )

    async def note_capture(self, reference_id: str, capture_id: str, amount: Decimal) -> None:
        """Record a capture; the answer of a second click is the same one."""
        await self._do(
            "INSERT OR IGNORE INTO captures VALUES (?, ?, ?)",
            *(reference_id, capture_id, str(amount)),
        )

    async def captures(self, reference_id: str) -> list[Captured]:
        """Return the captures of an order."""
        rows = await self._do(
            "SELECT capture_id, amount FROM captures WHERE reference_id = ?", reference_id
        )
        return [Captured(capture_id, Decimal(amount)) for capture_id, amount in rows]


def _order(row: Row) -> Order:
    reference_id, number, quantity, account_number, sent, authorization_id = row
    return Order(reference_id, number, quantity, account_number, bool(sent), authorization_id)


def _new_number() -> str:
    return f"D-{secrets.token_hex(4).upper()}"
