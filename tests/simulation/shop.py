"""The processes of a simulated shop, and their callers."""

import asyncio
import contextlib
import copy
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from decimal import Decimal
from typing import Any, Final

from attrs import define, field

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.api.captures import capture
from flexiti_async.api.transactions import TransactionRequest, idempotency_key, make_transaction
from flexiti_async.errors import FlexitiError
from flexiti_async.operations.keys import operation_id, store_key
from flexiti_async.operations.operation import Operation
from flexiti_async.operations.record import Phase, decode_operation
from flexiti_async.protocol.call import OperationCall, OperationKind
from flexiti_async.protocol.token import Scope
from flexiti_async.tokens.patience import LONGEST_WAIT

from .api import ModelApi, Payment
from .loop import PROCESS, Process, SimulatedLoop
from .plan import KEYS, Move, Verb
from .store import EPOCH, ModelStore, World

__all__ = ["ACCOUNT", "API_KEYS", "DEADLINE", "Caller", "Shop", "Worker", "key_of", "operation_of"]

ACCOUNT: Final = 10_000_001
_ACCOUNT_NAME: Final = "simulation"
_AMOUNT: Final = Decimal("20.00")
_TOKEN_TIMEOUT: Final = 3.0
_REQUEST_TIMEOUT: Final = 2.0
_CONNECT_TIMEOUT: Final = 1.0
_STORE_TIMEOUT: Final = 0.5
_TOKEN_LIMIT: Final = LONGEST_WAIT * _TOKEN_TIMEOUT + 4 * _STORE_TIMEOUT
"""Two leases and a flight, and some operations of the store that time out."""
_CALL_LIMIT: Final = _TOKEN_LIMIT + 2 * _REQUEST_TIMEOUT
DEADLINE: Final = _REQUEST_TIMEOUT + _CONNECT_TIMEOUT + 2 * _STORE_TIMEOUT
"""Seconds from the claim of an operation after which nothing is sent."""
_LOOK: Final = 0.7
"""Seconds that one look into the journal takes at most, with the pause before it."""
_OPERATION_LIMIT: Final = _TOKEN_LIMIT + 8 * DEADLINE
"""Others' claims, one's own, the send, and the writes that follow it."""
_LIMITS: Final = {
    Verb.TOKEN: _TOKEN_LIMIT,
    Verb.SEND: _CALL_LIMIT,
    Verb.PAY: _OPERATION_LIMIT,
    Verb.BUY: 2 * _CALL_LIMIT + _OPERATION_LIMIT,
    Verb.RESOLVE: 3 * DEADLINE,
    Verb.END: _TOKEN_LIMIT + 3 * DEADLINE,
}


_CONFIG: Final = FlexitiConfig(
    client_id="shop",
    client_secret="s" * 32,
    base_url="https://posapi.flexiti.fi/flexiti/pos-api",
    account=_ACCOUNT_NAME,
    token_timeout=_TOKEN_TIMEOUT,
    request_timeout=_REQUEST_TIMEOUT,
    connect_timeout=_CONNECT_TIMEOUT,
    store_timeout=_STORE_TIMEOUT,
)


