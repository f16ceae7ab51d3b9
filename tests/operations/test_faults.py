"""Every operation and every fault: never sent twice, never forgotten, never locked for nothing."""

import asyncio
from typing import Any, Final

import pytest
from attrs import define

from flexiti_async import FlexitiSession
from flexiti_async.api.applications import Application
from flexiti_async.errors import (
    ApiError,
    ConnectError,
    NotVerified,
    OperationError,
    OutcomeUnknown,
    TokenError,
    ValidationError,
)
from flexiti_async.events.types import CallRetried
from flexiti_async.protocol import points
from flexiti_async.protocol.call import OperationCall, OperationKind, Replay
from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Answer, Drop, Fault, Malformed, Redirect, Reset, Truncate
from flexiti_async.testing import ManualClock

from ..conftest import MakeSession
from ..support.stepping import cancelled_at
from .acts import (
    ACTS,
    APPLY,
    TRANSACTION,
    Act,
    Anything,
    application,
    executions,
    outcome_of,
    until,
)

KEY: Final = "order-9"


@define
class Trial:
    """
    One call of an operation that meets a fault.

    Attributes:
        act: The operation.
        session: The shop's session.
        sandbox: The sandbox.
        clock: The clock of both.
        ready: The data of the call.
        sent: Requests before it.
        moved: Movements of money before it.
        key: Its idempotency key.
    """

    act: Act
    session: FlexitiSession
    sandbox: Sandbox
    clock: ManualClock
    ready: Any
    sent: int
    moved: int
    key: str = KEY

    async def make(self) -> Anything:
        """Make the call; errors are returned."""
        return await outcome_of(self.act.make(self.session, self.ready, self.key))

    def counts(self) -> tuple[int, int]:
        """Return how often the call was sent, and how often it was carried out."""
        return self.act.sent(self.sandbox) - self.sent, self.act.moved(self.sandbox) - self.moved

    async def check(self, outcome: Anything) -> None:
        """
        Check what every fault must leave behind.

        An operation that was carried out is in the journal; one that is pending there is not sent
        again; and one that is not there can be made with the same key, once.
        """
        sent, moved = self.counts()
        keyed = self.act is TRANSACTION  # the API knows the key, so a repeat moves nothing
        pending = [
            one for one in await self.act.pending(self.session) if one.idempotency_key == self.key
        ]
        found = await self.session.operations.get(kind=self.act.kind, key=self.key)
        assert moved <= 1
        assert sent <= 1 or keyed
        if moved:
            assert found is not None
            assert found.phase in {"pending", "done"}
        if not isinstance(outcome, BaseException):
            assert ([], 1) == (pending, moved)
        if isinstance(outcome, OutcomeUnknown):
            assert [outcome.operation_id] == [one.operation_id for one in pending]
        self.sandbox.heal()
        if pending:
            self.clock.advance(found.deadline + 1 if found else 0)
        again = await self.make()
        if pending and not keyed:
            assert isinstance(again, OutcomeUnknown)
            assert (sent, moved) == self.counts()
        elif pending:
            assert not isinstance(again, BaseException) or isinstance(again, OutcomeUnknown)
            assert self.counts()[1] <= 1
        else:
            assert not isinstance(again, BaseException), again
            assert self.counts()[1] == 1
            assert self.counts()[0] == sent + (not again.replayed)


