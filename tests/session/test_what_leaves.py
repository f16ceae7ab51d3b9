"""
An exception that leaves a call carries no secret and no personal data: not in its text, not in the
locals of a frame of its traceback, and not in an exception that it is chained to.

An error tracker stores all of these.
"""

import asyncio
import contextlib
import functools
import sys
import traceback
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from attrs import evolve

from flexiti_async import (
    ApplyWidget,
    FlexitiConfig,
    FlexitiError,
    FlexitiSession,
    PurchaseWidget,
    Scope,
)
from flexiti_async.api.widget import init_widget
from flexiti_async.errors import TokenDeadlock
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore
from flexiti_async.tokens.patience import Patience
from flexiti_async.tokens.refresh import Refresh

from ..checkout.test_checkout import APPLICANT
from ..support.canaries import chain_of, sightings
from ..support.patience import PATIENT
from ..support.stalling_loop import StallingLoop
from ..support.stepping import InterruptedAt

NAME: Final = "Canarina"
PERSON: Final[dict[str, Any]] = {**APPLICANT, "first_name": NAME, "last_name": NAME}
PROXY_PASSWORD: Final = "hush-canary"
MOST: Final = 80
"""More awaits than any trial has; a trial that gets there does not end by itself."""

LOOP: Final = functools.partial(StallingLoop, quiet=0.5)
"""The sandbox runs in the same loop."""

Work = Callable[[FlexitiSession], Coroutine[Any, Any, object]]


async def checkout(session: FlexitiSession) -> None:
    """Begin a checkout, and its step that carries the applicant."""
    begun = await session.checkout("order-1")
    await begun.init_widget(ApplyWidget(**PERSON))


async def busy(session: FlexitiSession, work: Work) -> None:
    """Wait for a connection: the only one is taken by another call."""
    await session.token()
    other = asyncio.create_task(session.send(init_widget(ApplyWidget(**PERSON))))
    await asyncio.sleep(0)
    try:
        await work(session)
    finally:
        with contextlib.suppress(asyncio.CancelledError, FlexitiError):
            await other


async def refresh(session: FlexitiSession) -> None:
    """Run a refresh in the current task, as the refresher does in a task of its own."""
    context = session.refresher(Scope.CUSTOMER)._context
    await Refresh(
        context,
        min_ttl=0.0,
        cached=None,
        rejected=(),
        may_refresh=True,
        pin=False,
        patience=Patience(),
        ended=deque(),
    ).run()


WORK: Final[dict[str, Work]] = {
    "purchase": lambda session: session.init_widget(
        PurchaseWidget(account_number=20009100, first_name=NAME)
    ),
    "application": lambda session: session.init_widget(ApplyWidget(**PERSON)),
    "send": lambda session: session.send(init_widget(ApplyWidget(**PERSON))),
    # Under the name of a call that moves no money.
    "once": lambda session: session.send(
        evolve(init_widget(ApplyWidget(**PERSON)), endpoint="verify", replay=Replay.NEVER)
    ),
    "busy, send": lambda session: busy(session, WORK["send"]),
    "busy, application": lambda session: busy(session, WORK["application"]),
    "busy, checkout": lambda session: busy(session, checkout),
    "checkout": checkout,
    "token": lambda session: session.token(min_ttl=None),
    "dedicated": lambda session: session.refresher(Scope.CUSTOMER).dedicated(60),
    "refresh": refresh,
}


def by_cancel(work: InterruptedAt[object]) -> Awaitable[object]:
    """Cancel the task."""
    task = asyncio.current_task()
    assert task is not None
    work.interrupt = task.cancel
    return work


async def by_timeout(work: InterruptedAt[object]) -> object:
    """Let a time be over in which the work should have ended."""
    work.interrupt = jump
    async with asyncio.timeout(50):
        return await work


async def by_wait_for(work: InterruptedAt[object]) -> object:
    """Give the work a time."""
    work.interrupt = jump

    async def run() -> object:
        return await work

    return await asyncio.wait_for(run(), 50)


