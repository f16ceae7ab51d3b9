"""
Random checkouts against the sandbox: the table and the API agree on the order of calls.

Several customers buy online, at a counter, or apply; processes resume the checkouts, answers are
lost, events are forged, and two processes make the same call at once. The sandbox never rejects a
call that the table allows. A call that the table forbids is rejected by the checkout before any
request, and also by the sandbox if it is sent all the same, except where the table is known to be
stricter. Checkouts and bank agree on the amounts after every step.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flexiti_async import (
    ApiError,
    CheckoutError,
    FlexitiConfig,
    FlexitiError,
    FlexitiSession,
    Step,
)
from flexiti_async.checkout.state import CLAIMS
from flexiti_async.checkout.steps import TABLE
from flexiti_async.errors import CheckoutConflict, CheckoutUnsettled
from flexiti_async.sandbox import RequestRecord, Sandbox
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.testing import ManualClock
from flexiti_stores.memory import MemoryStore

from ..support.patience import PATIENT
from .walks import Do, Kind, Walk

T = TypeVar("T")

PROCESSES = 3
WHICH = st.integers(0, 2)
METHODS = sorted({row.method for row in TABLE} - {"settle"})
ONCE = sorted({row.method for row in TABLE if row.through})
FORWARD = ("capture", "apply", "authorize", "handle_event", "verify", "lookup", "init_widget")
ENDPOINTS = {
    "authorize": "authorization",
    "capture": "authorization/capture",
    "release": "authorization/release",
    "return_capture": "authorization/capture/return",
    "refund": "refund",
}


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
        checkout = self.run(self.processes[0].checkout(in_store=kind == "in_store"))
        self.walks.append(Walk(kind, number, self.sandbox, checkout))

    @precondition(lambda self: self.walks)
    @rule(which=WHICH, steps=st.integers(1, 5), share=st.sampled_from(["some", "all"]))
    def take_the_shortest_way(self, which: int, steps: int, share: str) -> None:
        """The customer takes the shortest way for some steps."""
        walk = self.walk(which)
        for _ in range(steps):
            method = next((name for name in FORWARD if name in walk.checkout.next_steps), "")
            if not (method and walk.honest):
                return
            step = walk.doing(method, share=share)
            assert step is not None
            self.take(walk, step)

    @precondition(lambda self: self.walks)
    @rule(which=WHICH, how=st.integers(0, 11), share=st.sampled_from(["some", "all"]))
    def take_an_allowed_step(self, which: int, how: int, share: str) -> None:
        """A call that the table allows is not rejected by the sandbox."""
        walk = self.walk(which)
        allowed = sorted(walk.checkout.next_steps)
        method = allowed[how % len(allowed)] if allowed else ""
        step = walk.doing(method, how, share) if allowed else None
        if step is None:
            return
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
        """A call that the table forbids sends nothing, and the sandbox would reject it."""
        walk = self.walk(which)
        before = walk.checkout.step
        for method in METHODS:
            if method in walk.checkout.next_steps:
                continue
            sent = len(self.sandbox.requests)
            with pytest.raises(CheckoutError):
                self.take(walk, walk.bare(method))

            assert before is walk.checkout.step
            assert sent == len(self.sandbox.requests)
            call = walk.forced(method)
            if call is not None:
                with pytest.raises(ApiError):
                    self.run(walk.checkout.send(call))

    @precondition(lambda self: self.walks)
    @rule(which=WHICH, process=st.integers(0, PROCESSES - 1))
    def resume_elsewhere(self, which: int, process: int) -> None:
        """Another process resumes the checkout with the same state."""
        walk = self.walk(which)
        left = walk.checkout
        walk.checkout = self.run(self.processes[process].resume(left.reference_id))

        assert (left.step, left.next_steps) == (walk.checkout.step, walk.checkout.next_steps)
        assert left.open_amount == walk.checkout.open_amount
        assert left.capture_ids == walk.checkout.capture_ids

    @precondition(lambda self: self.walks)
    @rule(which=WHICH, how=st.integers(0, 11), ran=st.booleans(), resume=st.booleans())
    def lose_an_answer(self, which: int, how: int, *, ran: bool, resume: bool) -> None:
        """The outcome of a call is unknown until it is settled."""
        walk = self.walk(which)
        method, step = self.once(walk, how)
        if step is None:
            return
        before = walk.checkout.step
        if ran:
            self.sandbox.on_request = _break_off
        else:
            self.sandbox.fail(ENDPOINTS.get(method, method), status=504)
        with pytest.raises(FlexitiError) as caught:
            self.take(walk, step)
        self.sandbox.on_request = None

        assert not isinstance(caught.value, CheckoutError)
        assert walk.checkout.step in CLAIMS
        if resume:
            self.resume_elsewhere(which, 1)
        self.settle(walk, ran=ran)
        assert ran or before is walk.checkout.step

    @precondition(lambda self: self.walks)
    @rule(which=WHICH, how=st.integers(0, 11), click=st.booleans())
    def call_twice(self, which: int, how: int, *, click: bool) -> None:
        """Two processes, or two clicks, make one call."""
        walk = self.walk(which)
        _, step = self.once(walk, how)
        if step is None:
            return
        sent = len(self.sandbox.requests)
        rejected = self.run(self._twice(walk, step, click=click))
        calls = [call for call in self.sandbox.requests[sent:] if call.endpoint != "oauth/token"]

        assert isinstance(rejected, CheckoutConflict | CheckoutUnsettled)
        assert 1 == len(calls)

    async def _twice(self, walk: Walk, step: Do, *, click: bool) -> object:
        reference_id = walk.checkout.reference_id
        one = walk.checkout if click else await self.processes[1].resume(reference_id)
        other = one if click else await self.processes[2].resume(reference_id)
        results = await asyncio.gather(step(one), step(other), return_exceptions=True)
        lost = [result for result in results if isinstance(result, BaseException)]
        assert 1 == len(lost), lost
        walk.checkout = other if results[0] is lost[0] else one
        return lost[0]

    @precondition(lambda self: self.walks)
    @rule(which=WHICH)
    def forge(self, which: int) -> None:
        """A forged event says that a customer is verified who is not."""
        walk = self.walk(which)
        if walk.kind != "purchase" or "handle_event" not in walk.checkout.next_steps:
            return
        event: Any = self.sandbox.play(walk.url, "decline")
        event["eventData"]["verified"] = True
        self.run(walk.checkout.handle_event(event))
        walk.honest = False

        assert Step.VERIFIED is walk.checkout.step

    @invariant()
    def the_amounts_agree(self) -> None:
        """The checkout's amounts equal the bank's."""
        for walk in getattr(self, "walks", []):
            checkout, found = walk.checkout, walk.authorizations
            if checkout.authorization_id is None:
                assert [] == found
                continue
            (authorization,) = found
            captures = tuple(str(taken.capture_id) for taken in authorization.captures)
            assert checkout.authorization_id == str(authorization.authorization_id)
            assert checkout.open_amount == authorization.remaining
            assert checkout.capture_ids == captures
            opened = checkout.step in {Step.AUTHORIZED, Step.CAPTURED}
            assert opened == (authorization.status == "opened")
            assert bool(captures) == (checkout.step in {Step.CAPTURED, Step.CLOSED})

    def walk(self, which: int) -> Walk:
        """Return one of the customers."""
        return self.walks[which % len(self.walks)]

    def take(self, walk: Walk, step: Do) -> None:
        """Take a step in the process that has the checkout."""
        self.run(step(walk.checkout))

    def once(self, walk: Walk, how: int) -> tuple[str, Do | None]:
        """Choose a call that must not run twice, among those that are allowed."""
        methods = [name for name in ONCE if name in walk.checkout.next_steps and walk.honest]
        method = methods[how % len(methods)] if methods else ""
        return method, walk.doing(method) if methods else None

    def settle(self, walk: Walk, *, ran: bool) -> None:
        """Look up the outcome of a call, and settle it."""
        given: dict[str, int] = {}
        if ran and walk.checkout.step is Step.AUTHORIZING:
            given = {"authorization_id": walk.authorizations[0].authorization_id}
        if ran and walk.checkout.step is Step.CAPTURING:
            given = {"capture_id": walk.authorizations[0].captures[-1].capture_id}
        self.run(walk.checkout.settle(ran=ran, **given))


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
