"""Customers, each taken through one flow of a session and measured: for the demo and load tests."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Final

from attrs import frozen

from flexiti_async import (
    ApplyWidget,
    FlexitiConfig,
    FlexitiError,
    FlexitiSession,
    PurchaseWidget,
    Sharing,
    Widget,
)
from flexiti_async.events.types import Event, TokenFailed, TokenIssued

__all__ = [
    "APPLICATION",
    "CHECKOUT",
    "DONE",
    "PURCHASE",
    "RESUME",
    "UNSHARED",
    "WIDGET",
    "Driver",
    "Served",
]

WIDGET: Final = "widget"
"""A purchase in one call."""
CHECKOUT: Final = "checkout"
"""A purchase in two steps that are saved."""
RESUME: Final = "resume"
"""The same, then resumed."""
PURCHASE: Final = "purchase"
"""A purchase that the customer approves, authorized and captured; the driver needs `play`."""
UNSHARED: Final = "unshared"
"""A purchase in two steps, with a dedicated token."""
APPLICATION: Final = "application"
"""An application for an account, in one call, with a dedicated token."""
DONE: Final = "done"
_SAMPLES: Final = 2
_AMOUNT: Final = "50.00"

_applying: ContextVar[bool] = ContextVar("applying", default=False)
"""Whether a token that is requested here is dedicated to one application."""


@frozen
class Served:
    """
    A customer who was served.

    Attributes:
        came: When the customer came, by the event loop's clock.
        took: Seconds from then until the flow was over, without those of the customer.
        flow: The customer's choice.
        outcome: `done`, or the class name of the error.
    """

    came: float
    took: float
    flow: str
    outcome: str


class Driver:
    """
    Takes customers through the flows of one session.

    Args:
        config: The session's configuration.
        account_number: Account of the customers who purchase.
        play: Plays a customer who approves in the widget at a URL; returns the event.

    Attributes:
        session: The session, which the caller closes.
        served: The customers, in the order in which their flows ended.
        samples: Masked redirection URLs of the first ones.
        failure: Text of the first error.
        refreshes: From when to when each shared token was requested, by the event loop's clock.
        dedicated: Tokens that were issued for one application each.
        failed_tokens: Token requests that failed.
    """

    def __init__(
        self,
        config: FlexitiConfig,
        *,
        account_number: int = 10000001,
        play: Callable[[str], Awaitable[str]] | None = None,
    ) -> None:
        self._account_number = account_number
        self._play = play
        self.session = FlexitiSession(config, listeners=[self._note])
        self.served: list[Served] = []
        self.samples: list[str] = []
        self.failure = ""
        self.refreshes: list[tuple[float, float]] = []
        self.dedicated = 0
        self.failed_tokens = 0

    async def serve(self, flow: str, number: int, came: float) -> None:
        """
        Take a customer through a flow; an error is recorded, not raised.

        Args:
            flow: One of the flows.
            number: Number of the customer: the same one is the same person each time.
            came: When the customer came, by the event loop's clock.
        """
        outcome = DONE
        played = 0.0
        try:
            widget, played = await self._run(flow, number)
        except FlexitiError as error:
            outcome = type(error).__name__
            self.failure = self.failure or str(error)
        else:
            if len(self.samples) < _SAMPLES:
                self.samples.append(widget.masked_url)
        took = asyncio.get_running_loop().time() - came - played
        self.served.append(Served(came, took, flow, outcome))

    async def _run(self, flow: str, number: int) -> tuple[Widget, float]:
        """Run a flow; return its widget, and the seconds in which the customer was played."""
        if flow == PURCHASE:
            return await self._buy()
        return await self._visit(flow, number), 0.0

    async def _visit(self, flow: str, number: int) -> Widget:
        if flow == WIDGET:
            return await self.session.init_widget(_purchase(number))
        if flow == APPLICATION:
            mark = _applying.set(True)
            try:
                return await self.session.init_widget(_application(number))
            finally:
                _applying.reset(mark)
        # The same customer may come again: a name of its own for each order.
        sharing = Sharing.DEDICATED if flow == UNSHARED else None
        checkout = await self.session.checkout(uuid.uuid4(), sharing=sharing)
        widget = await checkout.init_widget(_purchase(number))
        if flow == RESUME:
            await self.session.resume(checkout.reference_id)
        return widget

    async def _buy(self) -> tuple[Widget, float]:
        """Take a purchase from the widget to the capture."""
        if self._play is None:
            msg = "this driver cannot play a customer"
            raise RuntimeError(msg)
        order = uuid.uuid4()
        checkout = await self.session.checkout(order)
        widget = await checkout.init_widget(PurchaseWidget(account_number=self._account_number))
        loop = asyncio.get_running_loop()
        begin = loop.time()
        event = await self._play(widget.redirection_url)
        played = loop.time() - begin
        await checkout.handle_event(event)
        paid = await checkout.authorize(_AMOUNT, transaction_type="regular_purchase")
        if paid.authorization_id is not None:
            await self.session.authorizations.capture(
                paid.authorization_id, _AMOUNT, idempotency_key=order
            )
        return widget, played

    def _note(self, event: Event) -> None:
        if isinstance(event, TokenFailed):
            self.failed_tokens += 1
        elif isinstance(event, TokenIssued):
            if _applying.get():
                self.dedicated += 1
            else:
                end = asyncio.get_running_loop().time()
                self.refreshes.append((end - event.seconds, end))


def _purchase(number: int) -> PurchaseWidget:
    """Return a purchase by a customer who is known in one of three ways."""
    if number % 3 == 0:
        return PurchaseWidget(account_number=20_000_000 + number)
    if number % 3 == 1:
        return PurchaseWidget(vcc_number=f"{1_070_000_000_000_000 + number}")
    return PurchaseWidget(
        first_name="Camille", last_name="Tremblay", dob="1988-07-24", postal_code="H2X1Y4"
    )


def _application(number: int) -> ApplyWidget:
    return ApplyWidget(
        first_name="Camille",
        last_name="Tremblay",
        dob="1988-07-24",
        postal_code="H2X1Y4",
        email=f"camille{number}@example.com",
        phone_number=5145550100,
        address_1="1 rue Example",
        city="Montréal",
        province="QC",
        tos_agreement=True,
        lang="fr",
    )
