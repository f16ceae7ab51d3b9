"""Pending operations that are too young for anybody to say that they did not run."""

from attrs import frozen

from flexiti_async.errors import RecordUnreadable
from flexiti_async.operations.journal import SETTLE, Found, Journal
from flexiti_async.operations.operation import Operation, operation_of
from flexiti_async.operations.record import LONGEST_DEADLINE, Phase
from flexiti_async.store.interface import JournalStore

__all__ = ["Unsettled", "unsettled"]


@frozen
class Unsettled:
    """
    A pending operation that is too young.

    Attributes:
        operation_id: Its id.
        operation: The operation; None if it cannot be opened.
        seconds: Seconds for which its request may still be executed.
    """

    operation_id: str
    operation: Operation | None
    seconds: float


async def unsettled(store: JournalStore, journal: Journal) -> list[Unsettled]:
    """
    Return the pending operations of all accounts that are younger than their deadline and SETTLE.

    The deadline of a record that cannot be opened is not known: it counts as the longest, a day.

    Args:
        store: The journal's store.
        journal: Reads its records.

    Raises:
        StoreUnavailable: The store is down.
    """
    young: list[Unsettled] = []
    async for key in journal.keys(endless=True):
        identity = key[-32:]
        operation: Operation | None = None
        try:
            found = await journal.read(identity)
        except RecordUnreadable:
            entry = await store.load(key)
            age = entry.age if entry is not None else None
            seconds = LONGEST_DEADLINE + SETTLE - (age or 0.0)
        else:
            seconds, operation = _left(journal, found)
        if seconds > 0:
            young.append(Unsettled(identity, operation, seconds))
    return young


def _left(journal: Journal, found: Found) -> tuple[float, Operation | None]:
    record = found.record
    if record is None or record.phase is not Phase.PENDING:
        return 0.0, None
    return journal.early(found, settle=SETTLE), operation_of(record)
