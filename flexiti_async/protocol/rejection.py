"""
The decision on a 401 of a call (model-checked).

A 401 is about *that token id* and, first of all, about *that call*: one endpoint that rejects every
token must not stop the calls of others. The decision, in the order of its checks:

| the call that is rejected | then |
|---|---|
| was repeated with a successor | `RAISE`; the endpoint is remembered, the successor stays in use |
| had a token that is not in use any more, or has ended | `USE_CURRENT`: repeat with another |
| goes to an endpoint that is remembered | `RAISE` |
| is proven, for the first time | `LOOK`: repeat with the same token |
| is proven again, or its token was minted just now | `RAISE` |
| is not proven | `REJECT`: the id is rejected, repeat with its successor |

A call is *proven* by a success of a call that was sent after it with the same token id: the token
is valid, so the endpoint is at fault. An endpoint is remembered together with the id for one
back-off, doubled each time, until a call of it succeeds. While calls elsewhere succeed that were
sent after the remembered one, whichever token they have, it is remembered for a minute at least:
so it causes at most one token request a minute, also beside another endpoint of its kind.
Its price, found by the search: after two revocations within a minute, an endpoint that rejected for
the first one may fail for the rest of the minute, unless a call of another endpoint is made.
"""

import enum
from typing import Final, TypeVar

from attrs import define, field, frozen

__all__ = ["Rejections", "SentCall", "Verdict", "minted_just_now"]

_V = TypeVar("_V")

_BACK_OFF: Final = 1.0
_AT_LEAST: Final = 60.0
_SHARE: Final = 1 / 4
"""Both are at most this share of a token's lifetime."""
_MOST_DOUBLED: Final = 12
_TOKENS: Final = 256
_ENDPOINTS: Final = 256


class Verdict(enum.Enum):
    """The next step of a call that was answered with a 401."""

    RAISE = "raises"
    USE_CURRENT = "an old token, nothing is rejected"
    LOOK = "proven, repeats with the same token"
    REJECT = "rejects"


@define
class SentCall:
    """
    The facts of a call by which its 401 is judged.

    Attributes:
        endpoint: Name of its endpoint.
        order: When its last attempt was sent, as `Rejections.sent` has counted it.
        looked: It was repeated with the same token.
        repeated: It was repeated with another token.
    """

    endpoint: str
    order: int = field(default=0, init=False)
    looked: bool = field(default=False, init=False)
    repeated: bool = field(default=False, init=False)


@frozen
class _Memory:
    """
    An endpoint that has rejected a successor.

    Attributes:
        token_id: The successor.
        order: When the rejected call was sent.
        at: When it was rejected, by the boot-time clock.
        until: The end of its back-off.
        times: How often in a row.
    """

    token_id: str
    order: int
    at: float
    until: float
    times: int


def minted_just_now(age: float, lifetime: float) -> bool:
    """Whether a token is less than one back-off old, so that one call does not reject it."""
    return age < _scaled(_BACK_OFF, lifetime)


class Rejections:
    """
    The evidence of calls with the tokens of one key: the last successes, and endpoints that reject.

    Calls are counted in the order in which they are sent. Of the successes with a token only the
    one that was sent last is kept: it proves every call that was sent before it.
    """

    __slots__ = ("_memories", "_order", "_successes")

    def __init__(self) -> None:
        self._order = 0
        self._successes: dict[str, int] = {}
        self._memories: dict[str, _Memory] = {}

    def sent(self) -> int:
        """Count a call that is sent now, and return its place in the order."""
        self._order += 1
        return self._order

    def succeeded(self, token_id: str, call: SentCall) -> None:
        """Note that a call succeeded with a token."""
        last = self._successes.get(token_id)
        if last is None:
            _put(self._successes, token_id, call.order, _TOKENS)
        elif call.order > last:
            self._successes[token_id] = call.order
        if self._memories:
            self._memories.pop(call.endpoint, None)

    def decide(
        self,
        call: SentCall,
        token_id: str,
        *,
        in_use: str | None,
        age: float,
        lifetime: float,
        now: float,
    ) -> Verdict:
        """
        Decide what follows from a 401; a rejected successor is remembered.

        Args:
            call: The call.
            token_id: The id of its token.
            in_use: The id of the token that further calls use; None while one is obtained.
            age: Seconds since the call's token was minted.
            lifetime: Seconds that it was granted for.
            now: The boot-time clock.
        """
        if call.repeated:
            self._remember(call, token_id, lifetime, now)
            return Verdict.RAISE
        if token_id != in_use or age >= lifetime:
            return Verdict.USE_CURRENT
        if self._remembered(call.endpoint, token_id, lifetime, now):
            return Verdict.RAISE
        proven = self._successes.get(token_id, -1) > call.order
        if proven and not call.looked:
            return Verdict.LOOK
        if proven or minted_just_now(age, lifetime):
            return Verdict.RAISE
        return Verdict.REJECT

    def _remembered(self, endpoint: str, token_id: str, lifetime: float, now: float) -> bool:
        memory = self._memories.get(endpoint)
        if memory is None:
            return False
        if memory.token_id == token_id and now < memory.until:
            return True
        # A success that was sent later shows that the endpoint was at fault, not the token.
        fault = self._successes.get(token_id, -1) > memory.order
        return fault and now < memory.at + _scaled(_AT_LEAST, lifetime)

    def _remember(self, call: SentCall, token_id: str, lifetime: float, now: float) -> None:
        before = self._memories.pop(call.endpoint, None)
        if before is not None and before.token_id == token_id and now < before.until:
            memory = before  # calls that were in flight together count once
        else:
            times = min(before.times + 1, _MOST_DOUBLED) if before is not None else 0
            until = now + _scaled(_BACK_OFF, lifetime) * 2.0**times
            memory = _Memory(token_id, call.order, now, until, times)
        _put(self._memories, call.endpoint, memory, _ENDPOINTS)


def _scaled(seconds: float, lifetime: float) -> float:
    """Cap a duration at a share of a token's lifetime, so that short-lived tokens work alike."""
    return min(seconds, lifetime * _SHARE)


def _put(memory: dict[str, _V], key: str, value: _V, most: int) -> None:
    """Add a value; the oldest is forgotten."""
    memory[key] = value
    if len(memory) > most:
        del memory[next(iter(memory))]
