"""Check the token store with a key of the doctor's own, and read the tokens in it."""

import secrets
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from flexiti_async import (
    ConfigError,
    FlexitiConfig,
    OnStoreFailure,
    Scope,
    Secret,
    StoreError,
    open_store,
)
from flexiti_async.cli.doctor.finding import Finding, error, good, note, warning
from flexiti_async.cli.output import is_scheme, mask_store
from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.config.parsing import is_loopback
from flexiti_async.integrations.serving import several_workers
from flexiti_async.store.encryption import PLAIN
from flexiti_async.store.sealed import SealedStore
from flexiti_async.tokens.record import VERSION, TokenKey
from flexiti_async.tokens.record_store import RecordStore

__all__ = ["check_store"]

_STORE: Final = "store"
_KEEP_FOR: Final = 60.0
_OPERATIONS: Final = 6
"""Number of operations in `_round_trip`."""
_MARK: Final = "flexiti-async doctor was here"
_OUTAGES: Final = {
    (True, OnStoreFailure.DEGRADE): "no checkout can be finished, and none started: the journal is "
    "in it, and no call moves money without the journal; other calls go on, with tokens that are "
    "not shared",
    (True, OnStoreFailure.RAISE): "no checkout can be finished, and none started: the journal is "
    "in it, and no call moves money without the journal; other calls fail as soon as they need a "
    "new token",
    (False, OnStoreFailure.DEGRADE): "no checkout can be resumed: only the process that has it in "
    "memory can finish it; all other calls go on, with tokens that are not shared",
    (False, OnStoreFailure.RAISE): "no checkout can be started or resumed; other calls fail as "
    "soon as they need a new token",
}
"""Consequences by whether the journal is in the store, and by `on_store_failure`."""
_SHARED: Final = "with several workers use file:// (one host), postgresql:// or redis:// (several)"
_BROKEN: Final = (
    "do not use this store: two processes could overwrite each other (StoreContract shows how)"
)


class _BrokenStoreError(Exception):
    """A store breaks the contract of `TokenStore`; the text says how."""


async def check_store(config: FlexitiConfig) -> AsyncIterator[Finding]:
    """Check a store: which processes share it, whether it works, and who can read it."""
    for finding in _place(config):
        yield finding
    try:
        store = open_store(config.store)
        sealed_store = SealedStore(store, timeout=config.store_timeout, keys=config.token_keys)
    except ConfigError as failure:
        yield error(
            _STORE,
            str(failure),
            "correct `store` and `token_keys`, or install the extra of the store",
        )
        return
    try:
        for finding in _folder(config):
            yield finding
        async for finding in _trials(config, sealed_store):
            yield finding
        if not is_scheme(config.store, "memory"):  # which ends with its process
            yield note(_STORE, _outage(config))
    except StoreError as failure:
        yield error(_STORE, f"{failure}; {_outage(config)}", "start it, or correct `store`")
    finally:
        await store.aclose()


def _outage(config: FlexitiConfig) -> str:
    """Return the consequences of an outage of the store, with this configuration."""
    shared = config.journal is None or config.journal == config.store
    return f"with this store down {_OUTAGES[shared, config.on_store_failure]}"


async def _trials(config: FlexitiConfig, sealed_store: SealedStore) -> AsyncIterator[Finding]:
    key = f"flexiti-doctor-{secrets.token_hex(20)}"
    began = SYSTEM_CLOCK.boot()
    try:
        await _round_trip(sealed_store, key)
    except _BrokenStoreError as failure:
        yield error(_STORE, str(failure), _BROKEN)
        return
    seconds = (SYSTEM_CLOCK.boot() - began) / _OPERATIONS
    yield good(_STORE, f"stores, compares and swaps entries; {seconds * 1000:.1f} ms per operation")
    entry = (await sealed_store.load(key)).entry
    if entry is not None and entry.age is None:
        yield note(_STORE, "does not report ages: claims of dead processes are noticed later")
    sealed = entry is not None and _MARK not in entry.payload
    yield _encryption(config, sealed=sealed)
    for scope in Scope:
        finding = await _record(config, sealed_store, scope)
        if finding is not None:
            yield finding


