"""The work of `flexiti-async demo`: many checkouts at once, against a sandbox of their own."""

import asyncio
import secrets
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from attrs import define, field

from flexiti_async import (
    ApplyWidget,
    FlexitiConfig,
    FlexitiError,
    FlexitiSession,
    PurchaseWidget,
    Widget,
)
from flexiti_async.api.widget import Flow
from flexiti_async.sandbox import RequestRecord, Sandbox

__all__ = ["Outcome", "run_checkouts"]

_SAMPLES: Final = 2
_PATIENCE: Final = 300.0
"""Time-outs of the demo, seconds: a slow machine makes it slow, not wrong."""


@define
class Outcome:
    """
    What came of a demo.

    Attributes:
        started: How many checkouts were begun, by flow.
        latencies: Seconds that each successful checkout took.
        failures: How many failed, by the name of the error.
        first_failure: Text of the first error.
        samples: Masked redirection URLs.
        seconds: How long all of it took.
        shared: Token requests that the sandbox saw for tokens shared by checkouts.
        dedicated: Token requests that it saw for a token of one application alone.
    """

    started: Counter[Flow] = field(factory=Counter[Flow])
    latencies: list[float] = field(factory=list[float])
    failures: Counter[str] = field(factory=Counter[str])
    first_failure: str = ""
    samples: list[str] = field(factory=list[str])
    seconds: float = 0.0
    shared: int = 0
    dedicated: int = 0

    @property
    def failed(self) -> int:
        """How many checkouts failed."""
        return self.failures.total()

    def percentile(self, percent: float) -> float | None:
        """Tell the milliseconds within which so many percent succeeded; None if none did."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        rank = min(int(len(ordered) * percent / 100), len(ordered) - 1)
        return round(ordered[rank] * 1000, 3)


@define
class _Witness:
    """Tells from what the sandbox sees which tokens are an application's own."""

    applications: set[str] = field(factory=set[str])
    tokens: set[str] = field(factory=set[str])

    def see(self, record: RequestRecord) -> None:
        """Note the token of a widget/init for an application."""
        if record.endpoint == "widget/init" and record.reference_id in self.applications:
            self.tokens.add(str(record.token_id))


async def run_checkouts(
    checkouts: int, *, concurrency: int, store: str, progress: Callable[[], object]
) -> Outcome:
    """
    Run checkouts through one session against a new sandbox.

    Args:
        checkouts: How many.
        concurrency: How many at a time.
        store: URL of the token store.
        progress: Called after each of them.
    """
    outcome, witness = Outcome(), _Witness()
    # Another client id each time: no store knows a token of an earlier sandbox for it.
    client_id = f"demo-{secrets.token_hex(8)}"
    async with Sandbox(client_id=client_id, on_request=witness.see) as sandbox:
        config = FlexitiConfig(
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            base_url=sandbox.base_url,
            store=store,
            # Going on without the store would look like success with it.
            on_store_failure="raise",
            token_timeout=_PATIENCE,
            request_timeout=_PATIENCE,
            connect_timeout=_PATIENCE,
        )
        loop = asyncio.get_running_loop()
        begin = loop.time()
        async with FlexitiSession(config) as flexiti:
            numbers = iter(range(checkouts))
            shoppers = [
                _shop(flexiti, numbers, outcome, witness, progress)
                for _ in range(min(concurrency, checkouts))
            ]
            await asyncio.gather(*shoppers)
        outcome.seconds = loop.time() - begin
        outcome.dedicated = len(witness.tokens)
        outcome.shared = sandbox.count("oauth/token") - outcome.dedicated
    return outcome


async def _shop(
    flexiti: FlexitiSession,
    numbers: Iterator[int],
    outcome: Outcome,
    witness: _Witness,
    progress: Callable[[], object],
) -> None:
    """Take one checkout after the other, until none is left."""
    loop = asyncio.get_running_loop()
    for number in numbers:
        customer = _customer(number)
        reference_id = uuid.uuid4().hex
        outcome.started[customer.flow] += 1
        if customer.flow is Flow.APPLY:
            witness.applications.add(reference_id)
        begin = loop.time()
        try:
            widget = await _check_out(flexiti, number, customer, reference_id)
        except FlexitiError as error:
            outcome.failures[type(error).__name__] += 1
            outcome.first_failure = outcome.first_failure or str(error)
        else:
            outcome.latencies.append(loop.time() - begin)
            if len(outcome.samples) < _SAMPLES:
                outcome.samples.append(widget.masked_url)
        progress()
        # Who goes on at once takes the connection that it has just freed from under those who
        # wait for one (aiohttp wakes them later): some would wait until the end.
        await asyncio.sleep(0)


async def _check_out(
    flexiti: FlexitiSession,
    number: int,
    customer: ApplyWidget | PurchaseWidget,
    reference_id: str,
) -> Widget:
    """Get a customer's widget, in two steps as most shops do, every fifth time in one."""
    if number % 5 == 0:
        return await flexiti.init_widget(customer, reference_id=reference_id)
    checkout = await flexiti.checkout(reference_id)
    return await checkout.init_widget(customer)


def _customer(number: int) -> ApplyWidget | PurchaseWidget:
    """Make up a customer: one in ten applies, the others buy, known by one of the three ways."""
    person = {
        "first_name": "Camille",
        "last_name": "Tremblay",
        "dob": "1988-07-24",
        "postal_code": "H2X1Y4",
    }
    if number % 10 == 9:
        return ApplyWidget(
            **person,
            email=f"camille{number}@example.com",
            phone_number=5145550100,
            address_1="1 rue Example",
            city="Montréal",
            province="QC",
            tos_agreement=True,
            lang="fr",
        )
    if number % 3 == 0:
        return PurchaseWidget(account_number=20_000_000 + number)
    if number % 3 == 1:
        return PurchaseWidget(vcc_number=f"{1_070_000_000_000_000 + number}")
    return PurchaseWidget(**person)
