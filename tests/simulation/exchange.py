"""The network: one request and its answer, in place of aiohttp (`transport/exchange.py`)."""

import asyncio
import errno
from collections.abc import Callable
from typing import Any, Final, cast

import aiohttp
from attrs import define, frozen

from flexiti_async.errors import ConnectionLost, SessionClosed, TransportError
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.transport import pool as pool_module
from flexiti_async.transport.connections import Pool
from flexiti_async.transport.faults import Progress, connect_error, error_of, failure
from flexiti_async.transport.limits import Deadlines
from flexiti_async.transport.slots import Slots
from flexiti_async.transport.wire import Wire

from .api import ModelApi, foreign, general_error
from .loop import PROCESS, reach
from .store import Fault

__all__ = ["Network", "open_pool"]


@define(eq=False)
class _Session:
    """Stands for a client session of aiohttp."""

    closed: bool = False
    connector: None = None

    async def close(self) -> None:
        self.closed = True


def open_pool(wire: Wire) -> Pool:
    """Open a pool without sockets."""
    return Pool(
        cast("aiohttp.ClientSession", _Session()),
        cast("aiohttp.ClientSession", _Session()),
        Slots(wire.connections),
        Deadlines(extend=False),
        Deadlines(),
        Deadlines(),
        wire,
    )


@frozen
class _Effect:
    """
    The effect of a fault on a request that is written.

    Attributes:
        executed: It is executed.
        answer: Builds what comes back in place of the API's answer; None for that one.
        late: It is executed later, by the seconds of the fault.
        silent: No answer comes.
    """

    executed: bool = True
    answer: Callable[[ModelApi, HttpRequest], HttpResponse | TransportError] | None = None
    late: bool = False
    silent: bool = False


def _cut(_: ModelApi, request: HttpRequest) -> TransportError:
    return failure(ConnectionLost, request, "the connection broke")


def _status(status: int) -> Callable[[ModelApi, HttpRequest], HttpResponse]:
    return lambda _, __: foreign(status)


_SOUND: Final = _Effect()
_EFFECTS: Final = {
    "cut before": _Effect(executed=False, answer=_cut),
    "cut after": _Effect(answer=_cut),
    "hang": _Effect(late=True, silent=True),
    "hang before": _Effect(executed=False, silent=True),
    "slow": _Effect(late=True),
    "garble": _Effect(
        answer=lambda _, __: HttpResponse(200, {"content-type": "application/json"}, b'{"cap')
    ),
    "status 500": _Effect(executed=False, answer=_status(500)),
    "status 500 after": _Effect(answer=_status(500)),
    "status 502 after": _Effect(answer=_status(502)),
    "status 503": _Effect(
        executed=False, answer=lambda _, __: HttpResponse(503, {"retry-after": "1"}, b"")
    ),
    "status 429": _Effect(
        executed=False, answer=lambda _, __: HttpResponse(429, {"retry-after": "1"}, b"")
    ),
    "status 408 after": _Effect(answer=_status(408)),
    "general error after": _Effect(answer=lambda _, __: general_error()),
    "foreign 401": _Effect(answer=_status(401)),
    "foreign 404 after": _Effect(answer=_status(404)),
    "reject": _Effect(executed=False, answer=lambda api, request: api.refusal(request)),
}


@define(eq=False)
class Network:
    """
    The network between the processes and the API.

    Attributes:
        api: The API.
    """

    api: ModelApi

    async def exchange(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        limits: aiohttp.ClientTimeout,
        *,
        proxy: object = None,
        progress: Progress | None = None,
    ) -> HttpResponse | TransportError | SessionClosed:
        """Send a request and wait for the answer, as `transport.exchange.exchange` does."""
        del proxy
        if session.closed:
            return SessionClosed("the client session is closed")
        fault = self.api.fault_of(request)
        late = await self._connect(request, limits, fault, progress)
        return late or await self._ask(request, fault)

    async def _connect(
        self,
        request: HttpRequest,
        limits: aiohttp.ClientTimeout,
        fault: Fault | None,
        progress: Progress | None,
    ) -> TransportError | None:
        """Make a connection; returns the error of a request that is not written."""
        seconds = self.api.world.latency()
        if fault is not None and fault.what == "slow connection":
            seconds = fault.seconds
        limit = min(limits.connect or seconds, limits.sock_connect or seconds)
        end = asyncio.get_running_loop().time() + limit
        await asyncio.sleep(min(seconds, limit))
        if fault is not None and fault.what == "refuse":
            return connect_error(request, "refused", errno=errno.ECONNREFUSED)
        await reach("call connected")
        # After a stop both the connection and the timer are there, and asyncio cancels.
        over = asyncio.get_running_loop().time() > end
        if over or seconds > limit or (progress is not None and progress.over()):
            return error_of(request, aiohttp.ConnectionTimeoutError(), progress=progress)
        if progress is not None:
            progress.connected = True
        return None

    async def _ask(
        self, request: HttpRequest, fault: Fault | None
    ) -> HttpResponse | TransportError:
        api, process = self.api, PROCESS.get(None)
        api.sent(request, "" if process is None else process.name)
        answer: asyncio.Future[HttpResponse | TransportError] = api.world.loop.create_future()
        effect = _SOUND if fault is None else _EFFECTS.get(fault.what, _SOUND)
        there, back = api.world.latency(), api.world.latency()
        if effect.late and fault is not None:
            there += fault.seconds
        # A caller that is cancelled forgets its request, and the API has it all the same.
        sent = HttpRequest(
            request.endpoint,
            request.method,
            request.url,
            request.headers,
            request.body,
            request.reference_id,
        )

        def arrive() -> None:
            got: HttpResponse | TransportError | None = None
            if effect.executed:
                got = api.answer(sent)
            if effect.answer is not None:
                got = effect.answer(api, sent)
            if not effect.silent and got is not None:
                api.world.later(back, deliver, got)

        def deliver(got: Any) -> None:  # noqa: ANN401
            if not answer.done():
                answer.set_result(got)

        api.world.later(there, arrive)
        return await answer

    def names(self) -> tuple[object, dict[str, object]]:
        """Return what is replaced while it is in use: a module, and names in it."""
        return pool_module, {"exchange": self.exchange, "open_pool": open_pool}
