"""The seven operations, each as a shop makes it, and how the sandbox's bank counts them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from typing import Any, Final

from attrs import evolve, frozen

from flexiti_async import ApplyWidget, FlexitiSession, PurchaseWidget
from flexiti_async.api.applications import application_body
from flexiti_async.api.purchases import OnlinePurchase
from flexiti_async.api.transactions import TransactionRequest
from flexiti_async.api.widget import init_widget
from flexiti_async.operations import Operation
from flexiti_async.protocol.call import OperationKindWord
from flexiti_async.sandbox import Sandbox

from ..support.patience import PATIENCE

ACCOUNT: Final = 10000001
BUY: Final = PurchaseWidget(account_number=ACCOUNT)
APPLICANT: Final = ApplyWidget(
    first_name="Grace",
    last_name="Applicant",
    dob="1990-01-31",
    postal_code="K1A0B1",
    email="grace@example.com",
    phone_number=6135550100,
    address_1="1 Sample St",
    city="Ottawa",
    province="ON",
    tos_agreement=True,
)
COUNTER: Final = {"external_location_id": "store-1", "external_employee_id": "clerk-1"}

Anything = Any
"""A value of any type, as callers without a type checker pass it, or a test compares it."""
Ready = Any
"""The data of a call: numbers, a purchase, a body."""


@frozen
class Act:
    """
    One operation.

    Attributes:
        kind: Its kind in the journal.
        endpoint: Its endpoint.
        prepare: Brings the sandbox to where the call is possible, and returns its data.
        make: Makes the call with these data and a key.
        moved: How often the bank has carried it out.
    """

    kind: OperationKindWord
    endpoint: str
    prepare: Callable[[FlexitiSession, Sandbox], Awaitable[Ready]]
    make: Callable[[FlexitiSession, Ready, str], Coroutine[Any, Any, Any]]
    moved: Callable[[Sandbox], int]

    async def pending(self, session: FlexitiSession) -> list[Operation]:
        """List the operations of this kind whose outcome is unknown."""
        return [one async for one in session.operations.pending() if one.kind.value == self.kind]

    def sent(self, sandbox: Sandbox) -> int:
        """Count the requests."""
        return sandbox.count(self.endpoint)


async def purchase(
    session: FlexitiSession, sandbox: Sandbox, amount: object = "300.00", **more: Any
) -> OnlinePurchase:
    """Build a purchase of a customer who was verified for it."""
    widget = await session.init_widget(BUY)
    event: Any = sandbox.play(widget.redirection_url)
    given: dict[str, Any] = {
        "account_number": ACCOUNT,
        "amount": amount,
        "transaction_type": "promotional_purchase",
        "plan_id": 101,
        "term": 12,
        "auto_capture": False,
        "reference": "order-9",
        "widget_session_id": event["eventData"]["widget_session_id"],
        **more,
    }
    return OnlinePurchase(**given)


async def authorized(session: FlexitiSession, sandbox: Sandbox, **more: Any) -> str:
    """Authorize a purchase, and return its number."""
    order = await purchase(session, sandbox, **more)
    made = await session.authorizations.authorize(
        order, idempotency_key=f"before {len(sandbox.requests)}"
    )
    assert made.authorization_id is not None
    return made.authorization_id


async def captured(session: FlexitiSession, sandbox: Sandbox) -> tuple[str, str]:
    """Authorize and capture a purchase, and return both numbers."""
    order = await purchase(session, sandbox, auto_capture=True)
    made = await session.authorizations.authorize(
        order, idempotency_key=f"before {len(sandbox.requests)}"
    )
    assert made.authorization_id is not None
    assert made.capture_id is not None
    return made.authorization_id, made.capture_id


async def application(session: FlexitiSession, sandbox: Sandbox) -> Anything:
    """Build the body of an application whose applicant has finished the widget."""
    # Another person each time, and with the shared token, which apply uses, too.
    applicant = evolve(APPLICANT, last_name="A" * len(sandbox.accounts))
    widget = await session.send(init_widget(applicant))
    event: Any = sandbox.play(widget.redirection_url)
    return application_body(applicant, event["eventData"]["widget_session_id"])


async def payment(
    session: FlexitiSession, _: Sandbox, receipt: str = "receipt-1", amount: object = 30
) -> TransactionRequest:
    """Build a payment at the till."""
    verified = await session.accounts.verify(
        ACCOUNT, request_id=receipt, format="merchant_override"
    )
    given: dict[str, Any] = {
        "transaction_type": "instore_payment",
        "amount": amount,
        "account_number": ACCOUNT,
        "verification_code": verified.verification_code,
        "request_id": receipt,
        **COUNTER,
    }
    return TransactionRequest(**given)


def _authorizations(sandbox: Sandbox) -> int:
    return len(sandbox.authorizations)


def _released(sandbox: Sandbox) -> int:
    return int(sum((one.released for one in sandbox.authorizations), Decimal(0))) // 5


def _refunded(sandbox: Sandbox) -> int:
    return int(sum((one.refunded for one in sandbox.captures), Decimal(0))) // 5


def _credited(sandbox: Sandbox) -> int:
    account = sandbox.account(ACCOUNT)
    taken = sum((one.amount for one in sandbox.captures), Decimal(0))
    return int(taken - account.refundable) // 5


AUTHORIZE: Final = Act(
    "authorize",
    "authorization",
    purchase,
    lambda f, order, key: f.authorizations.authorize(order, idempotency_key=key),
    _authorizations,
)
CAPTURE: Final = Act(
    "capture",
    "authorization/capture",
    authorized,
    lambda f, number, key: f.authorizations.capture(number, 5, idempotency_key=key),
    lambda sandbox: len(sandbox.captures),
)
RELEASE: Final = Act(
    "release",
    "authorization/release",
    authorized,
    lambda f, number, key: f.authorizations.release(number, amount=5, idempotency_key=key),
    _released,
)
RETURN: Final = Act(
    "return",
    "authorization/capture/return",
    captured,
    lambda f, numbers, key: f.authorizations.return_(*numbers, amount=5, idempotency_key=key),
    _refunded,
)
REFUND: Final = Act(
    "refund",
    "refund",
    captured,
    lambda f, _, key: f.authorizations.refund(ACCOUNT, 5, idempotency_key=key),
    _credited,
)
TRANSACTION: Final = Act(
    "transaction",
    "transactions",
    payment,
    lambda f, request, key: f.transactions.make(request, idempotency_key=key),
    lambda sandbox: len(sandbox.payments),
)
APPLY: Final = Act(
    "apply",
    "apply",
    application,
    lambda f, body, key: f.applications.apply(body, idempotency_key=key),
    lambda sandbox: len(sandbox.accounts) - 7,
)
ACTS: Final[dict[str, Act]] = {
    act.kind: act for act in (AUTHORIZE, CAPTURE, RELEASE, RETURN, REFUND, TRANSACTION, APPLY)
}


async def outcome_of(work: Awaitable[Any]) -> Anything:
    """Return the value of a call, or the error that it raises; also a cancellation."""
    task = asyncio.ensure_future(work)
    await asyncio.wait([task])
    return asyncio.CancelledError() if task.cancelled() else task.exception() or task.result()


def executions() -> list[asyncio.Task[Any]]:
    """Return the tasks of the operations that are being made in this loop."""
    return [task for task in asyncio.all_tasks() if "Coordinator._start" in repr(task.get_coro())]


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)
