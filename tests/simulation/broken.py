"""
Fixes of the library, taken out one at a time: the simulation must find each.

Each is a list of names that are replaced while histories run.

Outside of its reach is what its models leave out, or no rule of it counts:

| kind of fix | why | tests |
|---|---|---|
| kept connections, TLS, proxies, the moment before the first byte | no sockets | `transport` |
| locks, modes and disks of files; drivers of servers | models | `stores`, `ledger` |
| forks, threads, several loops in a process | one loop | `session`, `processes` |
| encryption, rotation of keys and credentials | one configuration | `store`, `processes` |
| odd answers, and what is checked before a call | sound bodies | `api`, `hostile`, `fuzz` |
| how many tokens are requested | not counted | `tokens`, `processes`, `versions` |
| how soon a waiting caller has its answer | its deadline only | `tokens`, `operations` |
| a repeated call has its budget | its own plan | `simulation/test_outage.py` |
| texts, logs, events, masks | off | `events`, `errors`, `canaries` |

Some fixes back each other up, so that no rule breaks without one of them: the deadline of an
operation beside the last look into the journal; the moment of a token's mint beside what a process
knew of the token; the patience of a process beside the deadline of its callers. They are taken out
together here, or have their own tests in `operations` and `tokens`. So have the ranks of answers
(`supersede`) and a mark as pinned that a store has lost, for which no history was found.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from attrs import evolve, frozen

from flexiti_async import clock
from flexiti_async.clock import Instant
from flexiti_async.errors import RecordUnreadable, StoreError, StoreUnavailable
from flexiti_async.operations import execution
from flexiti_async.operations.claim import Claim
from flexiti_async.operations.execution import Execution
from flexiti_async.operations.journal import Found, Journal
from flexiti_async.operations.keys import store_key
from flexiti_async.operations.record import Phase
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Token
from flexiti_async.store.interface import Entry, Life
from flexiti_async.store.sealed import SealedStore
from flexiti_async.tokens.record import StoredToken
from flexiti_async.tokens.refresh import Refresh
from flexiti_async.tokens.refresh_tokens import RefreshTokens
from flexiti_async.tokens.snapshot import AgeTracker, Snapshot
from flexiti_async.transport import pool
from flexiti_async.transport.client import Sending, TokenSource

from .shop import DEADLINE

__all__ = ["BROKEN", "Fix"]

T = TypeVar("T")


@frozen
class Fix:
    """
    A fix, and how it is taken out.

    Attributes:
        rule: The rule that is broken without it.
        seed: A seed that finds it.
        patches: The objects, and the attributes of them that are replaced.
    """

    rule: str
    seed: int
    patches: tuple[tuple[object, Mapping[str, object]], ...]


_swap = Journal.swap
_read = Journal.read


async def _any_life(self: Journal) -> Life:
    return await self._sealed.life()


async def _swap_in_any_life(self: Journal, *parameters: Any, **options: Any) -> bool:
    return await _swap(self, *parameters, **{**options, "life": None})


async def _swap_once(
    self: Journal,
    operation_id: str,
    entry: Entry,
    **options: Any,
) -> bool:
    try:
        options["within"] = 0.0
        return await _swap(self, operation_id, entry, **options)
    except StoreError:
        return True


async def _unreadable_is_absent(self: Journal, operation_id: str) -> Found:
    try:
        return await _read(self, operation_id)
    except RecordUnreadable:
        loaded = await self._sealed.load(store_key(operation_id))
        return Found(loaded.entry)


_claim = Claim.__init__


def _never_doubtful(self: Claim, *parameters: Any, **options: Any) -> None:
    _claim(self, *parameters, **options)
    object.__setattr__(self, "doubtful", False)


async def _with_its_own_errors(
    self: SealedStore, _: str, operation: Callable[[], Awaitable[T]], **__: object
) -> T:
    async with asyncio.timeout(self._timeout):
        return await operation()


async def _without_a_limit(
    _: SealedStore, __: str, operation: Callable[[], Awaitable[T]], **___: object
) -> T:
    try:
        return await operation()
    except ValueError as error:
        text = "a driver's own error"
        raise StoreUnavailable(text) from error


async def _without_a_look(
    self: Execution[T], _: Claim, __: Life, token: Token, source: TokenSource
) -> T:
    return await self.asked.client.call(
        self.asked.call,
        self.asked.reference_id,
        token,
        source,
        within=DEADLINE,
        sending=self._sending,
    )


_life = Snapshot.life


def _by_the_entry(self: Snapshot, token: StoredToken) -> float:
    return _life(evolve(self, known_life=None), evolve(token, minted=None))


def _forget(*_: object, **__: object) -> None:
    """Keep nothing."""


_take_refresh_token = Refresh._take_refresh_token


async def _newest_out(self: Any) -> None:  # noqa: ANN401 - its private parts
    without = self._carrying(self._failure)
    await self._context.record.write(without, expected=self._claim)


def _pinned_or_not(self: Refresh) -> Secret | None:
    self._carry = self._carry and evolve(self._carry, pinned=False)
    return _take_refresh_token(self)


def _take_again(self: RefreshTokens, token_id: str, *, now: float) -> Secret | None:
    refresh_token, until = self._kept.get(token_id, (None, 0.0))
    return refresh_token if until > now else None


async def _nothing(*_: object) -> None:
    """Do nothing."""


async def _stored(_: object) -> Phase:
    return Phase.PENDING


def _yes(_: object) -> bool:
    return True


def _no(_: object) -> bool:
    return False


def _at_once(*_: object, **__: object) -> float:
    return 0.0


def _as_they_are(limits: object, _: object) -> object:
    return limits


def _by_the_wall(earlier: Instant, wall: float, _: float) -> float:
    return max(wall - earlier.wall, 0.0)


BROKEN: Final[dict[str, Fix]] = {
    "a key is freed after an unknown outcome": Fix(
        "once", 7, ((execution, {"certainly_did_not_run": _yes}),)
    ),
    "a store's change of life is ignored": Fix(
        "once", 645, ((Journal, {"life": _any_life, "swap": _swap_in_any_life}),)
    ),
    "a swap of unknown outcome counts as written": Fix(
        "named", 85, ((Journal, {"swap": _swap_once}), (Claim, {"stored": _stored}))
    ),
    "a record of a newer release counts as absent": Fix(
        "named", 55, ((Journal, {"read": _unreadable_is_absent}),)
    ),
    "no outcome is too young to be free": Fix("once", 216, ((Journal, {"early": _at_once}),)),
    "a cancelled operation counts as never sent": Fix(
        "named", 78, ((Sending, {"may_have_run": property(_no)}),)
    ),
    "a claim over one of unknown outcome is freed": Fix(
        "named", 238, ((Claim, {"__init__": _never_doubtful}),)
    ),
    "an earlier attempt of a call is forgotten": Fix(
        "named", 8365, ((Sending, {"doubtful": property(_no, _forget)}),)
    ),
    "a process that goes on sends what it has claimed": Fix(
        "free",
        16896,
        ((Execution, {"_send": _without_a_look, "left": property(lambda _: DEADLINE)}),),
    ),
    "only the store's clock shows a token's age": Fix(
        "token", 5642, ((Snapshot, {"life": _by_the_entry}), (AgeTracker, {"know": _forget}))
    ),
    "a store raises its own errors": Fix(
        "untyped", 1, ((SealedStore, {"_bounded": _with_its_own_errors}),)
    ),
    "a store may take any time": Fix(
        "recovery", 10, ((SealedStore, {"_bounded": _without_a_limit}),)
    ),
    "a pinned token is refreshed": Fix(
        "pinned", 3283, ((Refresh, {"_take_refresh_token": _pinned_or_not}),)
    ),
    "a refresh token is sent again": Fix("refresh", 597, ((RefreshTokens, {"take": _take_again}),)),
    "a claim is not withdrawn": Fix("left", 196, ((Refresh, {"_withdraw": _nothing}),)),
    "a claim that is to be replaced stays": Fix(
        "left", 3011469, ((Refresh, {"_swap_out": _newest_out}),)
    ),
    "a token's end is not looked at": Fix("token", 919, ((pool, {"_while_alive": _as_they_are}),)),
    "only the wall clock counts": Fix(
        "token",
        2,
        ((clock, {"_elapsed": _by_the_wall}),),
    ),
}
