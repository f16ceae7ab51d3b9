"""
Begin a journal in a store, or accept a store that may have forgotten.

The marker is an ordinary record (`MARKER_KEY`): its version is the random id of this life, its
payload the fingerprint that a person has accepted. Only `flexiti-async journal init` and `journal
accept` write it, never a worker that finds none.

Beside it is the record of the past (`PAST_KEY`): since when the present life is known to have
forgotten, and the ids that it was accepted over.
"""

import json
from collections.abc import Iterable
from typing import Final

from attrs import evolve, frozen

from flexiti_async.errors import ConfigError
from flexiti_async.store.interface import (
    JOURNAL_PREFIX,
    MARKER_KEY,
    PAST_KEY,
    Entry,
    JournalStore,
    Life,
    SchemaStore,
    TokenStore,
)

__all__ = ["accept", "begin", "is_accepted_over", "journal_store", "notice"]

_MOST_IDS: Final = 16
"""Past ids that are kept: a process that has seen an older one has to be started again."""


@frozen
class _Past:
    """
    The past of a life.

    Attributes:
        marker: The id of that life; None without one.
        fingerprint: The fingerprint of its store.
        at: When it was first seen to have forgotten, by a wall clock; None if it was accepted.
        over: The ids that it was accepted over, or will be.
    """

    marker: str | None
    fingerprint: str
    at: float | None
    over: tuple[str, ...] = ()

    def with_ids(self, ids: Iterable[str | None]) -> "_Past":
        """Return it with more ids, each once, the newest last."""
        return evolve(
            self, over=tuple(dict.fromkeys([*self.over, *filter(None, ids)]))[-_MOST_IDS:]
        )

    def entry(self, version: str) -> Entry:
        """Return its entry."""
        fields = [self.marker, self.fingerprint, self.at, self.over]
        return Entry(version, json.dumps(fields), None)


def _past(entry: Entry | None) -> _Past | None:
    """Read the record; one that cannot be read counts as absent."""
    try:
        marker, fingerprint, at, over = json.loads(entry.payload if entry else "null")
        read = _Past(None if marker is None else str(marker), str(fingerprint), None)
        read = evolve(read, at=None if at is None else float(at))
        return read.with_ids(map(str, over))
    except (TypeError, ValueError):
        return None


def journal_store(store: TokenStore) -> JournalStore:
    """
    Return the store as one that can keep a journal.

    Raises:
        ConfigError: It cannot list its keys, or does not know when it may have forgotten.
    """
    if isinstance(store, JournalStore):
        return store
    missing = " and ".join(verb for verb in ("keys", "life") if not hasattr(store, verb))
    msg = f"{type(store).__name__} cannot keep a journal: it has no {missing}()"
    raise ConfigError(msg, option="journal")


async def begin(store: JournalStore, *, marker: str) -> Life:
    """
    Create the schema where there is one, and write the marker, once.

    Args:
        store: A store without records of a journal. One that is marked already, and has not
            forgotten since, is left as it is.
        marker: A new random id (128 bit).

    Raises:
        ConfigError: The store holds records of a journal without a marker, or its fingerprint has
            changed since it was marked.
        StoreUnavailable: It is down.
    """
    if isinstance(store, SchemaStore):
        await store.create_schema()
    life = await store.life()
    if life.marker is None:
        async for key in store.keys(JOURNAL_PREFIX):
            if (await store.life()).marker is not None:
                break  # another process has begun it meanwhile, and uses it
            msg = (
                f"the store holds records of a journal ({key} among them) but no marker: it may "
                "have lost others; compare with Flexiti, then run `flexiti-async journal accept`"
            )
            raise ConfigError(msg, option="journal")
        # False: another process was faster, and its marker is the one.
        await store.swap(MARKER_KEY, Entry(marker, life.fingerprint, None), expected=None)
        life = await store.life()
    if not life.intact:
        msg = (
            f"the journal was begun as {life.accepted} and is {life.fingerprint} now: it may have "
            "forgotten; compare with Flexiti, then run `flexiti-async journal accept`"
        )
        raise ConfigError(msg, option="journal")
    return life


async def notice(
    store: JournalStore, *, known: str | None = None, version: str, at: float
) -> float:
    """
    Record that the present life has forgotten, or is to be accepted; return the seconds since then.

    A record that the store has lost may belong to a request that is still being executed, so an
    acceptance counts from here. The smaller of the store's age and the wall clock's distance is
    returned; unknown and negative ones count as 0.

    Args:
        store: The store.
        known: The id that this process has seen before.
        version: Of a new record; random (128 bit).
        at: Now, in seconds since the epoch.

    Raises:
        StoreUnavailable: It is down.
    """
    life = await store.life()
    entry = await store.load(PAST_KEY)
    past = _past(entry) or _Past(None, "", None)
    here = _Past(life.marker, life.fingerprint, at, past.over).with_ids([life.marker, known])
    same = (past.marker, past.fingerprint) == (here.marker, here.fingerprint)
    if entry is None or past.at is None or not same or past.over != here.over:
        await store.swap(PAST_KEY, here.entry(version), expected=entry)
        return 0.0
    return max(min(0.0 if entry.age is None else entry.age, at - past.at), 0.0)


async def is_accepted_over(store: JournalStore, life: Life, known: str) -> bool:
    """
    Whether a person has accepted this life in place of one that a process has seen before.

    Args:
        store: The store.
        life: Its present life.
        known: The id that the process has seen.

    Raises:
        StoreUnavailable: It is down.
    """
    past = _past(await store.load(PAST_KEY))
    return (
        past is not None
        and past.at is None
        and (past.marker, past.fingerprint) == (life.marker, life.fingerprint)
        and known in past.over
    )


async def accept(store: JournalStore, *, marker: str) -> Life:
    """
    Mark the store as it is now, whatever it may have forgotten; the life is another one then.

    Calls that were begun before end as they would have; sessions begin new ones in the new life.

    Args:
        store: A store whose records somebody has compared with Flexiti.
        marker: A new random id (128 bit).

    Raises:
        ConfigError: The settings of the store cannot be trusted with a journal, or it is not intact
            afterwards: it rejected the marker, or has changed meanwhile.
        StoreUnavailable: It is down.
    """
    fingerprint = (await store.life()).fingerprint
    before, noticed = await store.load(MARKER_KEY), await store.load(PAST_KEY)
    past = _Past(marker, fingerprint, None, getattr(_past(noticed), "over", ()))
    past = past.with_ids([before.version if before else None])
    # False: another process was faster, and its marker is as good. Its past is another one, so
    # processes that have seen an older marker have to be started again.
    await store.swap(PAST_KEY, past.entry(marker), expected=noticed)
    await store.swap(MARKER_KEY, Entry(marker, fingerprint, None), expected=before)
    life = await store.life()
    if not life.intact:
        msg = (
            f"the marker names {life.accepted} and the store is {life.fingerprint}: it rejected "
            "the marker, or has changed meanwhile; run `flexiti-async journal accept` again"
        )
        raise ConfigError(msg, option="journal")
    return life