async def _round_trip(sealed_store: SealedStore, key: str) -> None:
    """Write, replace, and fail to replace a stale entry; raises _BrokenStoreError."""
    first = sealed_store.entry(key, _MARK, keep_for=_KEEP_FOR)
    second = sealed_store.entry(key, _MARK, keep_for=_KEEP_FOR)
    empty = await sealed_store.load(key)
    _expect(empty.entry is None, "returns an entry for a key that was never written")
    taken = await sealed_store.swap(key, first, expected=None)
    _expect(taken, "rejects a write: is it read-only, or full?")
    taken = await sealed_store.swap(key, second, expected=None)
    _expect(not taken, "overwrites an existing entry although none was expected")
    loaded = await sealed_store.load(key)
    same = loaded.entry is not None and loaded.entry.version == first.version
    _expect(same and loaded.text == _MARK, "does not return what was written")
    taken = await sealed_store.swap(key, second, expected=loaded.entry)
    _expect(taken, "does not replace the entry that was just loaded")
    taken = await sealed_store.swap(key, first, expected=loaded.entry)
    _expect(not taken, "replaces an entry although another one was expected")


def _expect(holds: bool, problem: str) -> None:  # noqa: FBT001 - reads like an assertion
    if not holds:
        raise _BrokenStoreError(problem)


def _place(config: FlexitiConfig) -> Iterator[Finding]:
    """Report which processes share a store, judging by its URL."""
    if not isinstance(config.store, Secret):
        yield note(_STORE, f"an object: {type(config.store).__name__}")
        return
    url = config.store.reveal()
    shown, scheme = mask_store(url), url.partition(":")[0].lower()
    if scheme == "memory":
        text = (
            f"{shown} is not shared, it is of one process: other workers, and this one after a "
            "restart, know neither its tokens nor its checkouts"
        )
        # A trial with the sandbox has one process, unless a number of workers is set.
        trial = is_loopback(urlsplit(config.api_url).hostname or "") and not several_workers()
        yield (note if trial else warning)(_STORE, text, _SHARED)
    elif scheme == "file":
        yield note(_STORE, f"{shown} is shared by processes of one user on this host")
    else:
        yield note(_STORE, f"{shown} is shared by all processes that can reach it")


def _folder(config: FlexitiConfig) -> Iterator[Finding]:
    """Check whether other users can access a folder store; opening it has created it."""
    if not is_scheme(config.store, "file"):
        return
    path = Path(unquote(urlsplit(config.store.reveal()).path))
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        text = f"other users can access {path} (mode {mode:04o})"
        yield warning(_STORE, text, f"chmod 700 {path}")
    else:
        yield good(_STORE, f"only its owner can access {path} (mode {mode:04o})")


def _encryption(config: FlexitiConfig, *, sealed: bool) -> Finding:
    plain = Secret(PLAIN) in config.token_keys
    if sealed and plain:
        text = "its entries are encrypted, and entries in plain text are trusted as well"
        return warning(_STORE, text, "remove `plain` from token_keys after the rollout")
    if sealed:
        return good(_STORE, f"its entries are encrypted ({len(config.token_keys)} keys)")
    advice = "`flexiti-async keys generate` generates a key for token_keys"
    if is_scheme(config.store, "memory"):
        return good(_STORE, "its entries are plain text, in this process's memory only")
    return warning(
        _STORE, "its entries are plain text: anyone who reads them can use the tokens", advice
    )


async def _record(config: FlexitiConfig, sealed_store: SealedStore, scope: Scope) -> Finding | None:
    """Check the record of a token, if there is one."""
    key = TokenKey.of(config, scope)
    record = RecordStore(
        key.store_key, sealed_store, SYSTEM_CLOCK, token_timeout=config.token_timeout
    )
    try:
        seen = await record.read()
    except StoreError as failure:
        advice = "use the same token_keys and the same release of this library in all processes"
        return error(_STORE, f"the {scope.value} token cannot be read: {failure}", advice)
    if seen.entry is None:
        return None
    return good(_STORE, f"a {scope.value} token is stored and readable (format {VERSION})")
