"""
The ledger's driver: processes capture money under faults, and the bank's books are compared with
the journal afterwards.

Every key is given to several processes; the sandbox drops, cuts and garbles answers, before and
after it has captured; processes are killed, and the journal's servers fail, lose what they had
acknowledged, and are accepted by a person. Afterwards, for every key:

| rule | |
|---|---|
| once | the bank has captured it at most once |
| named | what the bank has captured is `done` or `pending` in the journal |
| true | what the journal or a caller calls done, the bank has captured, under the same number |
"""

import asyncio
import json
import random
import sys
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import Factory, define, field

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.errors import FlexitiError, StoreUnavailable
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Answer, Drop, Fault, Malformed, Reset, Truncate
from flexiti_async.store.journal import accept, begin, journal_store
from flexiti_async.store.loading import open_store

from ..support.patience import PATIENCE, PATIENT
from .drives import Drive, Step

__all__ = ["Books", "Plan", "drive"]

ACCOUNT = 10000001
_PER_AUTHORIZATION = 200
_AT_ONCE = 20
"""Jobs that a process has at a time."""
_QUICK = {"request_timeout": 3, "connect_timeout": 2, "store_timeout": 2}
"""Time-outs of the processes: the claim of a killed one is pending for 9 seconds."""
# By its file: the tests are not importable where they run on the wheel (PYTHONSAFEPATH).
_WORKER = Path(__file__).with_name("worker.py")
_FAULTS: tuple[Fault, ...] = (
    Drop(),
    Drop(commit=False),
    Reset(),
    Truncate(keep=5),
    Malformed(),
    Answer(status=503),
    Answer(status=502, commit=True),
    Answer(status=408),
    Answer(status=409, body=b'{"url": "/", "message": "", "error": "general_error"}'),
    Answer(status=404, body=b'{"url": "/", "message": "", "error": "not_found"}'),
)


@define
class Plan:
    """
    The work of one run.

    Attributes:
        drive: The journal, and what happens to it.
        operations: How many keys.
        seed: Of everything random.
        workers: How many processes at a time.
        kills: How many processes are killed.
        trouble: Probability of each fault, per request.
    """

    drive: Drive
    operations: int
    seed: int = 0
    workers: int = 4
    kills: int = 4
    trouble: float = 0.02


@define
class Books:
    """
    The books after a run.

    Attributes:
        outcomes: How often callers got each outcome.
        phases: How often the journal has each phase, and `absent`.
        captured: The numbers of the bank's captures, for each key.
        lost: How many captures the journal had forgotten when a person compared.
        violations: Every rule that was broken, with the key.
    """

    outcomes: Counter[str] = Factory(Counter[str])
    phases: Counter[str] = Factory(Counter[str])
    captured: dict[str, list[str]] = field(factory=dict[str, list[str]])
    lost: int = 0
    violations: list[str] = field(factory=list[str])


@define(eq=False)
class _Worker:
    """
    A process of the shop.

    Attributes:
        process: The process.
        slots: Limits how many jobs it has at a time.
        answers: Reads its answers.
    """

    process: asyncio.subprocess.Process
    slots: asyncio.Semaphore = Factory(lambda: asyncio.Semaphore(_AT_ONCE))
    answers: asyncio.Task[None] = field(init=False)


