"""
The real refresher over a simulated store and token endpoint, with every fault of the model.

The protocol was searched as a model; this searches the code, at random. Several
processes request tokens while the store loses, delays and denies writes, loses records and goes
back in time, and the token endpoint fails, loses its answers and revokes tokens.
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
KEY = TokenKey("https://api.invalid", "shop", "f" * 16, Scope.CUSTOMER)


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
    refreshed_pins: int = 0
    requests: int = 0
    trouble: list[ServerTrouble] = field(factory=list[ServerTrouble])

    async def request_token(
        self, scope: Scope, refresh_token: Secret | None, _: str | None
    ) -> Issued | TokenError | SessionClosed:
        """Answer like the token endpoint, or fail as scheduled."""
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
                return TokenRejected("rejected", status=400)
            old.spent = old.revoked = True
            self.refreshed_pins += old.pinned
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
        """Return the server's record of a token."""
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
        self.kept_marks = set[str]()
        self.processes = [self.new_process() for _ in range(3)]

    def new_process(self) -> Process:
        """Build a process that shares nothing with others but store and server."""
        sealed = SealedStore(self.store, timeout=0.5)
        record = RecordStore(KEY.store_key, sealed, self.loop, token_timeout=20.0)
        options = TokenOptions("me", 20.0, None, None, degrade=True, refresh_is_harmless=False)
        context = RefreshContext(
            KEY, record, self.server.request_token, RefreshTokens(), options, self.loop, Listeners()
        )
        return Process(TokenRefresher(context, store=id(record)))

    def request_all(self, requests_made: list[tuple[int, float]]) -> None:
        """Request tokens concurrently, and check the results."""
        self.runner.run(self._request_all(requests_made))

    async def _request_all(self, requests_made: list[tuple[int, float]]) -> None:
        began = self.loop.time()
        results = await asyncio.gather(
            *(self.processes[who].refresher.token(ttl) for who, ttl in requests_made),
            return_exceptions=True,
        )
        assert self.loop.time() - began <= 71.0
        for (who, ttl), result in zip(requests_made, results, strict=True):
            if isinstance(result, FlexitiError):
                assert self.faults, f"{result!r} without any fault"
                assert not isinstance(result, LifetimeTooShort)
                continue
            assert isinstance(result, Token), result
            minted = self.server.of(result)
            left = minted.born + LIFETIME - self.loop.time()
            assert left > ttl, f"{left} s of life left for min_ttl={ttl} s"
            assert result.token_id not in self.processes[who].seen_rejected
            if ttl:
                assert result.pinned
                minted.pinned = True

    @rule(
        requests_made=st.lists(
            st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.0, 600.0])),
            min_size=1,
            max_size=6,
        )
    )
    def ask(self, requests_made: list[tuple[int, float]]) -> None:
        """Some processes request tokens at once."""
        self.request_all(requests_made)

    @rule(
        who=st.integers(0, 2),
        trouble=st.sampled_from([None, None, *SERVER_TROUBLES]),
        store_trouble=st.sampled_from([None, None, *STORE_TROUBLES]),
        again=st.sampled_from([1.0, 40.0, 100.0]),
    )
    def refresh(
        self,
        who: int,
        trouble: ServerTrouble | None,
        store_trouble: Trouble | None,
        again: float,
    ) -> None:
        """
        A process requests a token when none is cached, when it is about to be due, and a little
        later.
        """
        self.request_all([(who, 0.0)])
        cached = self.processes[who].refresher.cached
        if cached is None:
            return
        ahead = cached.remaining(now(self.loop)) - 110.0
        self.runner.run(asyncio.sleep(max(ahead, 0.0)))
        if trouble:
            self.server_trouble(trouble)
        if store_trouble:
            self.store_trouble(store_trouble)
        self.request_all([(who, 0.0)])
        self.runner.run(asyncio.sleep(again))
        self.request_all([(who, 0.0), ((who + 1) % 3, 0.0)])

    @rule(who=st.integers(0, 2))
    def use(self, who: int) -> None:
        """A process uses its token, and may get a 401."""
        cached = self.processes[who].refresher.cached
        if cached is not None and self.server.of(cached).revoked:
            self.processes[who].refresher.reject(cached.token_id)
            self.processes[who].seen_rejected.add(cached.token_id)
            self.faults += 1  # a token rejected right after it was issued counts as a failure

    @rule(seconds=st.sampled_from([0.5, 5.0, 30.0, 300.0, 500.0, 1200.0]))
    def pass_time(self, seconds: float) -> None:
        """Time passes, and background tasks run."""
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
                self.kept_marks = {text for text, one in self.server.minted.items() if one.pinned}
            case "roll_back":
                self.store.roll_back()
                # A mark that the store forgets protects from no other process.
                for text, minted in self.server.minted.items():
                    minted.pinned = minted.pinned and text in self.kept_marks
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
        """Schedule a fault for the next token request."""
        self.server.trouble.append(trouble)
        self.faults += 1

    def store_trouble(self, trouble: Trouble) -> None:
        """Schedule a fault for the next swap that would succeed."""
        self.store.trouble.append(trouble)
        self.faults += 1

    @rule(who=st.integers(0, 2))
    def crash(self, who: int) -> None:
        """A process dies at any moment, and a new one starts."""
        for task in asyncio.all_tasks(self.loop):
            if task in self.processes[who].refresher._flights.tasks:
                task.cancel()
        self.runner.run(asyncio.sleep(0))
        self.processes[who] = self.new_process()

    @invariant()
    def no_refresh_token_is_sent_twice(self) -> None:
        """A refresh token is never sent twice."""
        assert 0 == self.server.replays

    @invariant()
    def no_pinned_token_is_refreshed(self) -> None:
        """A token in a customer's browser is never refreshed while the store knows the mark."""
        assert 0 == self.server.refreshed_pins

    def teardown(self) -> None:
        """Without new faults every process gets a token again."""
        self.store.down = False
        self.store.trouble.clear()
        self.server.trouble.clear()
        self.runner.run(asyncio.sleep(120))
        for who in range(3):
            self.use(who)
        self.runner.run(asyncio.sleep(5))
        faults, self.faults = self.faults, 0
        for who in range(3):
            # A token that was revoked while its process was idle is rejected at its first use.
            for _ in range(2):
                self.request_all([(who, 0.0)])
                self.use(who)
                self.runner.run(asyncio.sleep(5))
                self.faults = 0
            self.request_all([(who, 0.0), (who, 600.0)])
        self.faults = faults
        for process in self.processes:
            self.runner.run(process.refresher.aclose())
        self.runner.close()


Refreshers.TestCase.settings = settings(max_examples=400, stateful_step_count=30, derandomize=True)
TestRefreshers: Any = Refreshers.TestCase