@pytest.fixture(params=ACTS)
async def trial(
    request: pytest.FixtureRequest, session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> Trial:
    """Return an operation that can be made, with nothing sent so far."""
    return await trial_of(ACTS[request.param], session, sandbox, clock)


async def trial_of(
    act: Act, session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, key: str = KEY
) -> Trial:
    """Prepare an operation, so that the next request of its scope is the call itself."""
    ready = await act.prepare(session, sandbox)
    await asyncio.gather(*(session.token(scope) for scope in (Scope.CUSTOMER, Scope.MERCHANT)))
    return Trial(act, session, sandbox, clock, ready, act.sent(sandbox), act.moved(sandbox), key)


def error(code: str) -> bytes:
    """Return the API's JSON for an error."""
    return b'{"error": "%s", "message": "No.", "url": "/flexiti"}' % code.encode()


HTML = {"content-type": "text/html"}
UNKNOWN: Final[dict[str, Fault]] = {
    "dropped before": Drop(commit=False),
    "dropped after": Drop(commit=True),
    "reset after": Reset(commit=True),
    "503 before": Answer(503),
    "502 after": Answer(502, HTML, b"<h1>Bad Gateway</h1>", commit=True),
    "408 after": Answer(408, commit=True),
    "429": Answer(429, body=error("too_many")),
    "302": Redirect("https://example.com/", 302),
    "307": Redirect("https://example.com/", 307),
    "not HTTP": Malformed("no-http"),
    "HTML": Malformed("html"),
    "a list": Malformed("list"),
    "half of it": Malformed("half"),
    "cut": Truncate(5),
    "a success with an error": Answer(200, body=error("declined"), commit=True),
    "general_error": Answer(409, body=error("general_error"), commit=True),
    "an unknown code": Answer(409, body=error("whatever"), commit=True),
    "403 of a proxy": Answer(403, HTML, b"<h1>Forbidden</h1>", commit=True),
    "401 of a proxy": Answer(401, HTML, b"<h1>Unauthorized</h1>", commit=True),
    "404 of a proxy": Answer(404, HTML, b"<h1>Not Found</h1>"),
}
REFUSED: Final[dict[str, Fault]] = {
    "wrong_inputs": Answer(409, body=error("wrong_inputs")),
    "invalid_role": Answer(409, body=error("invalid_role")),
    "404 of the API": Answer(404, body=b'{"url": "/flexiti", "message": "Not found"}'),
    "403 of the API": Answer(403, body=b'{"url": "/flexiti", "message": "insufficient scope"}'),
    "blocked": Answer(466, HTML, b"<h1>Blocked</h1>"),
}


@pytest.mark.parametrize("name", UNKNOWN)
async def test_an_unknown_outcome_is_kept(name: str, trial: Trial) -> None:
    """An answer that proves nothing leaves the operation pending, and it is not sent again."""
    trial.clock.advance(120)  # a new token is not rejected for one call
    trial.sandbox.inject(UNKNOWN[name], endpoint=trial.act.endpoint, times=None)
    outcome = await trial.make()

    assert isinstance(outcome, OutcomeUnknown)
    await trial.check(outcome)


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refusal_frees_the_key(name: str, trial: Trial) -> None:
    """A call that the API refused certainly did not run: the same key makes it."""
    trial.sandbox.inject(REFUSED[name], endpoint=trial.act.endpoint, times=None)
    outcome = await trial.make()

    assert isinstance(outcome, ApiError)
    assert [] == await trial.act.pending(trial.session)
    await trial.check(outcome)


@pytest.mark.parametrize("then", ["refused", "no connection", "rejected"])
async def test_a_later_failure_does_not_prove_that_an_earlier_request_did_not_run(
    then: str, session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A payment is repeated after a lost answer; a refusal of the repeat leaves it unknown."""
    trial = await trial_of(TRANSACTION, session, sandbox, clock)
    sandbox.inject(Drop(), endpoint=TRANSACTION.endpoint)
    closing = list[asyncio.Task[None]]()
    if then == "refused":
        refusal = Answer(409, body=error("not_enough_credit"))
        sandbox.inject(refusal, endpoint=TRANSACTION.endpoint, times=None)
    elif then == "rejected":
        unauthorized = Answer(401, body=b'{"url": "/flexiti", "message": "expired"}')
        sandbox.inject(unauthorized, endpoint=TRANSACTION.endpoint, times=None)
    else:
        session.events.add(
            lambda event: (
                closing.append(asyncio.create_task(sandbox.aclose()))
                if isinstance(event, CallRetried) and not closing
                else None
            )
        )
    outcome = await trial.make()
    if closing:
        await asyncio.gather(*closing)
        await sandbox.start()

    assert isinstance(outcome, OutcomeUnknown)
    assert 1 == len(await TRANSACTION.pending(session))
    await trial.check(outcome)


async def test_a_repeat_that_is_interrupted_before_it_is_sent_leaves_the_key_pending(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payment is claimed anew after a lost answer; it is the first request that may have run."""
    trial = await trial_of(TRANSACTION, session, sandbox, clock)
    sandbox.inject(Drop(), endpoint=TRANSACTION.endpoint, times=None)
    first = await trial.make()
    clock.advance(session.operations._context.deadline + 1)

    async def interrupt(point: points.Point) -> None:
        if point == "operation claimed":
            raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(points, "hook", interrupt)
        await trial.make()

    assert isinstance(first, OutcomeUnknown)
    assert 1 == len(await TRANSACTION.pending(session))


async def test_no_connection_frees_the_key(trial: Trial) -> None:
    """A call that was never sent leaves the key free."""
    await trial.sandbox.aclose()
    outcome = await trial.make()
    await trial.sandbox.start()

    assert isinstance(outcome, ConnectError)
    await trial.check(outcome)


async def test_no_tls_leaves_no_trace(
    trial: Trial, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Without a token nothing is claimed."""
    account = f"{sandbox.base_url.partition('/flexiti')[0]} {sandbox.client_id}"
    url = sandbox.base_url.replace("http:", "https:")
    other = make_session(base_url=url, account=account, token_timeout=1)
    outcome = await outcome_of(trial.act.make(other, trial.ready, KEY))

    assert isinstance(outcome, TokenError)
    assert await trial.session.operations.get(kind=trial.act.kind, key=KEY) is None
    await trial.check(outcome)


async def test_a_revoked_token_is_replaced(trial: Trial) -> None:
    """A call that was rejected with its token did not run, and is sent again with another one."""
    trial.clock.advance(120)  # a new token is not rejected for one call
    trial.sandbox.fail(
        trial.act.endpoint, status=401, body=b'{"url": "/flexiti", "message": "expired"}'
    )
    outcome = await trial.make()

    if trial.act is APPLY:  # the API compares it with the widget of the same token
        assert isinstance(outcome, NotVerified)
        assert [] == await trial.act.pending(trial.session)
    else:
        assert not isinstance(outcome, BaseException), outcome
        assert (2, 1) == trial.counts()


class Subclass(str):
    """A text as `mark_safe` of Django and `Markup` of MarkupSafe return it."""

    __slots__ = ()


ENDLESS: Final = list[object]()
ENDLESS.append(ENDLESS)
BAD_BODIES: Final[dict[str, dict[str, object]]] = {
    "NaN": {"amount": float("nan")},
    "half a surrogate": {"reference": "\ud83d"},
    "an object": {"reference": object()},
    "a huge number": {"amount": 10**5000},
    "an endless list": {"items": ENDLESS},
}


@pytest.mark.parametrize("name", BAD_BODIES)
@pytest.mark.parametrize("kind", [kind.value for kind in OperationKind])
async def test_what_cannot_be_encoded_leaves_no_trace(
    name: str, kind: str, session: FlexitiSession
) -> None:
    """A body that is not JSON is a ValidationError, and nothing is claimed."""
    outcome = await outcome_of(
        session.operations.run(by_hand(kind=OperationKind(kind), body=BAD_BODIES[name]), **KEYED)
    )

    assert isinstance(outcome, ValidationError)
    assert (
        await session.operations.get(kind=OperationKind(kind), key=KEY, endpoint="by-hand") is None
    )


KEYED: Final[dict[str, Any]] = {"idempotency_key": KEY}


def by_hand(**changes: Any) -> OperationCall[Application]:
    """Build a call by hand."""
    given: dict[str, Any] = {
        "endpoint": "by-hand",
        "method": "POST",
        "path": "by-hand",
        "scope": Scope.MERCHANT,
        "result": Application,
        "replay": Replay.NEVER,
        **changes,
    }
    return OperationCall(**given)


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "a/{missing}"},
        {"path": "a/{number}", "path_values": {"number": ".."}},
        {"path": "a/{number}", "path_values": {"number": 5}},
        {"query": {"page": object()}},
        {"headers": {"x-own": "a"}, "query": {"a": None}},
    ],
    ids=["missing", "dots", "number", "object", "none"],
)
async def test_a_request_that_cannot_be_built_leaves_no_trace(
    changes: Anything, session: FlexitiSession
) -> None:
    """A call built by hand is built as a request before anything is claimed."""
    outcome = await outcome_of(session.operations.run(by_hand(**changes), **KEYED))

    assert isinstance(outcome, ValidationError)
    assert await session.operations.get(kind="other", key=KEY, endpoint="by-hand") is None


async def test_a_call_that_is_not_an_operation_is_refused(session: FlexitiSession) -> None:
    """Anything but an OperationCall is an error of this library's, and nothing is claimed."""
    from flexiti_async.api.authorizations import get_authorization
    from flexiti_async.errors import ConfigError

    for call in (get_authorization(1), "authorize", None):
        outcome = await outcome_of(session.operations.run(call, **KEYED))  # type: ignore[arg-type]
        assert isinstance(outcome, ConfigError)


async def test_a_subclass_of_str_is_text(session: FlexitiSession, sandbox: Sandbox) -> None:
    """A text of a subclass is sent as what it says (issue 16, case 2)."""
    body = await application(session, sandbox)
    before = len(sandbox.accounts)
    made = await session.applications.apply(
        {**body, "reference": Subclass("order-1")}, idempotency_key=Subclass(KEY)
    )

    assert not made.replayed
    assert before + 1 == len(sandbox.accounts)


@pytest.mark.parametrize("kind", ACTS)
async def test_a_cancelled_caller_cancels_nothing(
    kind: str, make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Cancelled at any of its awaits, a caller leaves an operation that is made once."""
    number, reached = 0, True
    while reached:
        number += 1
        trial = await trial_of(ACTS[kind], make_session(), sandbox, clock, f"order-{number}")
        work = trial.act.make(trial.session, trial.ready, trial.key)
        reached = await cancelled_at(work, number)
        outcome = await trial.make()

        assert not isinstance(outcome, BaseException), outcome
        assert (1, 1) == trial.counts()
    assert number > 1


async def test_a_time_limit_of_the_caller_cancels_nothing(trial: Trial) -> None:
    """`asyncio.wait_for` ends the wait, not the operation (issue 16, case 3)."""
    trial.sandbox.latency = {trial.act.endpoint: 0.2}
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(trial.act.make(trial.session, trial.ready, KEY), 0.05)
    outcome = await trial.make()

    assert not isinstance(outcome, BaseException), outcome
    assert (1, 1) == trial.counts()


MOST_TURNS: Final = 400


@pytest.mark.parametrize("kind", ACTS)
async def test_a_cancelled_operation_leaves_the_journal_true(
    kind: str, make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Cancelled itself, after any turn of the loop, it is free, pending or done, as is true."""
    turns, ended, seen = -1, False, set[str]()
    step = 1 if kind == "capture" else 6  # the turns are the same for all kinds
    while not ended:
        turns += step
        assert turns < MOST_TURNS
        trial = await trial_of(ACTS[kind], make_session(), sandbox, clock, f"order-{turns}")
        caller = asyncio.create_task(trial.make())
        await until(executions)
        for _ in range(turns):
            await asyncio.sleep(0)
        running = executions()
        ended = not running
        for task in running:
            task.cancel()
        outcome = await caller
        assert not isinstance(outcome, asyncio.CancelledError)
        assert isinstance(outcome, OperationError) or not isinstance(outcome, BaseException)
        # The sandbox may still be carrying it out.
        await until(lambda: not any(one.status is None for one in sandbox.requests))
        found = await trial.session.operations.get(kind=OperationKind(kind), key=trial.key)
        seen.add("absent" if found is None else found.phase.value)
        await trial.check(outcome)
    assert step > 1 or {"free", "pending", "done"} <= seen


async def test_closing_waits_for_an_operation(trial: Trial, make_session: MakeSession) -> None:
    """A session that is closed meanwhile lets the operation end, and records it."""
    trial.sandbox.latency = {trial.act.endpoint: 0.1}
    caller = asyncio.create_task(trial.make())
    await until(lambda: trial.counts()[0])
    await trial.session.aclose()
    outcome = await caller

    assert not isinstance(outcome, BaseException), outcome
    trial.session = make_session()
    await trial.check(outcome)
