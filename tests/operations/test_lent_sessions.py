"""Client sessions that a shop lends: their callbacks prove nothing about the call."""

import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import pytest
from attrs import define

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.errors import ConnectError, OutcomeUnknown, SessionClosed, TokenUnavailable
from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..support.patience import PATIENT
from .acts import CAPTURE, Anything, authorized, outcome_of

KEY: Final = "parcel-1"
Callback = Callable[[aiohttp.ClientSession], Awaitable[object]]


@define
class Switch:
    """Whether callbacks fail."""

    on: bool = False

    async def turn_on(self) -> None:
        """Let them fail."""
        self.on = True


async def reports(_: aiohttp.ClientSession) -> None:
    """Report to a collector that is down."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with aiohttp.ClientSession() as own:
            await own.post(f"http://127.0.0.1:{port}/")


async def closes(client: aiohttp.ClientSession) -> None:
    """Close the client session, and use something else that is closed."""
    await client.close()
    msg = "the metrics client is closed"
    raise RuntimeError(msg)


async def obtains(_: aiohttp.ClientSession) -> None:
    """Use another session of the library, which has no token."""
    msg = "no token"
    raise TokenUnavailable(msg)


async def uses_closed(_: aiohttp.ClientSession) -> None:
    """Use another session of the library, which is closed."""
    msg = "the session is closed"
    raise SessionClosed(msg)


CALLBACKS: Final[tuple[Callback, ...]] = (reports, closes, obtains, uses_closed)


async def capture(
    client: aiohttp.ClientSession,
    sandbox: Sandbox,
    clock: ManualClock,
    arm: Callable[[], Awaitable[object]],
) -> tuple[Anything, str | None]:
    """Make a capture over a client session; return its outcome and its phase in the journal."""
    options: dict[str, Any] = {
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "base_url": sandbox.base_url,
        "store": f"memory://lent-{sandbox.run_id}",
        **PATIENT,
    }
    async with FlexitiSession(FlexitiConfig(**options), clock=clock) as own:
        number = await authorized(own, sandbox)
        await own.token(Scope.MERCHANT)
        async with (
            client,
            FlexitiSession(FlexitiConfig(**options), client_session=client, clock=clock) as session,
        ):
            await session.token(Scope.MERCHANT)
            await arm()
            outcome = await outcome_of(CAPTURE.make(session, number, KEY))
        found = await own.operations.get(kind="capture", key=KEY)
        return outcome, None if found is None else found.phase.value


@pytest.mark.parametrize("callback", CALLBACKS)
async def test_a_callback_that_fails_after_the_answer(
    callback: Callback, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The call ran, whatever the callback raises; the class of the error is not this call's."""
    tracing, armed = aiohttp.TraceConfig(), Switch()

    async def end(client: aiohttp.ClientSession, *_: object) -> None:
        if armed.on:
            await callback(client)

    tracing.on_request_end.append(end)
    client = aiohttp.ClientSession(trace_configs=[tracing])
    outcome, phase = await capture(client, sandbox, clock, armed.turn_on)

    assert 1 == CAPTURE.moved(sandbox)
    assert (OutcomeUnknown, "pending") == (type(outcome), phase)


async def test_a_middleware_that_repeats(sandbox: Sandbox, clock: ManualClock) -> None:
    """Its second attempt has no connection; its first one ran."""
    armed = Switch()

    async def repeat(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        answer = await handler(request)
        if not armed.on:
            return answer
        answer.close()
        await sandbox.aclose()
        return await handler(request)

    connector = aiohttp.TCPConnector(force_close=True)
    client = aiohttp.ClientSession(middlewares=[repeat], connector=connector)
    outcome, phase = await capture(client, sandbox, clock, armed.turn_on)

    assert 1 == CAPTURE.moved(sandbox)
    assert (OutcomeUnknown, "pending") == (type(outcome), phase)


async def test_no_connection_frees_the_key(sandbox: Sandbox, clock: ManualClock) -> None:
    """Callbacks that raise nothing change nothing: nothing was sent."""
    tracing = aiohttp.TraceConfig()

    async def look(*_: object) -> None:
        """Do nothing."""

    for moment in (tracing.on_request_start, tracing.on_request_end, tracing.on_request_exception):
        moment.append(look)
    connector = aiohttp.TCPConnector(force_close=True)
    client = aiohttp.ClientSession(trace_configs=[tracing], connector=connector)
    outcome, phase = await capture(client, sandbox, clock, sandbox.aclose)

    assert (ConnectError, "free") == (type(outcome), phase)
