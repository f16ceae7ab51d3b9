"""The customers of the sandbox: accounts with cards, credit and status."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from attrs import define, field

from flexiti_async.sandbox.wire.errors import RefusalError, not_found

__all__ = ["Account", "Accounts", "same_person"]

_CATEGORIES = {"L": "preferred", "M": "preferred", "H": "premium", "X": "premium"}


@define(kw_only=True, eq=False)
class Account:
    """
    One account. Everything but the numbers may be changed while the sandbox runs.

    It always balances: `available_credit` + `held` + `balance` = `credit_limit`.

    Attributes:
        account_number: Up to 14 digits; not the card number (spec section 5.6).
        customer_id: Master and authorised user, like `1234567-12345`; derived from the account
            number by default.
        vcc_number: Number of the FlexitiCard, 16 digits; empty without a card.
        child_vcc_number: Number of an authorised user's card; empty without one.
        first_name: First name.
        last_name: Last name.
        dob: Date of birth, `YYYY-MM-DD`.
        postal_code: Six characters without a space.
        email: Address for PINs and codes; empty if unknown.
        phone_number: Ten digits for PINs and codes; None if unknown.
        address_1: First line of the address.
        address_2: Second line of the address.
        city: City.
        province: One of the 13 codes.
        preferred_language: `en-CA` or `fr-CA`.
        account_type: `consumer` or `business`.
        account_status: `N` normal, `A` authorisation prohibited, `F` frozen, `Z` charged off,
            `C` closed. Only `N` may purchase.
        account_status_reason_code: `NNOR` for normal, else one of spec section 5.6.
        risk_rating: L and M are preferred, H and X premium, all others standard.
        credit_limit: In dollars.
        activated: Whether the customer has activated the account.
        payment_protection: Whether it is insured.
        security_qid: The security question, 4 to 9.
        security_answer: Its answer, compared without regard to case.
        creation_date: `YYYY-MM-DD`.
        held: Amount reserved by open authorizations, in dollars.
        balance: Amount owed by the customer, in dollars; negative after an overpayment.
        refundable: Amount captured and neither returned nor refunded, in dollars.
    """

    account_number: int
    vcc_number: str = field(default="", repr=False)
    child_vcc_number: str = field(default="", repr=False)
    customer_id: str = field(default="", repr=False)
    first_name: str = field(default="Ada", repr=False)
    last_name: str = field(default="Test", repr=False)
    dob: str = field(default="1990-01-31", repr=False)
    postal_code: str = field(default="K1A0B1", repr=False)
    email: str = field(default="ada@example.com", repr=False)
    phone_number: int | None = field(default=6135550100, repr=False)
    address_1: str = field(default="1 Sample St", repr=False)
    address_2: str = field(default="", repr=False)
    city: str = field(default="Ottawa", repr=False)
    province: str = "ON"
    preferred_language: Literal["en-CA", "fr-CA"] = "en-CA"
    account_type: Literal["consumer", "business"] = "consumer"
    account_status: Literal["N", "A", "F", "Z", "C"] = "N"
    account_status_reason_code: str = "NNOR"
    risk_rating: str = "L"
    credit_limit: Decimal = field(default=Decimal("5000.00"), converter=Decimal)
    activated: bool = True
    payment_protection: bool = False
    security_qid: int = 4
    security_answer: str = field(default="blue", repr=False)
    creation_date: str = "2022-01-31"
    held: Decimal = field(default=Decimal("0.00"), init=False)
    balance: Decimal = field(default=Decimal("0.00"), init=False)
    refundable: Decimal = field(default=Decimal("0.00"), init=False)

    def __attrs_post_init__(self) -> None:
        self.customer_id = self.customer_id or f"{self.account_number:07}-00001"

    @property
    def available_credit(self) -> Decimal:
        """Amount that may still be authorized, in dollars; negative if the limit was lowered."""
        return self.credit_limit - self.held - self.balance

    @property
    def category(self) -> str:
        """The customer's category: `preferred`, `premium` or `standard` (spec section 5.9)."""
        return _CATEGORIES.get(self.risk_rating, "standard")

    @property
    def derogatory(self) -> bool:
        """Whether its status forbids purchases (spec sections 5.6 and 7.4)."""
        return self.account_status != "N" or self.account_status_reason_code != "NNOR"

    @property
    def cards(self) -> tuple[str, ...]:
        """The numbers of its cards, the customer's own first."""
        return tuple(filter(None, (self.vcc_number, self.child_vcc_number)))


@define(eq=False)
class Accounts:
    """The accounts, to be found by any of their identifiers."""

    _by_number: dict[int, Account] = field(factory=dict[int, Account], repr=False)
    _new: int = 30_000_000

    def __iter__(self) -> Iterator[Account]:
        return iter(tuple(self._by_number.values()))

    def add(self, account: Account) -> None:
        """
        Open an account.

        Raises:
            ValueError: The number of the account or of a card is taken, or the account number
                does not have 1 to 14 digits.
        """
        if not 0 < account.account_number < 10**14:
            raise ValueError("an account number must be 1 to 14 digits, and not zero")
        taken = {card for other in self for card in other.cards}
        if account.account_number in self._by_number or taken.intersection(account.cards):
            raise ValueError("the number of the account or of a card is taken")
        self._by_number[account.account_number] = account

    def new_number(self) -> int:
        """Return an account number that is not taken."""
        self._new += 1
        while self._new in self._by_number:
            self._new += 1
        return self._new

    def find(self, account_number: int) -> Account | None:
        """Find an account by its number."""
        return self._by_number.get(account_number)

    def get(self, account_number: int) -> Account:
        """
        Return an account by its number.

        Raises:
            RefusalError: 404 `not_found`.
        """
        account = self.find(account_number)
        if account is None:
            raise not_found("account")
        return account

    def in_path(self, text: str) -> Account:
        """
        Return the account of a path (spec section 0).

        Raises:
            RefusalError: 404 `not_found`, also for a path that does not contain a number.
        """
        if not re.fullmatch(r"[0-9]{1,14}", text):
            raise not_found("account")
        return self.get(int(text))

    def with_card(self, vcc_number: str) -> Account | None:
        """Find an account by one of its cards."""
        return next((each for each in self if vcc_number in each.cards), None)

    def with_customer_id(self, customer_id: str) -> Account | None:
        """Find an account by the customer's id."""
        return next((each for each in self if each.customer_id == customer_id), None)

    def check_card(self, account: Account, vcc_number: str) -> None:
        """
        Check that a card, if given, belongs to this account (spec section 6.3).

        Raises:
            RefusalError: 404 `not_found` for an unknown card, 409 `vcc_account_mismatch`.
        """
        if not vcc_number or vcc_number in account.cards:
            return
        if self.with_card(vcc_number) is None:
            raise not_found("card")
        raise RefusalError(409, "vcc_account_mismatch", "The card belongs to another account.")

    def of_person(
        self, first_name: str, last_name: str, dob: str, postal_code: str = ""
    ) -> list[Account]:
        """Find the accounts of a person; without a postal code, all postal codes match."""
        wanted = (first_name, last_name, dob, postal_code)
        return [
            each
            for each in self
            if same_person(
                wanted,
                (each.first_name, each.last_name, each.dob, postal_code and each.postal_code),
            )
        ]


def same_person(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Compare personal information, ignoring case and spaces."""
    return [*map(_plain, one)] == [*map(_plain, other)]


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text).casefold()