class Clock:
    """The clocks of a machine; its wall clock can be set."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.wrong_by = 0.0

    def wall(self) -> float:
        return EPOCH + self._loop.time() + self.wrong_by

    def boot(self) -> float:
        return self._loop.time()


@define(eq=False)
class Caller:
    """
    One caller, and what it got.

    Attributes:
        move: The move that it made.
        worker: Its process.
        begun: When it asked.
        limit: Seconds after which it must have an answer, as long as its process runs.
        task: Its task.
        ended: When it had an answer; None before.
        outcome: `done`, `cancelled`, or the name of an error.
        number: The API's number, of one that has moved money.
        fault: An error that a caller must never get.
    """

    move: Move
    worker: "Worker"
    begun: float
    limit: float
    task: asyncio.Task[None] | None = None
    ended: float | None = None
    outcome: str = ""
    number: str | None = None
    fault: str = ""

    @property
    def took(self) -> float:
        """Seconds until it had an answer, but for those in which its process was stopped."""
        ended = self.begun if self.ended is None else self.ended
        return ended - self.begun - self.worker.stopped_for(self.begun, ended)

    def __str__(self) -> str:
        return f"{self.worker.process.name} {self.move}: {self.outcome or 'no answer'}"


@define(eq=False)
class Worker:
    """
    A process of the shop.

    Attributes:
        process: The process, as the loop knows it.
        session: Its session.
        context: Where its code runs.
        callers: Its callers.
        stops: When it was stopped, and when it went on.
        closing: It closes its session, or has closed it.
    """

    process: Process
    session: FlexitiSession
    context: Context
    callers: list[Caller] = field(factory=list[Caller])
    stops: list[tuple[float, float]] = field(factory=list[tuple[float, float]])
    closing: bool = False

    def stopped_for(self, begin: float, end: float) -> float:
        """Return the seconds between two moments for which it was stopped."""
        return sum(max(0.0, min(end, to) - max(begin, since)) for since, to in self.stops)

    def spawn(
        self, loop: SimulatedLoop, coroutine: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        """Start a task in the process."""
        return loop.create_task(coroutine, context=self.context.copy())


def key_of(number: float) -> str:
    """Return an idempotency key of the shop."""
    return f"order-{number:.0f}"


def operation_of(move: Move) -> tuple[str, str]:
    """Return kind and key of the operation that a move makes."""
    return "authorize" if move.verb is Verb.BUY else move.what, key_of(move.number)


def call_of(kind: str, key: str) -> OperationCall[Any]:
    """Return the call that moves money for a key."""
    if kind == "capture":
        return capture(7, _AMOUNT, reference=key)
    return make_transaction(
        TransactionRequest(
            transaction_type="instore_payment",
            amount=_AMOUNT,
            verification_code=1234,
            account_number=ACCOUNT,
        ),
        payment_id=key,
    )


CALLS: Final = {
    (kind, key_of(number)): call_of(kind, key_of(number))
    for number in range(KEYS)
    for kind in ("capture", "transaction")
}
STORE_KEYS: Final = {
    (kind, key_of(number)): store_key(
        operation_id(_ACCOUNT_NAME, OperationKind(kind), "", key_of(number))
    )
    for number in range(KEYS)
    for kind in ("authorize", "capture", "transaction")
}
API_KEYS: Final = {idempotency_key(key_of(number)): key_of(number) for number in range(KEYS)}


@define(eq=False)
class Shop:
    """
    All processes of a shop, and what they share.

    Attributes:
        loop: The event loop.
        world: Store, network and API.
        api: The API.
        tokens: The token store.
        journal: The journal's store.
        processes: How many there are at a time.
        workers: Those that are there now.
        all: Those that were ever there.
        callers: All callers.
        broken: Evidence of what processes left behind.
        phases: The phases of operations in the journal at the end, by kind and key.
    """

    loop: SimulatedLoop
    world: World
    api: ModelApi
    tokens: ModelStore
    journal: ModelStore
    processes: int
    clocks: list[Clock] = field(factory=list[Clock])
    workers: list[Worker] = field(factory=list[Worker])
    all: list[Worker] = field(factory=list[Worker])
    callers: list[Caller] = field(factory=list[Caller])
    broken: list[str] = field(factory=list[str])
    phases: dict[tuple[str, str], str] = field(factory=dict[tuple[str, str], str])
    _config: FlexitiConfig = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Configure all sessions."""
        # Not a new one, nor `evolve`: all options would be checked again for every history.
        self._config = copy.copy(_CONFIG)
        for name, store in (("store", self.tokens), ("journal", self.journal)):
            object.__setattr__(self._config, name, store)
        self.api.on_money = self._check_money

    def _check_money(self, process: str, kind: str, key: str) -> None:
        """
        Note a call that moves money and is written although the journal calls its key free.

        A record that another server had when it took over says nothing about the newest claim.
        """
        store, name = self.journal, STORE_KEYS[kind, key]
        entry = store.kept[name][0] if name in store.kept else None
        if entry is None or store.arrived[entry.version] <= store.exchanged:
            return
        if decode_operation(entry.payload, name).phase is Phase.FREE:
            self.broken.append(f"free: {process} sent {kind} {key}, which the journal calls free")

    def open(self) -> None:
        """Start the processes."""
        self.clocks = [Clock(self.loop) for _ in range(self.processes)]
        self.workers = [self.start(index) for index in range(self.processes)]

    def session(self, clock: Clock) -> FlexitiSession:
        """Return a new session."""
        return FlexitiSession(self._config, clock=clock)

    def start(self, index: int) -> Worker:
        """Start a process on one of the machines."""
        process = Process(f"process {index}.{len(self.all)}")
        context = Context()
        context.run(PROCESS.set, process)
        worker = Worker(process, self.session(self.clocks[index]), context)
        self.all.append(worker)
        return worker

    def call(self, move: Move, worker: Worker | None = None) -> Caller:
        """Let a caller ask what a move says."""
        worker = worker or self.workers[move.process]
        caller = Caller(move, worker, self.loop.time(), _LIMITS[move.verb])
        caller.task = worker.spawn(self.loop, self._watched(caller))
        worker.callers.append(caller)
        self.callers.append(caller)
        return caller

    async def _watched(self, caller: Caller) -> None:
        move = caller.move
        try:
            value = await _WORK[move.verb](self, caller.worker.session, move)
        except FlexitiError as error:
            caller.outcome = type(error).__name__
        except asyncio.CancelledError:
            caller.outcome = "cancelled"
        except BaseException as error:  # noqa: BLE001 - none may reach a caller
            caller.outcome = caller.fault = f"{type(error).__name__}: {error}"
        else:
            caller.outcome = "done"
            caller.number = _number_of(value)
        caller.ended = self.loop.time()
        self.world.note(caller.worker.process.name, caller.move.verb.value, caller.outcome)

    async def close(self, worker: Worker) -> None:
        """Close a process in order, and look at what it leaves."""
        began, process = self.loop.time(), worker.process
        await worker.session.aclose()
        took = self.loop.time() - began - worker.stopped_for(began, self.loop.time())
        if took > _LIMITS[Verb.END]:
            self.broken.append(f"late: {process.name} took {took:.1f} s to close")
        # Callers that were looking into the journal end with their next look.
        await asyncio.sleep(_LOOK)
        here = asyncio.current_task()
        tasks = [repr(task.get_coro()) for task in process.unfinished if task is not here]
        left = [*tasks, *self.loop.timers_of(process)]
        self.broken.extend(f"left: {process.name} left {one}" for one in left)
        process.dead = True

    def drop(self) -> None:
        """End what is left of killed processes, now: it would log and warn when it is collected."""
        for worker in self.all:
            process, ended = worker.process, 0
            # What ends may start more, such as the withdrawal of a claim.
            while ended < len(process.tasks):
                task = process.tasks[ended]
                ended += 1
                if not task.done():
                    vars_of: Any = task
                    vars_of._log_destroy_pending = False
                    coroutine: Any = task.get_coro()
                    with contextlib.suppress(BaseException):
                        worker.context.copy().run(coroutine.close)

    def replace(self, index: int, worker: Worker) -> None:
        """Start another process in place of one, unless that was done before."""
        if self.workers[index] is worker:
            self.workers[index] = self.start(index)

    def used(self) -> list[tuple[str, str]]:
        """Return kind and key of all operations that were asked for."""
        moves = (one.move for one in self.callers)
        return list(
            dict.fromkeys(operation_of(one) for one in moves if one.verb in {Verb.PAY, Verb.BUY})
        )

    def paid(self, kind: str, key: str) -> list[Payment]:
        """Return the payments of a key."""
        return [one for one in self.api.payments if (one.kind, one.key) == (kind, key)]