def jump() -> None:
    """Let the time be over."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, StallingLoop)
    loop.jump(60)


LEAVE: Final[dict[str, Callable[[InterruptedAt[object]], Awaitable[object]]]] = {
    "cancel": by_cancel,
    "timeout": by_timeout,
    "wait_for": by_wait_for,
}


def session_at(
    sandbox: Sandbox, client: aiohttp.ClientSession | None = None, **options: Any
) -> FlexitiSession:
    """Open a session with everything that is secret."""
    given: dict[str, Any] = {
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "merchant_username": sandbox.merchant_username,
        "merchant_password": sandbox.merchant_password,
        "base_url": sandbox.base_url,
        "store": FaultyStore(asyncio.get_running_loop().time),
        "connections": 1,
        "retries": 0,
        **PATIENT,
        **options,
    }
    return FlexitiSession(FlexitiConfig(**given), client_session=client)


def check(error: BaseException, sandbox: Sandbox) -> None:
    """Look for all that must not be there."""
    issued = [
        text for token in sandbox.tokens for text in (token.access_token, token.refresh_token)
    ]
    secret = (sandbox.client_secret, sandbox.merchant_password, PROXY_PASSWORD, *issued)
    frames = [
        frame for link in chain_of(error) for frame, _ in traceback.walk_tb(link.__traceback__)
    ]

    assert [] == sightings(error, *secret, NAME, str(PERSON["email"]))
    assert [] == [
        frame.f_code.co_filename for frame in frames if "aiohttp" in frame.f_code.co_filename
    ]
    assert [] == [
        frame.f_code.co_qualname
        for frame in frames
        for value in frame.f_locals.values()
        if isinstance(value, HttpRequest) and (value.headers or value.body)
    ]


async def left_at(
    work: Coroutine[Any, Any, object],
    number: int,
    leave: Callable[[InterruptedAt[object]], Awaitable[object]],
) -> tuple[BaseException | None, bool]:
    """Interrupt work at an await; return what left it, and whether it got there."""
    step = InterruptedAt(work, number)

    async def run() -> BaseException | None:
        try:
            await leave(step)
        except BaseException as error:  # noqa: BLE001 - a cancellation is one
            return error
        return None

    return await asyncio.create_task(run()), step.reached


@pytest.mark.parametrize("lent", [False, True], ids=["own", "lent"])
@pytest.mark.parametrize("leave", LEAVE)
@pytest.mark.parametrize("work", WORK)
def test_what_leaves_at_any_await_carries_nothing(work: str, leave: str, lent: bool) -> None:
    """A cancellation and a time-out, at each await from the token to the last byte."""

    async def main() -> Counter[str]:
        kinds: Counter[str] = Counter()
        async with Sandbox() as sandbox:
            for number in range(1, MOST):
                async with contextlib.AsyncExitStack() as stack:
                    client = await stack.enter_async_context(aiohttp.ClientSession())
                    session = await stack.enter_async_context(
                        session_at(sandbox, client if lent else None)
                    )
                    error, reached = await left_at(WORK[work](session), number, LEAVE[leave])
                if not reached:
                    assert error is None
                    return kinds
                if error is not None:
                    check(error, sandbox)
                    kinds[type(error).__name__] += 1
        msg = f"not finished after {MOST} awaits"
        raise AssertionError(msg)

    with asyncio.Runner(loop_factory=LOOP) as runner:
        kinds = runner.run(main())

    expected = "CancelledError" if leave == "cancel" else "TimeoutError"
    assert kinds[expected]


@pytest.mark.parametrize("leave", LEAVE)
@pytest.mark.parametrize("work", ["dedicated", "application"])
def test_what_leaves_on_the_way_to_a_proxy_carries_nothing(work: str, leave: str) -> None:
    """The proxy's password is a secret, too."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(EOFError, OSError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def main() -> int:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        options: dict[str, Any] = {
            "base_url": "https://api.test/x",
            "proxy": f"http://ada:{PROXY_PASSWORD}@127.0.0.1:{port}",
        }
        number = 0
        async with server, Sandbox() as sandbox:
            for number in range(1, MOST):
                async with session_at(sandbox, **options) as session:
                    error, reached = await left_at(WORK[work](session), number, LEAVE[leave])
                assert error is not None
                check(error, sandbox)
                if not reached:
                    assert isinstance(error, FlexitiError)
                    break
        return number

    with asyncio.Runner(loop_factory=LOOP) as runner:
        assert 3 <= runner.run(main()) < MOST


class OddError(BaseException):
    """One that cannot be made from its arguments."""

    def __init__(self, *, held: object) -> None:
        super().__init__(held)


def in_group(held: object) -> BaseException:
    """Make a group, whose members hold the request and its error."""
    inner = OddError(held=held)
    inner.__context__ = LookupError(held)
    return BaseExceptionGroup("several", [inner, LookupError(held)])


