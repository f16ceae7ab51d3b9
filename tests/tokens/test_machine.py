"""
The real refresher over a simulated store and token endpoint, with every fault of the model.

The protocol was searched as a model (design section 3); this searches the code, at random. Several
processes ask for tokens while the store loses, delays and denies writes, forgets and goes back in
time, and the token endpoint fails, loses its answers and revokes.
"""

import asyncio
import secrets
from typing import Any, Literal, TypeAlias

from attrs import define, field
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from flexiti_async.clock import now
from flexiti_async.errors import (
    FlexitiError,
    LifetimeTooShort,
    SessionClosed,
    TokenError,
    TokenRejected,
    TokenUnavailable,
)
from flexiti_async.events.types import Listeners
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.store.sealed import SealedStore
from flexiti_async.testing import FaultyStore, Trouble
from flexiti_async.tokens.context import Issued, RefreshContext, TokenOptions
from flexiti_async.tokens.record import TokenKey
from flexiti_async.tokens.record_store import RecordStore
from flexiti_async.tokens.refresh_tokens import RefreshTokens
from flexiti_async.tokens.refresher import TokenRefresher

from ..support.virtual_loop import VirtualLoop

ServerTrouble: TypeAlias = Literal["503", "lost", "stalled"]
Fault: TypeAlias = (
    Literal["deliver", "evict", "snapshot", "roll_back", "down", "up", "revoke"]
    | ServerTrouble
    | Trouble
)

LIFETIME = 1200.0
SERVER_TROUBLES: tuple[ServerTrouble, ...] = ("503", "lost", "stalled")
STORE_TROUBLES: tuple[Trouble, ...] = (
    "written but unknown",
    "not written but unknown",
    "written but denied",
    "late",
)
KEY = TokenKey("https://api.invalid", "shop", Scope.CUSTOMER)


@define
class Minted:
    """A token as the server knows it."""

    born: float
    family: str
    refresh_token: str
    revoked: bool = False
    spent: bool = False
    pinned: bool = False


@define
class Server:
    """A token endpoint with single-use refresh tokens whose replay revokes the whole family."""

    loop: VirtualLoop
    minted: dict[str, Minted] = field(factory=dict[str, Minted])
    replays: int = 0
    broken_pins: int = 0
    requests: int = 0
    trouble: list[ServerTrouble] = field(factory=list[ServerTrouble])

    async def request_token(
        self, scope: Scope, refresh_token: Secret | None
    ) -> Issued | TokenError | SessionClosed:
        """Answer as the token endpoint would, or fail as told."""
        self.requests += 1
        sent = now(self.loop)
        await asyncio.sleep(0.05)
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble == "503":
            return TokenUnavailable("503", status=503)
        family = secrets.token_hex(4)
        if refresh_token is not None:
            old = next(m for m in self.minted.values() if m.refresh_token == refresh_token.reveal())
            if old.spent:
                self.replays += 1
                for kin in self.minted.values():
                    kin.revoked = kin.revoked or kin.family == old.family
            if old.spent or old.revoked or self.loop.time() >= old.born + LIFETIME:
                return TokenRejected("refused", status=400)
            old.spent = old.revoked = True
            self.broken_pins += old.pinned
            family = old.family
        text, refresh = secrets.token_hex(8), secrets.token_hex(8)
        self.minted[text] = Minted(self.loop.time(), family, refresh)
        await asyncio.sleep(0.05)
        if trouble == "lost":
            return TokenUnavailable("the answer was lost")
        if trouble == "stalled":
            await asyncio.sleep(3600)
        token = Token(secrets.token_hex(8), Secret(text), scope, LIFETIME, LIFETIME, sent)
        return Issued(token, Secret(refresh))

    def of(self, token: Token) -> Minted:
        """Give what the server knows of a token."""
        return self.minted[token.access_token.reveal()]


@define
class Process:
    """A refresher with a memory of its own."""

    refresher: TokenRefresher
    seen_rejected: set[str] = field(factory=set[str])