def _number_of(value: object) -> str | None:
    number = getattr(value, "capture_id", None) or getattr(value, "authorization_id", None)
    if number is None:
        number = getattr(value, "extra", {}).get("transaction_id")
    return None if number is None else str(number)


async def _token(_: Shop, session: FlexitiSession, move: Move) -> object:
    await session.token(Scope(move.what or "merchant"), min_ttl=move.number)
    return None


async def _send(_: Shop, session: FlexitiSession, __: Move) -> object:
    await session.authorizations.get(7)
    return None


async def _pay(_: Shop, session: FlexitiSession, move: Move) -> object:
    key = key_of(move.number)
    return await session.operations.run(CALLS[move.what, key], idempotency_key=key)


async def _buy(_: Shop, session: FlexitiSession, move: Move) -> object:
    checkout = await session.checkout(key_of(move.number))
    await checkout.init_widget(PurchaseWidget(account_number=ACCOUNT))
    data = {
        "accountNumber": ACCOUNT,
        "verified": True,
        "action": "purchase",
        "widget_session_id": checkout.session_id,
    }
    await checkout.handle_event({"eventType": "flx-success", "eventData": data})
    return await checkout.authorize(
        _AMOUNT, transaction_type="promotional_purchase", plan_id=101, term=12
    )


async def resolve(shop: Shop, session: FlexitiSession, kind: str, key: str) -> Operation | None:
    """Record what the API's books say now of an operation that is pending."""
    paid = shop.paid(kind, key)
    found = await session.operations.get(kind=OperationKind(kind), key=key)
    if found is None or found.phase.value != "pending":
        return None
    number = paid[0].number if paid else None
    return await session.operations.resolve(
        kind=OperationKind(kind),
        key=key,
        executed=bool(paid),
        by="a person",
        capture_id=number if kind == "capture" else None,
        authorization_id=number if kind == "authorize" else None,
    )


async def _resolve(shop: Shop, session: FlexitiSession, move: Move) -> object:
    for kind in ("capture", "transaction", "authorize"):
        await resolve(shop, session, kind, key_of(move.number))
    return None


_WORK: Final[dict[Verb, Callable[[Shop, FlexitiSession, Move], Awaitable[object]]]] = {
    Verb.TOKEN: _token,
    Verb.SEND: _send,
    Verb.PAY: _pay,
    Verb.BUY: _buy,
    Verb.RESOLVE: _resolve,
}
