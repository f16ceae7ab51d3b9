"""
`redis://` and its relatives: tokens shared by processes and hosts, on Redis or Valkey.

Every verb is one script on one key. A load goes to the primary only, and is repeated once over a
new connection; a swap is not, because its caller repeats it.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from typing import Any, Final, TypeVar, cast

import redis
from attrs import evolve
from redis.asyncio import RedisCluster
from redis.exceptions import NoPermissionError

from flexiti_async.errors import ConfigError, RecordUnreadable, StoreUnavailable
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.store.interface import MARKER_KEY, Entry, Life
from flexiti_stores._arguments import check_text, check_timeout
from flexiti_stores._certificates import tls_context
from flexiti_stores._loops import PerLoop
from flexiti_stores.redis.clients import Client, Opened, open_client
from flexiti_stores.redis.location import Location, parse_location
from flexiti_stores.redis.scripts import (
    LIFE,
    LOAD,
    SWAP,
    head_of,
    milliseconds,
    parse_record,
)

__all__ = ["RedisStore"]

_log: Final = logging.getLogger("flexiti_async.store.redis")
_T = TypeVar("_T")

ENDLESS: Final = "flexiti-endless"
"""Name of the set of the records that have no end."""

PAGE: Final = 1000
"""Keys that the server looks at in one round trip of a listing."""

CLUSTER_SINCE: Final = (8, 1)
"""The first redis-py whose cluster client gets a connection back when a call is cancelled."""

READ_LIFE: Final = "read the life"

_SAFE_POLICIES: Final = ("noeviction", "")
_RIGHTS: Final = "+info +time +sadd +srem +sscan +scan, with durable=aof-always +config|get"
_RESTARTS: Final = (
    "every restart of the server is another life: set appendonly yes and appendfsync always, and "
    "add ?durable=aof-always to the URL"
)


def _wrong_client(client: object) -> str:
    """Return what to do instead; the client is not shown, because a URL can hold a password."""
    if isinstance(client, str):
        return "RedisStore takes a client: use RedisStore.from_url(url), or store=url"
    if isinstance(client, redis.Redis | redis.RedisCluster):
        return "RedisStore takes an asynchronous client: create it with redis.asyncio"
    return f"RedisStore takes a client of redis.asyncio, not {type(client).__name__}"


def _check_cluster_client() -> None:
    """Raise ConfigError if redis-py loses connections, so that a few time-outs block the store."""
    if redis.VERSION < CLUSTER_SINCE:  # pyright: ignore[reportUnknownMemberType]
        msg = (
            f"redis+cluster:// needs redis-py 8.1 or newer, not {redis.__version__}: in older ones "
            "each call that is cancelled takes a connection for good"
        )
        raise ConfigError(msg, option="store")


class RedisStore:
    """
    Entries in Redis or Valkey.

    `RedisStore.from_url(url)` opens its own connections, for every event loop that uses it, and
    closes them in `aclose` or with the loop. `RedisStore(client)` uses a `redis.asyncio` client
    that stays yours: it is never closed, and its event loop, time-outs, pool and retries are what
    you made them.

    Args:
        client: The client to borrow.
        prefix: Of every key.
        timeout: Seconds after which an operation fails; its outcome is then unknown.

    Raises:
        ConfigError: An argument is of another type, `client` is no client of `redis.asyncio`, the
            certificates of a location cannot be loaded, or redis-py is too old for a cluster.
    """

    def __init__(
        self, client: Client | Location, *, prefix: str = "flexiti:", timeout: float = 0.5
    ) -> None:
        # Callers without a type checker may pass anything.
        if not isinstance(client, Client | Location):  # pyright: ignore[reportUnnecessaryIsInstance]
            problem = _wrong_client(client)
            del client  # a URL can hold a password, and this frame may end up in a traceback
            raise ConfigError(problem, option="store")
        check_text("prefix", prefix, "a text of visible characters")
        check_timeout(timeout)
        if isinstance(client, Location) and client.scheme == "redis+cluster":
            _check_cluster_client()
        self._client = client
        self._prefix = prefix
        self._timeout = timeout
        self._durable = isinstance(client, Location) and client.aof_always
        # `rediss` adds to the system's authorities, as redis-py does.
        files = client.tls if isinstance(client, Location) else None
        self._tls = None if files is None else tls_context(files, trust_system=True)
        self._opened: PerLoop[Opened] = PerLoop()
        self._warned: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._place()}>"

    @classmethod
    @sensitive_arguments
    def from_url(cls, url: str) -> "RedisStore":
        """
        Return a store that connects by itself; see `stores/README.md` for the forms of the URL.

        Raises:
            ConfigError: The URL is wrong, or names certificates that cannot be loaded.
        """
        location = parse_location(url)
        return cls(location, prefix=location.prefix, timeout=location.timeout)

    async def load(self, key: str) -> Entry | None:
        """Return the entry under a key; raises RecordUnreadable for a text that is not ours."""
        answer = await self._run("load", lambda client: _eval(client, LOAD, [self._name(key)]), 2)
        text, left, now = cast("tuple[str | bytes | None, int, str | bytes]", answer)
        if text is None:
            return None
        try:
            record = parse_record(_text(text))
        except UnicodeDecodeError:
            record = None
        if record is None:
            msg = f"a key of {self._place()} holds a text that this library did not write"
            raise RecordUnreadable(msg)
        age = record.age(
            now=float(_text(now)) if now else None,
            left=left / 1000 if left >= 0 else None,  # -1: a key that somebody has made permanent
        )
        return evolve(record.entry, age=age)

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write `entry` if what is stored is still `expected`, by version."""
        names = [self._name(key)]
        if self._is_one_slot():
            names += [self._name(ENDLESS), self._name(MARKER_KEY)]
        elif life is not None:
            raise self._spread()
        if life is not None and life.marker is None:
            return False
        arguments = [
            entry.version,
            "" if expected is None else expected.version,
            head_of(entry),
            entry.payload,
            milliseconds(entry.keep_for) if entry.keep_for is not None else "",
            *(("", "", "") if life is None else (life.marker, life.accepted, life.fingerprint)),
            "1" if self._durable else "",
        ]
        return bool(await self._run("swap", lambda client: _eval(client, SWAP, names, arguments)))

    async def keys(self, prefix: str, *, endless: bool = False) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`; the endless ones out of a set of their own."""
        if not self._is_one_slot():
            raise self._spread()
        pattern = re.sub(r"([\\*?\[\]^])", r"\\\1", self._name(prefix)) + "*"
        seen: set[str] = set()
        cursor = 0
        while True:
            cursor, page = await self._page(cursor, pattern, endless=endless)
            for name in page:
                key = _text(name).removeprefix(self._prefix)
                if key != ENDLESS and key not in seen:
                    seen.add(key)
                    yield key
            if not cursor:
                return

    async def life(self) -> Life:
        """
        Return marker and fingerprint; raises StoreUnavailable.

        Raises:
            ConfigError: The user lacks a right, `durable=aof-always` is not true of the server, or
                a cluster spreads the keys.
        """
        if not self._is_one_slot():
            raise self._spread()
        found = None
        with suppress(NoPermissionError):
            found = await self._run(READ_LIFE, self._read_life, 2)
        if found is None:
            msg = f"the user of {self._place()} lacks a right; a journal needs {_RIGHTS}"
            raise ConfigError(msg, option="journal")
        answer, settings = found
        if self._durable and settings != ("yes", "always"):
            msg = (
                f"{self._place()} is declared durable=aof-always, but has "
                f"appendonly {settings[0]}, appendfsync {settings[1]}"
            )
            raise ConfigError(msg, option="journal")
        fingerprint, marker, accepted, limit, policy = map(_text, answer)
        warnings: tuple[str, ...] = () if self._durable else (_RESTARTS,)
        if limit != "0" and policy not in _SAFE_POLICIES:
            if self._durable:
                msg = (
                    f"{self._place()} is declared durable=aof-always, but may evict records: "
                    f"maxmemory-policy is {policy}, and must be noeviction"
                )
                raise ConfigError(msg, option="journal")
            warnings += (f"maxmemory-policy is {policy}: records may be evicted; use noeviction",)
        self._warn(warnings)
        entry = Entry(marker, accepted, None) if marker else None
        return Life.of(entry, fingerprint, warnings=warnings)

    async def aclose(self) -> None:
        """Close the connections of this event loop; others are closed with their own loops."""
        opened = self._opened.get()
        if opened is not None:
            self._opened.drop(opened)
            await opened.turns.aclose()

    def _place(self) -> str:
        return str(self._client) if isinstance(self._client, Location) else "the borrowed client"

    def _name(self, key: str) -> str:
        return f"{self._prefix}{key}"

    def _is_one_slot(self) -> bool:
        """Return whether all keys are on one server, so that one script can compare several."""
        if isinstance(self._client, Location):
            spread = self._client.scheme == "redis+cluster"
        else:
            spread = isinstance(self._client, RedisCluster)
        return not spread or re.search(r"\{[^}]+\}", self._prefix) is not None

    def _spread(self) -> ConfigError:
        msg = "a journal on a cluster needs one hash tag in its prefix, as in ?prefix={flexiti}:"
        return ConfigError(msg, option="journal")

    def _warn(self, warnings: tuple[str, ...]) -> None:
        if warnings and warnings != self._warned:
            _log.warning("%s as a journal: %s", self._place(), "; ".join(warnings))
        self._warned = warnings

    async def _read_life(self, client: Client) -> tuple[Sequence[str | bytes], tuple[str, ...]]:
        durable = "1" if self._durable else ""
        answer = await _eval(client, LIFE, [self._name(MARKER_KEY), self._name(ENDLESS)], [durable])
        settings: list[str] = []
        for name in ("appendonly", "appendfsync") if self._durable else ():
            found = await cast("Any", client).config_get(name)
            settings += [_text(value) for value in found.values()]
        return cast("Sequence[str | bytes]", answer), tuple(settings)

    async def _page(
        self, cursor: int, pattern: str, *, endless: bool
    ) -> tuple[int, Sequence[str | bytes]]:
        return await self._run(
            "list", lambda client: self._scan(client, cursor, pattern, endless=endless), 2
        )

    async def _scan(
        self, client: Client, cursor: int, pattern: str, *, endless: bool
    ) -> tuple[int, Sequence[str | bytes]]:
        if endless:
            found = await cast("Any", client).sscan(
                self._name(ENDLESS), cursor, match=pattern, count=PAGE
            )
        elif isinstance(client, RedisCluster):
            node = client.get_node_from_key(self._prefix)
            found = await cast("Any", client).scan(
                cursor, match=pattern, count=PAGE, target_nodes=node
            )
        else:
            found = await cast("Any", client).scan(cursor, match=pattern, count=PAGE)
        position, page = found
        if isinstance(position, dict):  # by node, and one node was asked
            (position,) = cast("dict[str, int]", position).values()
        return position, page

    async def _run(
        self, verb: str, operation: Callable[[Client], Awaitable[_T]], tries: int = 1
    ) -> _T:
        """Run an operation, again over a new connection if it changes nothing and breaks."""
        sent = False

        async def attempt(opened: Opened | None) -> _T:
            nonlocal sent
            lent = nullcontext(cast("Client", self._client)) if opened is None else opened.turn()
            async with lent as client:
                sent = True
                return await operation(client)

        try:
            async with asyncio.timeout(self._timeout):
                # One for all tries: a store that is closed meanwhile must not be opened again.
                opened = await self._open()
                for _ in range(tries - 1):
                    with suppress(redis.ConnectionError):
                        return await attempt(opened)
                    if opened is not None:
                        await opened.drop_connections()
                return await attempt(opened)
        except StoreUnavailable:
            raise
        except NoPermissionError as error:
            if verb == READ_LIFE:
                raise
            kind, sent = type(error).__name__, False
        except (redis.ResponseError, UnicodeError) as error:
            # An answer, and no script writes before its last check; or nothing that can be sent.
            kind, sent = type(error).__name__, False
        except Exception as error:  # noqa: BLE001 - clients raise errors of many kinds
            # Their texts may quote addresses, user names and keys: only the kind is named.
            kind = type(error).__name__
        raise StoreUnavailable(f"{self._place()} failed to {verb}: {kind}", sent=sent)

    async def _open(self) -> Opened | None:
        """
        Return the client of the running loop; no other task runs in between.

        None for a borrowed one.
        """
        if not isinstance(self._client, Location):
            return None
        opened = self._opened.get()
        if opened is None:
            opened = await open_client(self._client, self._tls, self._opened.drop)
            self._opened.put(opened)
        return opened


async def _eval(
    client: Client, script: str, names: Sequence[str], arguments: Sequence[object] = ()
) -> object:
    answer: object = await cast("Any", client).eval(script, len(names), *names, *arguments)
    return answer


def _text(stored: str | bytes) -> str:
    return stored.decode() if isinstance(stored, bytes) else stored