RAISED: Final[dict[str, Callable[[object], BaseException]]] = {
    "an exception": LookupError,
    "one of the library's": lambda _: TokenDeadlock("of a callback"),
    "a cancellation": lambda _: asyncio.CancelledError("of a callback"),
    "a time-out": TimeoutError,
    "the end of the process": SystemExit,
    "an odd one": lambda held: OddError(held=held),
    "a group": in_group,
}
OF_THE_WRITER: Final = {"on_request_chunk_sent"} if sys.version_info < (3, 12) else set[str]()
"""
Callbacks that run in a task of aiohttp's own, before Python 3.12 can start one eagerly: asyncio
lets a SystemExit of any task pass out of the loop, so it never reaches the call.
"""
PLAIN: Final = ("an exception", "one of the library's", "a time-out")
SIGNALS: Final = [
    name
    for name in dir(aiohttp.TraceConfig)
    if name.startswith("on_") and name != "on_request_redirect"
]


@pytest.mark.parametrize(
    ("work", "raised"),
    [
        *((work, raised) for work in ("application", "dedicated") for raised in RAISED),
        # An error that is not an `Exception` ends the shared refresh, not the call.
        *((work, raised) for work in ("purchase", "send", "checkout") for raised in PLAIN),
    ],
)
def test_what_a_callback_of_a_lent_session_raises_carries_nothing(work: str, raised: str) -> None:
    """Each callback is given the request or the connection, and aiohttp's frames are below it."""

    async def main() -> Counter[str]:
        kinds: Counter[str] = Counter()
        async with Sandbox() as sandbox:
            for signal in SIGNALS:
                if raised == "the end of the process" and signal in OF_THE_WRITER:
                    continue
                # The first request is the token's.
                for number in (1, 2):
                    called = 0

                    async def raise_it(_: object, __: object, held: object) -> None:
                        nonlocal called
                        called += 1
                        if called >= number:  # noqa: B023 - used in this turn
                            raise RAISED[raised](
                                (held, vars(held) if hasattr(held, "__dict__") else held)
                            )

                    tracing = aiohttp.TraceConfig()
                    getattr(tracing, signal).append(raise_it)
                    async with (
                        aiohttp.ClientSession(trace_configs=[tracing]) as client,
                        session_at(sandbox, client) as session,
                    ):
                        error, _ = await left_at(WORK[work](session), MOST, by_cancel)
                    if error is not None:
                        check(error, sandbox)
                        kinds[signal] += 1
        return kinds

    with asyncio.Runner(loop_factory=LOOP) as runner:
        kinds = runner.run(main())

    assert {"on_request_start", "on_connection_create_end", "on_request_end"} <= kinds.keys()


@pytest.mark.parametrize("raised", RAISED)
def test_what_a_middleware_of_a_lent_session_raises_carries_nothing(raised: str) -> None:
    """A middleware holds the request, before and after it was answered; so may its exception."""

    async def main() -> int:
        left = 0
        async with Sandbox() as sandbox:
            for after in (False, True):

                async def middleware(
                    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
                ) -> aiohttp.ClientResponse:
                    answer = await handler(request) if after else None  # noqa: B023 - used in this turn
                    raise RAISED[raised]((vars(request), answer))

                for work in ("application", "send", "once"):
                    async with (
                        aiohttp.ClientSession(middlewares=(middleware,)) as client,
                        session_at(sandbox, client) as session,
                    ):
                        error, _ = await left_at(WORK[work](session), MOST, by_cancel)
                    assert error is not None
                    check(error, sandbox)
                    left += 1
        return left

    with asyncio.Runner(loop_factory=LOOP) as runner:
        assert 6 == runner.run(main())


def test_the_url_of_a_store_is_in_no_frame_that_a_call_leaves(tmp_path: Path) -> None:
    """A call that is cancelled holds a session, whose configuration holds the store's password."""

    async def main() -> None:
        async with Sandbox() as sandbox:
            url = f"memory://shop:{PROXY_PASSWORD}@{tmp_path.name}-{sandbox.port}"
            async with session_at(sandbox, store=url) as session:
                error, _ = await left_at(WORK["checkout"](session), 2, by_cancel)
            assert error is not None
            check(error, sandbox)

    with asyncio.Runner(loop_factory=LOOP) as runner:
        runner.run(main())
