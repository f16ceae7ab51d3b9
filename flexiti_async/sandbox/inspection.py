"""The customers' side of a sandbox: accounts, messages, purchases, and playing the widget."""

from copy import deepcopy
from urllib.parse import parse_qs, urlsplit

from attrs import define, field

from flexiti_async.sandbox.page.scenarios import Choice, Mfa, finish
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.bank import Authorization, Capture, Payment, Status
from flexiti_async.sandbox.state.codes import Message
from flexiti_async.sandbox.state.widget_sessions import Event, WidgetSession

__all__ = ["Inspection"]


@define(kw_only=True, eq=False)
class Inspection(Settings):
    """What a test may see and do of customers and their money: a part of `Sandbox`."""

    _backend: Backend = field(factory=Backend, init=False, repr=False)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts; their state may be changed. `people.py` lists those of the start."""
        return tuple(self._backend.bank.accounts)

    def add_account(self, account: Account) -> Account:
        """
        Open an account, and give it back.

        Raises:
            ValueError: An account or a card of this number is there already, or the number has
                no or more than 14 digits.
        """
        self._backend.bank.accounts.add(account)
        return account

    def account(self, account_number: int) -> Account:
        """
        Give an account by its number.

        Raises:
            LookupError: There is none.
        """
        account = self._backend.bank.accounts.find(account_number)
        if account is None:
            raise LookupError("there is no account of this number")
        return account

    @property
    def messages(self) -> tuple[Message, ...]:
        """The PINs and codes that were "sent", the oldest first; the last 100,000."""
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
        """What POST transactions did, the oldest first."""
        return tuple(self._backend.bank.payments)

    def set_status(self, authorization_id: int, status: Status) -> None:
        """
        Change the status of an authorization; credit is held while it is `opened` or `onhold`.

        Raises:
            LookupError: There is no such authorization.
        """
        authorization = self._backend.bank.authorizations.get(authorization_id)
        if authorization is None:
            raise LookupError("there is no authorization of this id")
        self._backend.bank.set_status(authorization, status)

    def play(
        self,
        widget: str,
        choice: Choice = "approve",
        *,
        account_number: int | None = None,
        mfa: Mfa = "sms",
    ) -> Event:
        """
        Play the customer in the widget, without a browser.

        Args:
            widget: The `redirection_url`, or the widget session id.
            choice: What the customer does (see `scenarios.Choice`).
            account_number: The account that the customer chooses where there are several; the
                first one by default.
            mfa: How the customer is verified.

        Returns:
            The event that the widget posts to the shop's page (spec section 7.3): a new mapping.

        Raises:
            LookupError: No such widget session was opened.
            ValueError: It has ended already, or this cannot be done in it.
        """
        session = self._session(widget)
        event = finish(
            session, choice, self._backend, self.now(), account_number=account_number, mfa=mfa
        )
        return deepcopy(event)

    def _session(self, widget: str) -> WidgetSession:
        sessions = self._backend.sessions
        route, _, query = urlsplit(widget).fragment.partition("?")
        ids = parse_qs(query).get("widget_session_id", [])
        if not route:
            found = sessions.find(widget)
        elif ids:
            found = sessions.find(ids[0])
        else:  # a bare URL names nothing but the token
            found = sessions.last_of(route.rpartition("/")[2])
        if found is None:
            raise LookupError("the sandbox has opened no such widget session")
        return found
