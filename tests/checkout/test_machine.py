"""
Random checkouts against the sandbox: the table and the API agree on the order of calls.

Several customers buy online, at a counter, or apply; processes resume the checkouts, answers are
lost, events are forged, and two processes make the same call at once. The sandbox never rejects a
call that the table allows. A call that the table forbids is rejected by the checkout before any
request, and also by the sandbox if it is sent all the same, except where the table is known to be
stricter. Checkouts, journal and bank agree after every step, and the bank has at most one
authorization of an order.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from attrs import evolve
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flexiti_async import (
    ApiError,
    CheckoutError,
    FlexitiConfig,
    FlexitiSession,
    IdempotencyKeyReused,
    InStoreCheckout,
    OnlineCheckout,
    OperationError,
    OutcomeUnknown,
    Step,
    Token,
)
from flexiti_async.checkout.steps import TABLE
from flexiti_async.protocol.call import OperationCall
from flexiti_async.protocol.rejection import Rejections, SentCall, Verdict
from flexiti_async.sandbox import RequestRecord, Sandbox
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.testing import ManualClock
from flexiti_async.transport.client import TokenSource
from flexiti_stores.memory import MemoryStore

from ..support.patience import PATIENT
from .walks import Do, Kind, Walk

T = TypeVar("T")

PROCESSES = 3
WHICH = st.integers(0, 2)
METHODS = sorted({row.method for row in TABLE})
ONCE = {row.method for row in TABLE if row.operation is not None}
OPERATION_OF = {Step.AUTHORIZED: "authorize", Step.APPLIED: "apply"}
FORWARD = ("apply", "authorize", "handle_event", "verify", "lookup", "init_widget")


class Checkouts(RuleBasedStateMachine):
    """Some customers, some processes of one shop, one store, one sandbox."""

    @initialize()
    def start(self) -> None:
        """Open the sandbox, and a session for each process."""
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        offset = self.clock.wall() - self.clock.boot()
        self.sandbox = Sandbox(clock=lambda: offset + self.clock.boot())
        self.walks: list[Walk] = []
        self.run(self._open())

    async def _open(self) -> None:
        await self.sandbox.start()
        store = MemoryStore(clock=self.clock.boot)
        config = FlexitiConfig(
            client_id=self.sandbox.client_id,
            client_secret=self.sandbox.client_secret,
            base_url=self.sandbox.base_url,
            store=store,
            retries=0,
            **PATIENT,
        )
        self.processes = [FlexitiSession(config, clock=self.clock) for _ in range(PROCESSES)]

    def run(self, work: Coroutine[object, None, T]) -> T:
        """Run a coroutine to its end."""
        return self.runner.run(work)

    def teardown(self) -> None:
        """Close everything."""
        self.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        for process in self.processes:
            await process.aclose()
        await self.sandbox.aclose()

    # The rules

    @precondition(lambda self: len(self.walks) < 3)
    @rule(kind=st.sampled_from(["purchase", "purchase", "in_store", "apply"]))
    def start_a_checkout(self, kind: Kind) -> None:
        """A customer with an account of their own starts a checkout."""
        number = 30000000 + len(self.walks)
        self.sandbox.add_account(Account(account_number=number, vcc_number=f"10799{number:011}"))
        order, process = f"order-{number}", self.processes[0]
        checkout: OnlineCheckout | InStoreCheckout
        if kind == "in_store":
            checkout = self.run(process.in_store_checkout(order))
        else:
            checkout = self.run(process.checkout(order))
        self.walks.append(Walk(kind, number, order, self.sandbox, checkout))

    @precondition(lambda self: self.walks)
    @rule(which=WHICH, steps=st.integers(1, 5))
    def take_the_shortest_way(self, which: int, steps: int) -> None:
        """The customer takes the shortest way for some steps."""
        walk = self.walk(which)
        for _ in range(steps):
            method = next((name for name in FORWARD if name in walk.checkout.next_steps), "")
            if not (method and walk.honest):
                return
            self.take(walk, walk.doing(method))

    @precondition(lambda self: self.walks)
    @rule(which=WHICH, how=st.integers(0, 11))
    def take_an_allowed_step(self, which: int, how: int) -> None:
        """A call that the table allows is not rejected by the sandbox."""
        walk = self.walk(which)
        allowed = sorted(walk.checkout.next_steps)
        if not allowed:
            return
        method = allowed[how % len(allowed)]
        step = walk.doing(method, how)
        if walk.honest or method != "authorize":
            self.take(walk, step)
            return
        before = walk.checkout.step
        with pytest.raises(ApiError):
            self.take(walk, step)

        assert before is walk.checkout.step

    @precondition(lambda self: self.walks)
    @rule(which=WHICH)
    def try_forbidden_steps(self, which: int) -> None:
        """
        A call that the table forbids sends nothing, and the sandbox would reject it.

        An operation that is done returns its recorded answer instead.
        """
        walk = self.walk(which)
        before = walk.checkout.step
        for method in METHODS:
            if method in walk.checkout.next_steps or not hasattr(walk.checkout, method):
                continue
            sent = len(self.sandbox.requests)
            if method in ONCE and OPERATION_OF.get(before) == method:
                self.take(walk, walk.bare(method))
            else:
                with pytest.raises(CheckoutError):
                    self.take(walk, walk.bare(method))

            assert before is walk.checkout.step
            assert sent == len(self.sandbox.requests)
            call = walk.forced(method)
            if call is not None:
                with pytest.raises(ApiError):
                    self.run(self.forced(walk, call))

    @precondition(lambda self: self.walks)
    @rule(which=WHICH, process=st.integers(0, PROCESSES - 1))
    def resume_elsewhere(self, which: int, process: int) -> None:
        """Another process resumes the checkout with the same state."""
        walk = self.walk(which)
        left = walk.checkout
        walk.checkout = self.run(self._resumed(left, process))

        assert (left.step, left.next_steps) == (walk.checkout.step, walk.checkout.next_steps)
        assert left.authorization_id == walk.checkout.authorization_id

    async def _resumed(
        self, left: OnlineCheckout | InStoreCheckout, process: int
    ) -> OnlineCheckout | InStoreCheckout:
        session = self.processes[process]
        if isinstance(left, InStoreCheckout):
            return await session.resume_in_store(left.reference_id)
        return await session.resume(left.reference_id)

    @precondition(lambda self: self.walks)
    @rule(which=WHICH, resume=st.booleans())
    def lose_an_answer(self, which: int, *, resume: bool) -> None:
        """The outcome of an operation is unknown until somebody records it."""
        walk = self.walk(which)
        method = self.once(walk)
        if not method:
            return
        before = walk.checkout.step
        self.sandbox.on_request = _break_off
        with pytest.raises(OutcomeUnknown) as caught:
            self.take(walk, walk.doing(method))
        self.sandbox.on_request = None

        assert before is walk.checkout.step
        if resume:
            self.resume_elsewhere(which, 1)
        sent = len(self.sandbox.requests)
        for other in walk.checkout.next_steps - {"plans", method}:
            with pytest.raises(OperationError):
                self.take(walk, walk.bare(other))
        with pytest.raises(OperationError):
            self.run(self.processes[2].checkout(walk.order))
        assert sent == len(self.sandbox.requests)

        numbers = [one.authorization_id for one in walk.authorizations]
        resolving = self.processes[2].operations.resolve(
            caught.value.operation_id,
            executed=True,
            by="test",
            authorization_id=numbers[0] if numbers else None,
        )
        self.run(resolving)
        if resume:
            walk.checkout = self.run(self._resumed(walk.checkout, 1))
        else:
            self.take(walk, walk.doing(method))
        assert OPERATION_OF[walk.checkout.step] == method

    @precondition(lambda self: self.walks)
    @rule(which=WHICH, click=st.booleans())
    def call_twice(self, which: int, *, click: bool) -> None:
        """Two processes, or two clicks, make one call, and both get its answer."""
        walk = self.walk(which)
        method = self.once(walk)
        if not method:
            return
        sent = len(self.sandbox.requests)
        self.run(self._twice(walk, walk.doing(method), click=click))
        calls = [call for call in self.sandbox.requests[sent:] if call.endpoint != "oauth/token"]

        assert 1 == len(calls)
        assert OPERATION_OF[walk.checkout.step] == method
        with pytest.raises(IdempotencyKeyReused):
            self.run(self.processes[0].checkout(walk.order))

    async def _twice(self, walk: Walk, step: Do, *, click: bool) -> None:
        one = walk.checkout if click else await self._resumed(walk.checkout, 1)
        other = one if click else await self._resumed(walk.checkout, 2)
        await asyncio.gather(step(one), step(other))
        walk.checkout = other

    @precondition(lambda self: self.walks)
    @rule(which=WHICH)
    def forge(self, which: int) -> None:
        """A forged event says that a customer is verified who is not."""
        walk = self.walk(which)
        checkout = walk.checkout
        if walk.kind != "purchase" or "handle_event" not in checkout.next_steps:
            return
        assert isinstance(checkout, OnlineCheckout)
        event: Any = self.sandbox.play(walk.url, "decline")
        event["eventData"]["verified"] = True
        self.run(checkout.handle_event(event))
        walk.honest = False

        assert Step.VERIFIED is checkout.step

    @invariant()
    def the_books_agree(self) -> None:
        """The checkout's authorization is the bank's only one."""
        for walk in getattr(self, "walks", []):
            numbers = [str(one.authorization_id) for one in walk.authorizations]
            known = walk.checkout.authorization_id

            assert numbers == ([] if known is None else [known])
            assert (known is not None) == (walk.checkout.step is Step.AUTHORIZED)

    def walk(self, which: int) -> Walk:
        """Return one of the customers."""
        return self.walks[which % len(self.walks)]

    def take(self, walk: Walk, step: Do) -> None:
        """Take a step in the process that has the checkout."""
        self.run(step(walk.checkout))

    def once(self, walk: Walk) -> str:
        """Return the operation that is allowed now; empty without one."""
        return next(iter(ONCE & walk.checkout.next_steps if walk.honest else ()), "")

    async def forced(self, walk: Walk, call: OperationCall[object]) -> object:
        """Send a call with the checkout's token, whatever its step."""
        checkout = walk.checkout

        async def bearer() -> tuple[Token, TokenSource]:
            return checkout.token, _NoOther()

        return await self.processes[0].operations.execute(
            evolve(call, scope=checkout.token.scope),
            idempotency_key=f"forced-{len(self.sandbox.requests)}",
            reference_id=checkout.reference_id,
            bearer=bearer,
        )


class _NoOther:
    """A source of tokens that has no other one: a 401 is raised."""

    def __init__(self) -> None:
        self.rejections = Rejections()

    def verdict(self, call: SentCall, token: Token) -> Verdict:
        """Raise it."""
        del call, token
        return Verdict.RAISE

    async def successor(
        self, token: Token, *, rejected: bool, reference_id: str | None = None
    ) -> Token:
        """Return the same token."""
        del rejected, reference_id
        return token


def _break_off(record: RequestRecord) -> None:
    """Act like a server that dies after it has processed a request, token requests excepted."""
    if record.endpoint != "oauth/token":
        raise asyncio.CancelledError


Checkouts.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    derandomize=True,
    phases=[Phase.generate],
)
TestCheckouts: Any = Checkouts.TestCase
