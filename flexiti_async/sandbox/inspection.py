"""The customers' side of a sandbox: accounts, messages, purchases, and playing the widget."""

import threading
from copy import deepcopy

from attrs import define, field

from flexiti_async.sandbox.page.scenarios import Choice, Mfa, finish
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.bank import Authorization, Capture, Payment, Status
from flexiti_async.sandbox.state.codes import Message
from flexiti_async.sandbox.state.thread import locked
from flexiti_async.sandbox.wire.assumptions import Assumption, assumptions
from flexiti_async.sandbox.wire.request import Json

__all__ = ["Inspection"]


@define(kw_only=True, eq=False)
@locked
class Inspection(Settings):
    """Customers and their money, as far as a test may read and change them: part of `Sandbox`."""

    _backend: Backend = field(factory=Backend, init=False, repr=False)
    _lock: "threading.RLock" = field(factory=threading.RLock, init=False, repr=False)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts, which may be changed. `state/seed.py` lists the initial ones."""
        return tuple(self._backend.bank.accounts)

    def add_account(self, account: Account) -> Account:
        """
        Open an account, and return it.

        Raises:
            ValueError: The number of the account or of a card is taken, or the account number
                does not have 1 to 14 digits.
        """
        self._backend.bank.accounts.add(account)
        return account

    def account(self, account_number: int) -> Account:
        """
        Return an account by its number.

        Raises:
            LookupError: No account has this number.
        """
        account = self._backend.bank.accounts.find(account_number)
        if account is None:
            raise LookupError("no account has this number")
        return account

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """The sandbox's own choices, where the specification is silent, and their settings."""
        return assumptions()

    @property
    def messages(self) -> tuple[Message, ...]:
        """The last 100,000 messages with PINs and codes, the oldest first. None is really sent."""
        return tuple(self._backend.codes.sent)

    @property
    def authorizations(self) -> tuple[Authorization, ...]:
        """Every authorization, the oldest first."""
        return tuple(self._backend.bank.authorizations.values())

    @property
    def captures(self) -> tuple[Capture, ...]:
        """Every capture, the oldest first."""
        return tuple(self._backend.bank.captures.values())

    @property
    def payments(self) -> tuple[Payment, ...]:
        """Every payment by POST transactions, the oldest first."""
        return tuple(self._backend.bank.payments)

    def set_status(self, authorization_id: int, status: Status) -> None:
        """
        Change the status of an authorization; credit is held while it is `opened` or `onhold`.

        Raises:
            LookupError: No authorization has this id.
        """
        authorization = self._backend.bank.authorizations.get(authorization_id)
        if authorization is None:
            raise LookupError("no authorization has this id")
        self._backend.bank.set_status(authorization, status)

    def play(
        self,
        widget: str,
        choice: Choice = "approve",
        *,
        account_number: int | None = None,
        mfa: Mfa = "sms",
    ) -> dict[str, Json]:
        """
        Play the customer in the widget, without a browser.

        Args:
            widget: The `redirection_url`, or the widget session id.
            choice: The customer's action (see `scenarios.Choice`).
            account_number: The account that the customer chooses from several; by default the
                first.
            mfa: How the customer is verified.

        Returns:
            The event that the widget posts to the shop's page (spec section 7.3): a new mapping.

        Raises:
            LookupError: The sandbox has not opened this widget session.
            ValueError: The session has already ended, or does not allow this choice.
        """
        session = self._backend.sessions.of_widget(widget)
        event = finish(
            session, choice, self._backend, self.now(), account_number=account_number, mfa=mfa
        )
        return deepcopy(event)
