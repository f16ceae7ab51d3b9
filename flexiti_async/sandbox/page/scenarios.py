"""How a customer may leave the widget, and what it then tells the shop (spec 7.3 and 7.4)."""

import hmac
from typing import Literal, TypeAlias, get_args

from attrs import frozen

from flexiti_async.sandbox.state.accounts import Account, Accounts
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.codes import Message
from flexiti_async.sandbox.state.widget_sessions import Event, WidgetSession
from flexiti_async.sandbox.wire.request import Json

__all__ = [
    "CHOICES",
    "MFAS",
    "Choice",
    "Mfa",
    "candidates",
    "choices",
    "enter",
    "finish",
    "send_pin",
]

Choice: TypeAlias = Literal[
    "approve", "decline", "cancel", "activation", "apply", "purchase", "retry", "failure"
]
"""
What the customer does, or what happens to them.

| choice | flow | what it means |
|---|---|---|
| `approve` | both | the PIN was right; the account's own state may still lead elsewhere |
| `decline` | both | the PIN was wrong to the end: not verified |
| `cancel` | both | the customer closes the widget |
| `activation` | both | the customer goes to activate an account |
| `apply` | purchase | the customer wants a new application; needs personal information |
| `purchase` | apply | the customer wants to buy with an account that is there |
| `retry` | both | a third party did not answer in time |
| `failure` | both | the widget itself breaks |
"""

CHOICES: tuple[Choice, ...] = get_args(Choice)
"""Every choice that there is."""

Mfa: TypeAlias = Literal["sms", "email", "security_question"]
"""How the customer is verified."""

MFAS: tuple[Mfa, ...] = get_args(Mfa)
"""Every way to be verified that there is."""

_MOST_WRONG_PINS = 3


@frozen
class _Outcome:
    account: Account | None
    verified: bool
    action: str | None


def candidates(session: WidgetSession, accounts: Accounts) -> list[Account]:
    """
    Find the accounts that a session may be about.

    Of several identifiers the account number wins, then the card, then the person; which one does
    at Flexiti is unknown.
    """
    customer = _group(session.payload, "customer_identification")
    person = _group(customer, "personal_information")
    number, card = customer.get("account_number"), customer.get("vcc_number")
    if session.flow == "purchase" and isinstance(number, int):
        found = [accounts.find(number)]
    elif session.flow == "purchase" and card:
        found = [accounts.with_card(str(card))]
    else:
        names = ("first_name", "last_name", "dob", "postal_code")
        found = [*accounts.of_person(*(str(person.get(name, "")) for name in names))]
    return [account for account in found if account is not None]


def choices(session: WidgetSession, backend: Backend) -> tuple[Choice, ...]:
    """Tell what the customer may do in a session."""
    found = candidates(session, backend.bank.accounts)
    apply = session.flow == "apply"
    customer = _group(session.payload, "customer_identification")
    allowed: dict[Choice, bool] = dict.fromkeys(CHOICES, True)
    allowed["approve"] = allowed["decline"] = apply or bool(found)
    allowed["apply"] = not apply and bool(customer.get("personal_information"))
    allowed["purchase"] = apply and bool(found)
    return tuple(choice for choice in CHOICES if allowed[choice])


def send_pin(session: WidgetSession, mfa: Mfa, backend: Backend) -> None:
    """Put the PIN into a message to the customer; 2222 is never sent (spec section 7.6)."""
    found = candidates(session, backend.bank.accounts)
    if session.flow == "apply" or mfa == "security_question" or not found:
        return
    message = Message(found[0].account_number, mfa, session.pin, session.widget_session_id)
    backend.codes.sent.append(message)


def enter(session: WidgetSession, pin: str) -> bool | None:
    """Compare a PIN: whether it is right, or None if it was the third wrong one."""
    # JSON can carry halves of surrogate pairs, which no encoding knows.
    if hmac.compare_digest(session.pin.encode(), pin.encode(errors="replace")):
        return True
    session.wrong_pins += 1
    return False if session.wrong_pins < _MOST_WRONG_PINS else None


def finish(
    session: WidgetSession,
    choice: Choice,
    backend: Backend,
    now: float,
    *,
    account_number: int | None = None,
    mfa: Mfa = "sms",
) -> Event:
    """
    End a session, and give the event that the widget posts to the page around it.

    A session whose access token is no longer good ends with an `flx-failure`, whatever the choice;
    so does a purchase for which there is no account, unless the customer does something else.

    Raises:
        ValueError: The session has ended already, there is no such choice in it, or the account is
            not one of those to choose from.
    """
    if session.event is not None:
        raise ValueError("this widget session has ended: widget/init opens another one")
    found = candidates(session, backend.bank.accounts)
    account = _chosen(found, account_number)
    if choice == "cancel":
        session.event = {"eventType": "flx-cancel"}
    elif not session.token.live(now):
        session.event = _failure(401, "The access token is no longer good.")
    elif choice == "failure":
        session.event = _failure(500, "The widget has failed, as asked for.")
    elif choice in {"approve", "decline"} and session.flow == "purchase" and account is None:
        session.event = _failure(404, "There is no such account.")
    elif choice not in choices(session, backend):
        allowed = ", ".join(choices(session, backend))
        raise ValueError(f"no {choice!r} in this session; there are: {allowed}")
    else:
        outcome = _outcome(session.flow, choice, account, found)
        if outcome.verified and outcome.account is not None:
            session.account_number = outcome.account.account_number
        session.event = _success(session, outcome, mfa)
    return session.event


def _outcome(flow: str, choice: Choice, account: Account | None, found: list[Account]) -> _Outcome:
    """Look the tables of spec section 7.4 up."""
    if choice == "decline":
        owner = account if flow == "purchase" else None
        return _Outcome(owner, verified=False, action=flow)
    if choice != "approve":  # `activation`, `apply`, `purchase` and `retry` are actions
        owner = account if choice == "purchase" else None
        return _Outcome(owner, verified=False, action=choice)
    concerned = found if flow == "apply" else [account] if account else []
    if any(each.derogatory for each in concerned):
        return _Outcome(None, verified=False, action=None)
    if flow == "apply":
        return _Outcome(None, verified=True, action="apply")
    if account is not None and not account.activated:
        return _Outcome(None, verified=False, action="activation")
    return _Outcome(account, verified=True, action="purchase")


def _success(session: WidgetSession, outcome: _Outcome, mfa: Mfa) -> Event:
    account = outcome.account
    asked = outcome.action in {"apply", "purchase"}
    data: dict[str, Json] = {
        "accountNumber": None if account is None else account.account_number,
        "verified": outcome.verified,
        "action": outcome.action,
        "mfaOptionSelected": mfa if asked else None,
        "widget_session_id": session.widget_session_id,
        "customerId": None if account is None else account.customer_id,
        "accountType": None if account is None else account.account_type,
    }
    return {"eventType": "flx-success", "eventData": data}


def _failure(status: int, message: str) -> Event:
    # The page shows error and message bare, without `eventData`. The type stands beside them, as
    # in every other event: a listener could not tell it from other messages without.
    return {"eventType": "flx-failure", "error": status, "message": message}


def _chosen(found: list[Account], account_number: int | None) -> Account | None:
    if account_number is None:
        return found[0] if found else None
    for account in found:
        if account.account_number == account_number:
            return account
    raise ValueError("that account is not one of those to choose from")


def _group(values: dict[str, Json], name: str) -> dict[str, Json]:
    group = values.get(name)
    return group if isinstance(group, dict) else {}
