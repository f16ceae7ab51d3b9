"""The outcomes of a widget session and their events for the shop (spec 7.3 and 7.4)."""

import hmac
from typing import Literal, TypeAlias, get_args

from attrs import frozen

from flexiti_async.sandbox.state.accounts import Account, Accounts, same_person
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
    "check_pin",
    "choices",
    "finish",
    "send_pin",
]

Choice: TypeAlias = Literal[
    "approve", "decline", "cancel", "activation", "apply", "purchase", "retry", "failure"
]
"""
The customer's action, or another outcome.

| choice | flow | meaning |
|---|---|---|
| `approve` | both | the PIN is right; the account's status may still prevent the verification |
| `decline` | both | the PIN is wrong, and so are all further attempts: not verified |
| `cancel` | both | the customer closes the widget |
| `activation` | both | the customer leaves to activate an account |
| `apply` | purchase | the customer wants to apply instead; needs personal information |
| `purchase` | apply | the customer wants to buy with an existing account |
| `retry` | both | a third party did not answer in time |
| `failure` | both | the widget fails |
"""

CHOICES: tuple[Choice, ...] = get_args(Choice)
"""All choices."""

Mfa: TypeAlias = Literal["sms", "email", "security_question"]
"""How the customer is verified."""

MFAS: tuple[Mfa, ...] = get_args(Mfa)
"""All ways to verify the customer."""

_MOST_WRONG_PINS = 3
_PERSON = ("first_name", "last_name", "dob", "postal_code")


@frozen
class _Outcome:
    account: Account | None
    verified: bool
    action: str | None


def candidates(session: WidgetSession, accounts: Accounts) -> list[Account]:
    """
    Find the accounts that match a session's customer.

    The account number takes precedence over the card, and the card over the person; Flexiti's
    order is unknown.
    """
    customer = _group(session.payload, "customer_identification")
    person = _group(customer, "personal_information")
    number, card = customer.get("account_number"), customer.get("vcc_number")
    if session.flow == "purchase" and isinstance(number, int):
        found = [accounts.find(number)]
    elif session.flow == "purchase" and card:
        found = [accounts.with_card(str(card))]
    else:
        found = [*accounts.of_person(*(str(person.get(name, "")) for name in _PERSON))]
    return [account for account in found if account is not None]


def conflicting(payload: dict[str, Json], account: Account) -> list[str]:
    """Return the names of a customer's identifiers that do not belong to an account."""
    customer = _group(payload, "customer_identification")
    person = _group(customer, "personal_information")
    given = {
        "account_number": customer.get("account_number") in {None, "", account.account_number},
        "vcc_number": customer.get("vcc_number") in {None, "", *account.cards},
        **{
            f"personal_information.{name}": same_person((str(value),), (getattr(account, name),))
            for name, value in person.items()
            if name in _PERSON and value
        },
    }
    return [f"customer_identification.{name}" for name, fits in given.items() if not fits]


def choices(session: WidgetSession, backend: Backend) -> tuple[Choice, ...]:
    """Return the choices that a session allows."""
    found = candidates(session, backend.bank.accounts)
    apply = session.flow == "apply"
    customer = _group(session.payload, "customer_identification")
    allowed: dict[Choice, bool] = dict.fromkeys(CHOICES, True)
    allowed["approve"] = allowed["decline"] = apply or bool(found)
    allowed["apply"] = not apply and bool(customer.get("personal_information"))
    allowed["purchase"] = apply and bool(found)
    return tuple(choice for choice in CHOICES if allowed[choice])


def send_pin(session: WidgetSession, mfa: Mfa, backend: Backend) -> None:
    """Send the PIN to the customer; 2222 is never sent (spec section 7.6)."""
    found = candidates(session, backend.bank.accounts)
    if session.flow == "apply" or mfa == "security_question" or not found:
        return
    message = Message(found[0].account_number, mfa, session.pin, session.widget_session_id)
    backend.codes.sent.append(message)


def check_pin(session: WidgetSession, pin: str) -> bool | None:
    """Return whether a PIN is right, or None for the third wrong one."""
    # JSON can contain halves of surrogate pairs, which cannot be encoded.
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
    End a session, and return the event that the widget posts to its parent page.

    A session whose access token is no longer valid ends with an `flx-failure`, unless the customer
    cancels; so does approving or declining a purchase without an account.

    Raises:
        ValueError: The session has already ended or does not allow this choice, or the account is
            not one of its candidates.
    """
    if session.event is not None:
        raise ValueError("this widget session has ended; widget/init opens another one")
    found = candidates(session, backend.bank.accounts)
    account = _chosen(found, account_number)
    if choice == "cancel":
        session.event = {"eventType": "flx-cancel"}
    elif not session.token.live(now):
        session.event = _failure(401, "The access token is no longer valid.")
    elif choice == "failure":
        session.event = _failure(500, "The widget failed, as requested.")
    elif choice in {"approve", "decline"} and session.flow == "purchase" and account is None:
        session.event = _failure(404, "There is no such account.")
    elif choice not in choices(session, backend):
        allowed = ", ".join(choices(session, backend))
        raise ValueError(f"{choice!r} is not allowed in this session; allowed: {allowed}")
    else:
        outcome = _outcome(session.flow, choice, account, found)
        if outcome.verified and outcome.account is not None:
            session.account_number = outcome.account.account_number
        session.event = _success(session, outcome, mfa)
    return session.event


def _outcome(flow: str, choice: Choice, account: Account | None, found: list[Account]) -> _Outcome:
    """Apply the tables of spec section 7.4."""
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
    with_mfa = outcome.action in {"apply", "purchase"}
    data: dict[str, Json] = {
        "accountNumber": None if account is None else account.account_number,
        "verified": outcome.verified,
        "action": outcome.action,
        "mfaOptionSelected": mfa if with_mfa else None,
        "widget_session_id": session.widget_session_id,
        "customerId": None if account is None else account.customer_id,
        "accountType": None if account is None else account.account_type,
    }
    return {"eventType": "flx-success", "eventData": data}


def _failure(status: int, message: str) -> Event:
    # The spec shows error and message without `eventData`. The type is added, as in every other
    # event: without it, a listener could not recognize the message.
    return {"eventType": "flx-failure", "error": status, "message": message}


def _chosen(found: list[Account], account_number: int | None) -> Account | None:
    if account_number is None:
        return found[0] if found else None
    for account in found:
        if account.account_number == account_number:
            return account
    raise ValueError("that account is not one of the session's candidates")


def _group(values: dict[str, Json], name: str) -> dict[str, Json]:
    group = values.get(name)
    return group if isinstance(group, dict) else {}
