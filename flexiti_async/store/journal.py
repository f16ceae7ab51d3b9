"""
Begin a journal in a store, or accept a store that may have forgotten.

The marker is an ordinary record (`MARKER_KEY`): its version is the random id of this life, its
payload the fingerprint that a person has accepted. Only `flexiti-async journal init` and `journal
accept` write it, never a worker that finds none.
"""

from flexiti_async.errors import ConfigError
from flexiti_async.store.interface import (
    JOURNAL_PREFIX,
    MARKER_KEY,
    Entry,
    JournalStore,
    Life,
    SchemaStore,
    TokenStore,
)

__all__ = ["accept", "begin", "journal_store"]


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


async def accept(store: JournalStore, *, marker: str) -> Life:
    """
    Mark the store as it is now, whatever it may have forgotten; the life is another one then.

    Args:
        store: A store whose records somebody has compared with Flexiti.
        marker: A new random id (128 bit).

    Raises:
        ConfigError: The settings of the store cannot be trusted with a journal, or it is not intact
            afterwards: it rejected the marker, or has changed meanwhile.
        StoreUnavailable: It is down.
    """
    entry = Entry(marker, (await store.life()).fingerprint, None)
    # False: another process was faster, and its marker is as good.
    await store.swap(MARKER_KEY, entry, expected=await store.load(MARKER_KEY))
    life = await store.life()
    if not life.intact:
        msg = (
            f"the marker names {life.accepted} and the store is {life.fingerprint}: it rejected "
            "the marker, or has changed meanwhile; run `flexiti-async journal accept` again"
        )
        raise ConfigError(msg, option="journal")
    return life
