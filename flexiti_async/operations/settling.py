"""Operations that are too young for anybody to say that they did not run."""

from typing import Final

from attrs import frozen

from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import RecordUnreadable
from flexiti_async.operations.journal import SETTLE, Journal
from flexiti_async.operations.operation import Operation, operation_of
from flexiti_async.operations.record import LONGEST_DEADLINE, Phase
from flexiti_async.store.interface import JournalStore

__all__ = ["PendingOperation", "operation_deadline", "pending_operations"]

_DEADLINE: Final = 22.0
"""The deadline with the time-outs by default."""


def operation_deadline(config: FlexitiConfig | None, timeout: float | None = None) -> float:
    """
    Return the seconds from a claim after which nothing is sent.

    Args:
        config: The configuration; None for the one by default.
        timeout: Seconds that the request may take, if not `request_timeout`.
    """
    if config is None:
        return _DEADLINE
    request = config.request_timeout if timeout is None else timeout
    return request + config.connect_timeout + 2 * config.store_timeout


@frozen
class PendingOperation:
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


async def pending_operations(store: JournalStore, journal: Journal) -> list[PendingOperation]:
    """
    Return the pending operations of all accounts, with what is left of their deadline and SETTLE.

    The deadline of a record that cannot be opened is not known: it counts as the longest, a day.

    Args:
        store: The journal's store.
        journal: Reads its records.

    Raises:
        StoreUnavailable: The store is down.
    """
    pending: list[PendingOperation] = []
    async for key in journal.keys(endless=True):
        identity = key[-32:]
        try:
            found = await journal.read(identity)
        except RecordUnreadable:
            entry = await store.load(key)
            age = entry.age if entry is not None else None
            seconds = max(LONGEST_DEADLINE + SETTLE - (age or 0.0), 0.0)
            pending.append(PendingOperation(identity, None, seconds))
            continue
        if found.record is not None and found.record.phase is Phase.PENDING:
            seconds = journal.early(found, settle=SETTLE)
            pending.append(PendingOperation(identity, operation_of(found.record), seconds))
    return pending
