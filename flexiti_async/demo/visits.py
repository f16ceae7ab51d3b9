"""
Sessions of customers, and how often something may be tried.

A cookie holds a random session id and nothing else; what it stands for is in the shop's database,
under a hash of the id. So a session can be renewed: the old id is worthless from then on.
"""

import hashlib
import secrets
from typing import Final

from attrs import evolve, field, frozen

from flexiti_async.demo.database import Database

__all__ = ["LIFETIME", "WINDOW", "Tries", "Visit", "Visits", "new_reference_id"]

LIFETIME: Final = 24 * 60 * 60
"""Seconds after which a session ends."""
WINDOW: Final = 15 * 60
"""Seconds within which tries are counted."""


@frozen
class Visit:
    """
    A customer's session.

    Attributes:
        session_id: The value of the cookie.
        reference_id: Reference id of the cart, and of the checkout that pays for it.
        application_id: Reference id of the application for an account: a checkout of its own, so
            that a customer who leaves it halfway can still pay.
    """

    session_id: str = field(repr=False)
    reference_id: str
    application_id: str


def new_reference_id() -> str:
    """Draw a reference id, which also identifies a customer's cart."""
    return secrets.token_hex(16)


class Visits:
    """
    The sessions of all customers.

    Args:
        database: The shop's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, session_id: str) -> Visit | None:
        """Return the session with an id; None if there is none, or if it was renewed or ended."""
        rows = await self._database.run(
            "SELECT reference_id, application_id FROM visits "
            "WHERE session = ? AND began > strftime('%s', 'now') - ?",
            *(_hash(session_id), LIFETIME),
        )
        return Visit(session_id, *rows[0]) if rows else None

    async def begin(self) -> Visit:
        """Begin a session, and delete those that have ended."""
        await self._database.run(
            "DELETE FROM visits WHERE began <= strftime('%s', 'now') - ?", LIFETIME
        )
        visit = Visit(secrets.token_urlsafe(32), new_reference_id(), new_reference_id())
        await self._database.run(
            "INSERT INTO visits (session, reference_id, application_id) VALUES (?, ?, ?)",
            *(_hash(visit.session_id), visit.reference_id, visit.application_id),
        )
        return visit

    async def renew(self, visit: Visit) -> Visit:
        """Move a session to another id; the old one ends at once."""
        renewed = evolve(visit, session_id=secrets.token_urlsafe(32))
        await self._database.run(
            "UPDATE visits SET session = ? WHERE session = ?",
            *(_hash(renewed.session_id), _hash(visit.session_id)),
        )
        return renewed

    async def begin_anew(self, visit: Visit) -> Visit:
        """Give a session's cart another reference id, because its checkout has ended."""
        changed = evolve(visit, reference_id=new_reference_id())
        await self._database.run(
            "UPDATE visits SET reference_id = ? WHERE session = ?",
            *(changed.reference_id, _hash(visit.session_id)),
        )
        return changed

    async def begin_application(self, visit: Visit) -> Visit:
        """Give a session another application."""
        changed = evolve(visit, application_id=new_reference_id())
        await self._database.run(
            "UPDATE visits SET application_id = ? WHERE session = ?",
            *(changed.application_id, _hash(visit.session_id)),
        )
        return changed

    async def end(self, visit: Visit) -> None:
        """End a session."""
        await self._database.run("DELETE FROM visits WHERE session = ?", _hash(visit.session_id))


class Tries:
    """
    Counts tries, so that nobody can guess numbers or passwords for long.

    Args:
        database: The shop's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def spend(self, name: str, most: int) -> bool:
        """
        Count a try; False if there were `most` within the window already.

        Args:
            name: What is tried, and by whom.
            most: Number of tries within the window.
        """
        await self._database.run(
            "DELETE FROM tries WHERE moment <= strftime('%s', 'now') - ?", WINDOW
        )
        # One statement, so that tries at the same time are all counted.
        spent = await self._database.run(
            "INSERT INTO tries (name) "
            "SELECT ? WHERE (SELECT count(*) FROM tries WHERE name = ?) < ? RETURNING 1",
            *(_hash(name), _hash(name), most),
        )
        return bool(spent)

    async def clear(self, name: str) -> None:
        """Forget the tries: the last one succeeded."""
        await self._database.run("DELETE FROM tries WHERE name = ?", _hash(name))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