@define
class _Driver:
    plan: Plan
    sandbox: Sandbox
    books: Books = Factory(Books)
    answers: list[dict[str, Any]] = field(factory=list[dict[str, Any]])
    workers: list[_Worker] = field(factory=list[_Worker])
    emptied: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The configuration of every process."""
        return {
            "client_id": self.sandbox.client_id,
            "client_secret": self.sandbox.client_secret,
            "base_url": self.sandbox.base_url,
            "store": self.plan.drive.url,
            "account": "ledger",
            **PATIENT,
        }

    async def run(self) -> None:
        draw = random.Random(self.plan.seed)  # noqa: S311 - a repeatable plan
        await self._mark(begin)
        jobs = await self._jobs(draw)
        for number, fault in enumerate(_FAULTS):
            self.sandbox.inject(
                fault,
                endpoint="authorization/capture",
                times=None,
                probability=self.plan.trouble,
                seed=self.plan.seed + number,
            )
        await self._open()
        steps = self.plan.drive.steps
        kill_at = _spread(len(jobs), self.plan.kills)
        step_at = dict(zip(_spread(len(jobs), len(steps)), steps, strict=True))
        for number, job in enumerate(jobs):
            if number in kill_at:
                await self._kill(draw)
            if number in step_at:
                await self._half_answered()
                await self._take(step_at[number])
            await self._give(draw, job)
        for job in {job["key"]: job for job in jobs}.values():
            await self._give(draw, job)  # once more: what a killed process had in its pipe
        await self._close()
        self.sandbox.heal()
        await self._audit({job["key"] for job in jobs})

    async def _open(self) -> None:
        """Start the shop's processes."""
        await asyncio.gather(*(self._start_worker() for _ in range(self.plan.workers)))

    async def _close(self) -> None:
        """Stop the shop: every process ends what it has begun."""
        for worker in self.workers:
            assert worker.process.stdin is not None
            worker.process.stdin.close()
        await asyncio.gather(*(worker.answers for worker in self.workers))
        await asyncio.gather(*(worker.process.wait() for worker in self.workers))
        self.workers = []

    async def _take(self, step: Step | None) -> None:
        """Disturb the journal, or compare."""
        if step is not None:
            await asyncio.to_thread(step)
            self.emptied = self.plan.drive.emptied
            await self._until_the_journal_is_up()
            return
        await self._close()
        await self._compare()
        self.emptied = False
        await self._open()

    async def _half_answered(self) -> None:
        """Wait until half of the slots are free: a step meets jobs under way and finished ones."""
        for worker in self.workers:
            for _ in range(_AT_ONCE // 2):
                await worker.slots.acquire()
            for _ in range(_AT_ONCE // 2):
                worker.slots.release()

    async def _until_the_journal_is_up(self) -> None:
        """Wait for the end of an outage: a job that is given during it fails at once, unsent."""
        store = open_store(self.plan.drive.url)
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    with suppress(StoreUnavailable):
                        await journal_store(store).life()
                        return
                    await asyncio.sleep(0.05)
        finally:
            await store.aclose()

    async def _compare(self) -> None:
        """
        Enter what the bank has captured and the journal does not know, and accept the journal.

        Of the operations that are pending, none is being made any more: the shop has stopped.
        """
        async with FlexitiSession(FlexitiConfig(**self.options)) as flexiti:
            for key, numbers in (await self._captures(flexiti)).items():
                found = await flexiti.operations.get(kind="capture", key=key)
                if found is None or found.phase == "free":
                    self.books.lost += 1
                if found is None or found.phase != "done":
                    await flexiti.operations.resolve(
                        kind="capture", key=key, executed=True, capture_id=numbers[0], by="auditor"
                    )
        await self._mark(accept)

    async def _mark(self, mark: Callable[..., Awaitable[object]]) -> None:
        """Begin the journal, or accept it, as the commands do."""
        store = open_store(self.plan.drive.url)
        try:
            await mark(journal_store(store), marker=uuid.uuid4().hex)
        finally:
            await store.aclose()

    @staticmethod
    async def _captures(flexiti: FlexitiSession) -> dict[str, list[str]]:
        """Return the numbers of the bank's captures, by key."""
        found = dict[str, list[str]]()
        async for capture in flexiti.authorizations.captures(most_pages=10_000, page_size=100):
            found.setdefault(str(capture.extra.get("reference")), []).append(
                str(capture.capture_id)
            )
        return found

    async def _jobs(self, draw: random.Random) -> list[dict[str, Any]]:
        """Authorize enough, and deal every key out several times."""
        credit = Decimal(self.plan.operations)
        account = self.sandbox.account(ACCOUNT)
        account.credit_limit += credit
        numbers: list[str] = []
        async with FlexitiSession(FlexitiConfig(**self.options)) as flexiti:
            for part in range(0, self.plan.operations, _PER_AUTHORIZATION):
                checkout = await flexiti.checkout(f"purchase-{part}")
                widget = await checkout.init_widget(PurchaseWidget(account_number=ACCOUNT))
                await checkout.handle_event(json.dumps(self.sandbox.play(widget.redirection_url)))
                answer = await checkout.authorize(
                    Decimal("0.01") * _PER_AUTHORIZATION,
                    transaction_type="promotional_purchase",
                    plan_id=101,
                    term=12,
                )
                assert answer.authorization_id is not None
                numbers.append(answer.authorization_id)
        jobs = [
            {"key": f"parcel-{one}", "authorization_id": numbers[one // _PER_AUTHORIZATION]}
            for one in range(self.plan.operations)
            for _ in range(draw.choice((1, 2, 3)))
        ]
        # Neighbours are mixed, so that repeats come at once and later.
        return [
            job for _, job in sorted(enumerate(jobs), key=lambda one: one[0] + 60 * draw.random())
        ]

    async def _start_worker(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(_WORKER),
            json.dumps({**self.options, **_QUICK}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        await process.stdout.readline()  # it has looked at the journal
        worker = _Worker(process)
        worker.answers = asyncio.create_task(self._read(worker))
        self.workers.append(worker)

    async def _read(self, worker: _Worker) -> None:
        assert worker.process.stdout is not None
        while line := await worker.process.stdout.readline():
            if line.endswith(b"\n"):  # a killed process may have written half a line
                answer = json.loads(line)
                self.answers.append(answer)
                self.books.outcomes[answer["outcome"]] += 1
                worker.slots.release()

    async def _kill(self, draw: random.Random) -> None:
        worker = self.workers.pop(draw.randrange(len(self.workers)))
        worker.process.kill()
        await worker.process.wait()
        await worker.answers
        if not self.emptied or not self.workers:
            await self._start_worker()

    async def _give(self, draw: random.Random, job: dict[str, Any]) -> None:
        """Hand a job to a process, when it has a slot for it."""
        worker = draw.choice(self.workers)
        await worker.slots.acquire()
        assert worker.process.stdin is not None
        worker.process.stdin.write(json.dumps(job).encode() + b"\n")
        await worker.process.stdin.drain()

    async def _audit(self, keys: set[str]) -> None:
        books = self.books
        called_done = dict[str, set[str]]()
        for one in self.answers:
            if one["outcome"] in {"done", "replayed"}:
                called_done.setdefault(one["key"], set()).add(one["capture_id"])
        async with FlexitiSession(FlexitiConfig(**self.options)) as flexiti:
            books.captured = await self._captures(flexiti)
            for key in sorted(keys):
                try:
                    operation = await flexiti.operations.get(kind="capture", key=key)
                except FlexitiError as error:
                    phase = type(error).__name__
                else:
                    phase = "absent" if operation is None else operation.phase.value
                books.phases[phase] += 1
                self._check(key, phase, called_done.get(key, set()))

    def _check(self, key: str, phase: str, called_done: set[str]) -> None:
        captures, broken = self.books.captured.get(key, []), self.books.violations
        if len(captures) > 1:
            broken.append(f"once: {key} was captured {len(captures)} times")
        if captures and phase not in {"done", "pending"}:
            broken.append(f"named: {key} was captured and is {phase}")
        if phase not in {"done", "pending", "free", "absent"}:
            broken.append(f"named: {key} is {phase}")
        if not captures and phase == "done":
            broken.append(f"true: {key} was not captured and is done")
        if not called_done <= set(captures):
            broken.append(f"true: {key} was captured as {captures}, callers got {called_done}")


def _spread(length: int, parts: int) -> list[int]:
    """Return the places of some events among jobs."""
    return [length * (one + 1) // (parts + 1) for one in range(parts)]


async def drive(plan: Plan) -> Books:
    """Carry a plan out, and return what was found."""
    async with Sandbox() as sandbox:
        driver = _Driver(plan, sandbox)
        await driver.run()
    return driver.books