class Refreshers(RuleBasedStateMachine):
    """Several processes, one store, one server."""

    @initialize()
    def start(self) -> None:
        """Start the loop, the store, the server and three processes."""
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        loop = self.runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.store = FaultyStore(loop.time)
        self.server = Server(loop)
        self.faults = 0
        self.processes = [self.new_process() for _ in range(3)]

    def new_process(self) -> Process:
        """Make a process that shares nothing with others but store and server."""
        sealed = SealedStore(self.store, timeout=0.5)
        record = RecordStore(KEY.store_key, sealed, self.loop)
        options = TokenOptions("me", 20.0, None, None, degrade=True, refresh_is_harmless=False)
        context = RefreshContext(
            KEY, record, self.server.request_token, RefreshTokens(), options, self.loop, Listeners()
        )
        return Process(TokenRefresher(context, store_id=id(record)))

    def ask_all(self, asks: list[tuple[int, float]]) -> None:
        """Request tokens at once, and check the results."""
        self.runner.run(self._ask_all(asks))

    async def _ask_all(self, asks: list[tuple[int, float]]) -> None:
        began = self.loop.time()
        results = await asyncio.gather(
            *(self.processes[who].refresher.token(ttl) for who, ttl in asks),
            return_exceptions=True,
        )
        assert self.loop.time() - began <= 41.0
        for (who, ttl), result in zip(asks, results, strict=True):
            if isinstance(result, FlexitiError):
                assert self.faults, f"{result!r} without any fault"
                assert not isinstance(result, LifetimeTooShort)
                continue
            assert isinstance(result, Token), result
            minted = self.server.of(result)
            left = minted.born + LIFETIME - self.loop.time()
            assert left > ttl, f"{left} s of life left for an ask of {ttl} s"
            assert result.token_id not in self.processes[who].seen_rejected
            if ttl:
                assert result.pinned
                minted.pinned = True

    @rule(
        asks=st.lists(
            st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.0, 600.0])),
            min_size=1,
            max_size=6,
        )
    )
    def ask(self, asks: list[tuple[int, float]]) -> None:
        """Some processes ask at once."""
        self.ask_all(asks)

    @rule(
        who=st.integers(0, 2),
        trouble=st.sampled_from([None, None, *SERVER_TROUBLES]),
        store_trouble=st.sampled_from([None, None, *STORE_TROUBLES]),
        again=st.sampled_from([1.0, 40.0, 100.0]),
    )
    def live_through_a_renewal(
        self,
        who: int,
        trouble: ServerTrouble | None,
        store_trouble: Trouble | None,
        again: float,
    ) -> None:
        """A process asks, asks when its token is about to be due, and again a little later."""
        self.ask_all([(who, 0.0)])
        held = self.processes[who].refresher.cached
        if held is None:
            return
        ahead = held.remaining(now(self.loop)) - 110.0
        self.runner.run(asyncio.sleep(max(ahead, 0.0)))
        if trouble:
            self.server_trouble(trouble)
        if store_trouble:
            self.store_trouble(store_trouble)
        self.ask_all([(who, 0.0)])
        self.runner.run(asyncio.sleep(again))
        self.ask_all([(who, 0.0), ((who + 1) % 3, 0.0)])

    @rule(who=st.integers(0, 2))
    def use(self, who: int) -> None:
        """A process uses its token, and learns of a 401."""
        held = self.processes[who].refresher.cached
        if held is not None and self.server.of(held).revoked:
            self.processes[who].refresher.reject(held.token_id)
            self.processes[who].seen_rejected.add(held.token_id)
            self.faults += 1  # a token refused young is a failure of its own

    @rule(seconds=st.sampled_from([0.5, 5.0, 30.0, 300.0, 500.0, 1200.0]))
    def pass_time(self, seconds: float) -> None:
        """Time passes, and what runs in the background runs."""
        self.runner.run(asyncio.sleep(seconds))

    @rule(
        fault=st.sampled_from(
            [
                *("deliver", "evict", "snapshot", "roll_back", "down", "up", "revoke"),
                *SERVER_TROUBLES,
                *STORE_TROUBLES,
            ]
        )
    )
    def fault(self, fault: Fault) -> None:
        """Something fails, or heals."""
        self.faults += fault not in ("deliver", "snapshot", "up")
        match fault:
            case "deliver":
                self.runner.run(self.store.deliver())
            case "evict":
                self.store.evict()
            case "snapshot":
                self.store.snapshot()
            case "roll_back":
                self.store.roll_back()
            case "down" | "up":
                self.store.down = fault == "down"
            case "revoke":
                for minted in list(self.server.minted.values())[-1:]:
                    minted.revoked = True
            case "503" | "lost" | "stalled":
                self.server_trouble(fault)
            case _:
                self.store_trouble(fault)

    def server_trouble(self, trouble: ServerTrouble) -> None:
        """Order what becomes of the next token request."""
        self.server.trouble.append(trouble)
        self.faults += 1

    def store_trouble(self, trouble: Trouble) -> None:
        """Order what becomes of the next swap that would be won."""
        self.store.trouble.append(trouble)
        self.faults += 1

    @rule(who=st.integers(0, 2))
    def crash(self, who: int) -> None:
        """A process dies in whatever it was doing, and starts anew."""
        for task in asyncio.all_tasks(self.loop):
            if task in self.processes[who].refresher._flights.tasks:
                task.cancel()
        self.runner.run(asyncio.sleep(0))
        self.processes[who] = self.new_process()

    @invariant()
    def no_refresh_token_is_sent_twice(self) -> None:
        """Whatever happens, a spent refresh token is not sent again."""
        assert 0 == self.server.replays

    @invariant()
    def no_promise_is_broken(self) -> None:
        """A token that stands in a customer's browser is not revoked by a refresh."""
        assert 0 == self.server.broken_pins

    def teardown(self) -> None:
        """Without new faults everybody gets a token again."""
        self.store.down = False
        self.store.trouble.clear()
        self.server.trouble.clear()
        self.runner.run(asyncio.sleep(120))
        for who in range(3):
            self.use(who)
        self.runner.run(asyncio.sleep(5))
        faults, self.faults = self.faults, 0
        for who in range(3):
            # A token that was revoked while its process slept is refused at its first use.
            for _ in range(2):
                self.ask_all([(who, 0.0)])
                self.use(who)
                self.runner.run(asyncio.sleep(5))
                self.faults = 0
            self.ask_all([(who, 0.0), (who, 600.0)])
        self.faults = faults
        for process in self.processes:
            self.runner.run(process.refresher.aclose())
        self.runner.close()


Refreshers.TestCase.settings = settings(max_examples=400, stateful_step_count=30, derandomize=True)
TestRefreshers: Any = Refreshers.TestCase
