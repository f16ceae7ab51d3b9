"""The sandbox as one object: start and stop, requests and tokens, faults."""

import asyncio
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self, cast

from aiohttp import web
from attrs import define, field

from flexiti_async.sandbox.app import Dispatcher
from flexiti_async.sandbox.arguments import names_its_arguments, setting, text, whole
from flexiti_async.sandbox.control import CONTROL_PATH, Control
from flexiti_async.sandbox.faults.kinds import Answer, Fault
from flexiti_async.sandbox.faults.rules import FaultRule, Only
from flexiti_async.sandbox.inspection import Inspection
from flexiti_async.sandbox.state.blocked_loop import BlockedLoopWatch
from flexiti_async.sandbox.state.request_log import RequestRecord
from flexiti_async.sandbox.state.thread import LoopThread, locked, stop_accepting
from flexiti_async.sandbox.state.tokens import TokenView, token_id
from flexiti_async.sandbox.wire.endpoints import BASE_PATH
from flexiti_async.sandbox.wire.request import Json

__all__ = ["Sandbox"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not used
"""Addresses to listen on that nobody can connect to, and what this machine connects to instead."""
_ORIGIN = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?/?")
_BACKLOG = 4096  # connections waiting to be accepted: load tests open thousands at once
_RUNNING = "the sandbox is already running"
_SHUTDOWN_TIMEOUT = 0.05  # seconds that requests in flight get when the server closes


def _is_origin(value: object) -> bool:
    return value is None or (isinstance(value, str) and _ORIGIN.fullmatch(value) is not None)


@names_its_arguments
@define(kw_only=True, eq=False)
@locked
class Sandbox(Inspection):
    """
    A Flexiti POS API v2.5 on this machine's loopback interface.

    `with Sandbox() as sandbox` serves from a thread of its own, for code of any kind: sync, or in
    any number of event loops. `async with`, or `start` and `aclose`, serve in the running event
    loop, which therefore has to run: while a sync client in its thread waits, requests are answered
    with 503 and what to do (on Linux). In both cases all methods and settings may be used at any
    time and in any thread. Tokens, records, faults and settings survive, and
    a restarted sandbox listens on the same port: that simulates an outage.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0 for a free one, which is set here at the start.
        public_url: Where a customer's browser reaches the sandbox, such as `http://localhost:8099`,
            if not at host and port: in a container, or behind a proxy. It begins every
            `redirection_url`. Read when the sandbox starts.
        run_id: Random id of this sandbox: another one numbers its authorizations anew.
    """

    host: str = field(default="127.0.0.1", validator=text(255))
    port: int = field(default=0, validator=whole(0, 65535))
    public_url: str | None = field(
        default=None,
        validator=setting(_is_origin, "scheme, host and port, as http://localhost:8099"),
    )
    run_id: str = field(factory=lambda: uuid.uuid4().hex, init=False)
    _dispatcher: Dispatcher = field(init=False, repr=False)
    _address: str = field(default="", init=False, repr=False)
    _thread: LoopThread | None = field(default=None, init=False, repr=False)
    _runner: web.AppRunner | None = field(default=None, init=False, repr=False)
    _server: asyncio.Server | None = field(default=None, init=False, repr=False)
    _watch: BlockedLoopWatch | None = field(default=None, init=False, repr=False)
    _serving: set[asyncio.Task[object]] = field(
        factory=set[asyncio.Task[object]], init=False, repr=False
    )

    def __attrs_post_init__(self) -> None:
        self._dispatcher = Dispatcher(self, backend=self._backend)

    def __enter__(self) -> Self:
        if self._runner is not None:
            raise RuntimeError(_RUNNING)
        thread = LoopThread(self._lock)
        try:
            thread.run(self._start())
        except BaseException:
            thread.stop()
            raise
        self._thread = thread
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.run(self._stop())
            thread.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """
        Start listening; within `with Sandbox()` again, after `aclose`, in the same thread.

        Raises:
            RuntimeError: The sandbox is already running.
            OSError: The address is in use or not available.
        """
        if self._thread is not None:
            await self._thread.result_of(self._start())
            return
        await self._start()
        if self._server is not None and hasattr(time, "pthread_getcpuclockid"):  # not on macOS
            self._watch = BlockedLoopWatch(one.fileno() for one in self._server.sockets)

    async def aclose(self) -> None:
        """Stop listening and close all connections; requests in flight get no answer."""
        await (self._stop() if self._thread is None else self._thread.result_of(self._stop()))

    async def _start(self) -> None:
        if self._runner is not None:
            raise RuntimeError(_RUNNING)
        app = self._dispatcher.application()
        app.middlewares.append(self._track)
        if self.control_token is not None:
            Control(self._dispatcher, self.control_token).add_to(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
        await runner.setup()
        try:
            # Not a TCPSite, which keeps its sockets to itself.
            handler = cast("web.Server", runner.server)
            server = await asyncio.get_running_loop().create_server(
                handler, self.host, self.port, backlog=_BACKLOG
            )
        except BaseException:
            await runner.cleanup()
            raise
        self._runner, self._server = runner, server
        self.port = int(server.sockets[0].getsockname()[1])
        host = _ANY_HOST.get(self.host, self.host)
        host = f"[{host}]" if ":" in host else host
        self._address = f"http://{host}:{self.port}"
        self._dispatcher.base_url = (self.public_url or self._address).rstrip("/") + BASE_PATH

    async def _stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            try:
                await stop_accepting(server)
            finally:
                server.close()
        watch, self._watch = self._watch, None
        if watch is not None:
            await watch.stop()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        # aiohttp loses track of a request whose client has disconnected; its task runs on.
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    @web.middleware
    async def _track(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Keep the task of a request while it is in flight."""
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._serving.add(task)
        try:
            return await handler(request)
        finally:
            self._serving.discard(task)

    @property
    def account_name(self) -> str:
        """
        The account's name for the option `account`, another one for every sandbox.

        With it a journal that outlives a sandbox never answers from an earlier one, whose
        authorizations this one does not know.
        """
        return f"sandbox {self.run_id} {self.client_id}"

    @property
    def base_url(self) -> str:
        """
        API base URL on this machine, without a trailing slash.

        Raises:
            RuntimeError: The sandbox has not been started, so it has no port yet.
        """
        if not self._address:
            msg = "the sandbox has not been started"
            raise RuntimeError(msg)
        return self._address + BASE_PATH

    @property
    def control_url(self) -> str:
        """
        URL of the control endpoint, without a trailing slash; see `flexiti_async.sandbox.control`.

        Raises:
            RuntimeError: The sandbox has not been started, or has no `control_token`.
        """
        if self.control_token is None:
            msg = "the sandbox has no control_token, so it has no control endpoint"
            raise RuntimeError(msg)
        return self.base_url.removesuffix(BASE_PATH) + CONTROL_PATH

    # Requests and tokens

    @property
    def tokens(self) -> tuple[TokenView, ...]:
        """The issued tokens, the oldest first; beyond 100,000 the oldest expired are dropped."""
        return self._dispatcher.backend.ledger.views()

    @property
    def tokens_issued(self) -> int:
        """Number of issued tokens."""
        return self._dispatcher.backend.ledger.issued

    @property
    def replays(self) -> int:
        """How often a refresh token was sent again, whether or not it was accepted before."""
        return self._dispatcher.backend.ledger.replays

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """The last 100,000 requests, the oldest first, including those in flight."""
        return self._dispatcher.log.records()

    def count(
        self,
        endpoint: str,
        *,
        grant: str | None = None,
        scope: str | None = None,
        status: int | None = None,
    ) -> int:
        """
        Count the requests to an endpoint since the sandbox was created.

        Args:
            endpoint: Name of the endpoint, as in the client's errors and events, such as
                `widget/init`; `unknown` for requests to any other path.
            grant: Only requests for this grant.
            scope: Only requests for this scope, or with a token of this scope.
            status: Only requests that were answered with this status.

        Raises:
            ValueError: The endpoint is unknown; the text names the nearest.
        """
        return self._dispatcher.log.count(endpoint, grant=grant, scope=scope, status=status)

    def init_payload(self, access_token: str) -> Mapping[str, Json] | None:
        """Return the body of a token's last accepted widget/init with flow=apply, if any."""
        token = self._dispatcher.backend.ledger.find(access_token)
        return None if token is None else token.init_payload

    # Faults

    def fail(
        self,
        endpoint: str,
        *,
        status: int,
        times: int | None = 1,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> None:
        """
        Answer the next requests to an endpoint without processing them: `inject` of an `Answer`.

        Args:
            endpoint: Name of the endpoint, as for `count`.
            status: HTTP status, 200 to 599.
            times: How many requests get this answer; None for all until `heal`.
            headers: Headers of the answer; the content type is JSON unless they contain another.
            body: Body of the answer; by default an error body with the code `general_error`.

        Raises:
            ValueError: An argument is invalid; the text names the problem.
        """
        self.inject(Answer(status, headers or {}, body), endpoint=endpoint, times=times)

    def inject(
        self,
        fault: Fault,
        *,
        endpoint: str | None = None,
        times: int | None = 1,
        probability: float = 1.0,
        seed: int = 0,
        only: Only | None = None,
    ) -> None:
        """
        Inject a fault. A request meets one fault at most: the first that applies to it.

        Args:
            fault: The fault, a value of `flexiti_async.sandbox.faults.kinds`.
            endpoint: Name of the endpoint, as for `count`; None for all.
            times: How many requests meet it; None for all until `heal`.
            probability: Probability that a matching request meets it, above 0, at most 1.
            seed: Seed of this fault's random numbers: with the same seed, it picks the same
                matching requests, by their order.
            only: Which clients, by default all: a single worker, for example, or one grant.

        Raises:
            ValueError: An argument is invalid; the text names the problem.
        """
        self._dispatcher.rules.add(
            FaultRule(fault, endpoint, times, probability, seed, only or Only())
        )

    def heal(self, endpoint: str | None = None) -> None:
        """
        Remove the faults of one endpoint; without a name all, also those for every endpoint.

        Raises:
            ValueError: The endpoint is unknown; the text names the nearest.
        """
        self._dispatcher.rules.clear(endpoint)

    def revoke(self, access_token: str) -> None:
        """
        Revoke a token: it is rejected from now on, and so is its refresh token.

        Raises:
            LookupError: The sandbox has not issued this token.
        """
        token = self._dispatcher.backend.ledger.find(access_token)
        if token is None:
            msg = f"the sandbox has not issued the token with the id {token_id(access_token)}"
            raise LookupError(msg)
        token.revoked = True

    def revoke_all(self) -> None:
        """Revoke every token."""
        self._dispatcher.backend.ledger.revoke_all()

    def expire_now(self) -> None:
        """Expire every token now."""
        self._dispatcher.backend.ledger.expire_all(self.now())
