"""Money that is held, captured, refunded and paid: exact, and never more than available."""

from collections import defaultdict, deque
from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import define, field, frozen

from flexiti_async.sandbox.state.accounts import Account, Accounts
from flexiti_async.sandbox.state.money import ZERO
from flexiti_async.sandbox.state.seed import seed_accounts

__all__ = ["Authorization", "Bank", "Capture", "Financing", "Payment", "Status"]

Status: TypeAlias = Literal["opened", "closed", "unauthorized", "onhold"]
"""The statuses of an authorization that the portal mentions (spec section 5.12)."""

_DAY = 86400.0
_HOLDING = frozenset({"opened", "onhold"})


@frozen
class Financing:
    """
    The financing of a purchase.

    Attributes:
        transaction_type: `promotional_purchase` or `regular_purchase`.
        plan_id: The plan; None for a regular purchase.
        term: Its term in months; None for a regular purchase.
    """

    transaction_type: str
    plan_id: int | None = None
    term: int | None = None


@define(kw_only=True, eq=False)
class Capture:
    """
    A captured part of an authorization.

    Attributes:
        capture_id: Nine digits.
        authorization: The authorization.
        amount: In dollars.
        reference: The shop's order id.
        at: Its time, in seconds of the sandbox's clock.
        refunded: The part that was returned or refunded, in dollars.
    """

    capture_id: int
    authorization: "Authorization" = field(repr=False)
    amount: Decimal
    reference: str
    at: float
    refunded: Decimal = ZERO

    @property
    def remaining(self) -> Decimal:
        """Amount that can still be returned or refunded, in dollars."""
        return self.amount - self.refunded


@define(kw_only=True, eq=False)
class Authorization:
    """
    Money held for a purchase.

    Attributes:
        authorization_id: Sixteen digits.
        account: The account whose credit is held.
        amount: The authorized amount, in dollars.
        reference: The shop's order id.
        financing: The financing of the purchase.
        at: Its time, in seconds of the sandbox's clock.
        status: `opened` until nothing remains, then `closed`; the others are set by
            `Sandbox.set_status`.
        released: The released amount, in dollars.
        captures: Its captures.
    """

    authorization_id: int
    account: Account = field(repr=False)
    amount: Decimal
    reference: str
    financing: Financing
    at: float
    status: Status = "opened"
    released: Decimal = ZERO
    captures: list[Capture] = field(factory=list[Capture])

    @property
    def remaining(self) -> Decimal:
        """Amount that can still be captured or released, in dollars."""
        return self.amount - self.released - sum((each.amount for each in self.captures), ZERO)


@frozen
class Payment:
    """
    A payment by POST transactions.

    Attributes:
        transaction_id: Sixteen digits.
        account: Its account.
        transaction_type: As sent.
        amount: In dollars.
        at: Its time, in seconds of the sandbox's clock.
    """

    transaction_id: int
    account: Account = field(repr=False)
    transaction_type: str
    amount: Decimal
    at: float


def _last_four() -> defaultdict[int, deque[float]]:
    return defaultdict(lambda: deque(maxlen=4))


@define(eq=False)
class Bank:
    """
    The accounts and the movements of their credit. The endpoints decide what is permitted.

    Attributes:
        accounts: The accounts.
        authorizations: Every authorization by its id, the oldest first.
        captures: Every capture by its id, the oldest first.
        payments: Every transaction, the oldest first.
    """

    accounts: Accounts = field(factory=seed_accounts)
    authorizations: dict[int, Authorization] = field(factory=dict[int, Authorization], repr=False)
    captures: dict[int, Capture] = field(factory=dict[int, Capture], repr=False)
    payments: list[Payment] = field(factory=list[Payment], repr=False)
    _returns: int = 0
    _regular: defaultdict[int, deque[float]] = field(factory=_last_four, repr=False)

    def authorize(
        self, account: Account, amount: Decimal, financing: Financing, reference: str, now: float
    ) -> Authorization:
        """Hold an amount, which the account must have available."""
        authorization = Authorization(
            authorization_id=10**15 + len(self.authorizations) + 1,
            account=account,
            amount=amount,
            reference=reference,
            financing=financing,
            at=now,
        )
        if financing.transaction_type == "regular_purchase":
            self._regular[account.account_number].append(now)
        account.held += amount
        self.authorizations[authorization.authorization_id] = authorization
        return authorization

    def few_regular_purchases(self, account: Account, now: float) -> bool:
        """Whether the account made at most three regular purchases in 24 hours (spec 5.9)."""
        times = self._regular[account.account_number]
        return len(times) < 4 or now - times[0] >= _DAY

    def capture(
        self, authorization: Authorization, amount: Decimal, reference: str, now: float
    ) -> Capture:
        """Capture a held amount; the reference defaults to that of the authorization."""
        capture = Capture(
            capture_id=10**8 + len(self.captures) + 1,
            authorization=authorization,
            amount=amount,
            reference=reference or authorization.reference,
            at=now,
        )
        authorization.captures.append(capture)
        self.captures[capture.capture_id] = capture
        account = authorization.account
        account.held -= amount
        account.balance += amount
        account.refundable += amount
        _close_if_empty(authorization)
        return capture

    def release(self, authorization: Authorization, amount: Decimal) -> None:
        """Release a held amount."""
        authorization.released += amount
        authorization.account.held -= amount
        _close_if_empty(authorization)

    def refund(self, account: Account, capture: Capture | None, amount: Decimal) -> int:
        """Credit a captured amount, of one capture or of any; return the id of the return."""
        if capture is not None:
            capture.refunded += amount
        account.balance -= amount
        account.refundable -= amount
        self._returns += 1
        return 2 * 10**15 + self._returns

    def pay(self, account: Account, transaction_type: str, amount: Decimal, now: float) -> Payment:
        """Record a payment: a positive amount lowers the balance, a negative one raises it."""
        payment = Payment(
            transaction_id=3 * 10**15 + len(self.payments) + 1,
            account=account,
            transaction_type=transaction_type,
            amount=abs(amount),
            at=now,
        )
        account.balance -= amount
        self.payments.append(payment)
        return payment

    def set_status(self, authorization: Authorization, status: Status) -> None:
        """Change a status; credit is held only while it is `opened` or `onhold`."""
        held_before = authorization.status in _HOLDING
        authorization.status = status
        held_now = status in _HOLDING
        authorization.account.held += authorization.remaining * (held_now - held_before)


def _close_if_empty(authorization: Authorization) -> None:
    if not authorization.remaining:
        authorization.status = "closed"
