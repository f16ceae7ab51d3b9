"""
The ledger's driver: processes capture money under faults, and the bank's books are compared with
the journal afterwards.

Every key is given to several processes; the sandbox drops, cuts and garbles answers, before and
after it has captured; processes are killed. Afterwards, for every key:

| rule | |
|---|---|
| once | the bank has captured it at most once |
| named | what the bank has captured is `done` or `pending` in the journal |
| true | what the journal or a caller calls done, the bank has captured |
| free | what the journal calls free, the bank has not captured |
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import Factory, define, field

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.errors import FlexitiError
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Answer, Drop, Fault, Malformed, Reset, Truncate

__all__ = ["Books", "Plan", "drive"]

ACCOUNT = 10000001
_PER_AUTHORIZATION = 200
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
        store: URL of the journal.
        operations: How many keys.
        seed: Of everything random.
        workers: How many processes at a time.
        kills: How many processes are killed.
        trouble: Probability of each fault, per request.
        disturb: Called between the kills, for instance to end the store.
        forgets: The store loses records, so that a key may be absent, and nothing may run then.
    """

    store: str
    operations: int
    seed: int = 0
    workers: int = 4
    kills: int = 4
    trouble: float = 0.02
    disturb: Callable[[], object] | None = None
    forgets: bool = False


@define
class Books:
    """
    The books after a run.

    Attributes:
        outcomes: How often callers got each outcome.
        phases: How often the journal has each phase, and `absent`.
        captured: How often the bank has captured each key.
        violations: Every rule that was broken, with the key.
    """

    outcomes: Counter[str] = Factory(Counter[str])
    phases: Counter[str] = Factory(Counter[str])
    captured: Counter[str] = Factory(Counter[str])
    violations: list[str] = field(factory=list[str])


@define
class _Driver:
    plan: Plan
    sandbox: Sandbox
    books: Books = Factory(Books)
    answers: list[dict[str, Any]] = field(factory=list[dict[str, Any]])
    workers: list[asyncio.subprocess.Process] = field(factory=list[asyncio.subprocess.Process])
    readers: list[asyncio.Task[None]] = field(factory=list[asyncio.Task[None]])

    @property
    def options(self) -> dict[str, Any]:
        """The configuration of every process."""
        return {
            "client_id": self.sandbox.client_id,
            "client_secret": self.sandbox.client_secret,
            "base_url": self.sandbox.base_url,
            "store": self.plan.store,
            "account": "ledger",
            "request_timeout": 5,
            "store_timeout": 5,
        }

    async def run(self) -> None:
        draw = random.Random(self.plan.seed)  # noqa: S311 - a repeatable plan
        jobs = await self._jobs(draw)
        for number, fault in enumerate(_FAULTS):
            self.sandbox.inject(
                fault,
                endpoint="authorization/capture",
                times=None,
                probability=self.plan.trouble,
                seed=self.plan.seed + number,
            )
        for _ in range(self.plan.workers):
            await self._start_worker()
        kill_at = {len(jobs) * (one + 1) // (self.plan.kills + 1) for one in range(self.plan.kills)}
        for number, job in enumerate(jobs):
            if number in kill_at:
                await self._kill(draw)
            await self._give(draw, job)
        for job in {job["key"]: job for job in jobs}.values():
            await self._give(draw, job)  # once more: what a killed process had in its pipe
        for worker in self.workers:
            assert worker.stdin is not None
            worker.stdin.close()
        await asyncio.gather(*self.readers)
        await asyncio.gather(*(worker.wait() for worker in self.workers))
        self.sandbox.heal()
        await self._audit({job["key"] for job in jobs})

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
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            str(_WORKER),
            json.dumps(self.options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self.workers.append(worker)
        self.readers.append(asyncio.create_task(self._read(worker)))

    async def _read(self, worker: asyncio.subprocess.Process) -> None:
        assert worker.stdout is not None
        while line := await worker.stdout.readline():
            if line.endswith(b"\n"):  # a killed process may have written half a line
                answer = json.loads(line)
                self.answers.append(answer)
                self.books.outcomes[answer["outcome"]] += 1

    async def _kill(self, draw: random.Random) -> None:
        worker = self.workers.pop(draw.randrange(len(self.workers)))
        worker.kill()
        await worker.wait()
        await self._start_worker()
        if self.plan.disturb is not None:
            self.plan.disturb()

    async def _give(self, draw: random.Random, job: dict[str, Any]) -> None:
        """Hand a job to a process; its pipe limits how far ahead this runs."""
        worker = draw.choice(self.workers)
        assert worker.stdin is not None
        worker.stdin.write(json.dumps(job).encode() + b"\n")
        await worker.stdin.drain()

    async def _audit(self, keys: set[str]) -> None:
        books = self.books
        async with FlexitiSession(FlexitiConfig(**self.options)) as flexiti:
            async for capture in flexiti.authorizations.captures(most_pages=10_000, page_size=100):
                books.captured[str(capture.extra.get("reference"))] += 1
            done = {one["key"] for one in self.answers if one["outcome"] in {"done", "replayed"}}
            for key in sorted(keys):
                try:
                    operation = await flexiti.operations.get(kind="capture", key=key)
                except FlexitiError as error:
                    phase = type(error).__name__
                else:
                    phase = "absent" if operation is None else operation.phase.value
                books.phases[phase] += 1
                self._check(key, phase, called_done=key in done)

    def _check(self, key: str, phase: str, *, called_done: bool) -> None:
        times = self.books.captured[key]
        if times > 1:
            self.books.violations.append(f"once: {key} was captured {times} times")
        if not self.plan.forgets and phase not in {"done", "pending", "free"}:
            self.books.violations.append(f"named: {key} is {phase}")
        if times and phase not in {"done", "pending"}:
            self.books.violations.append(f"named: {key} was captured and is {phase}")
        if not times and (phase == "done" or called_done):
            self.books.violations.append(f"true: {key} was not captured and is {phase}")


async def drive(plan: Plan) -> Books:
    """Carry a plan out, and return what was found."""
    async with Sandbox() as sandbox:
        driver = _Driver(plan, sandbox)
        await driver.run()
    return driver.books
