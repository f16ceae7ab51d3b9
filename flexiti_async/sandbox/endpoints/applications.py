"""POST apply (spec sections 5.5 and 7.6): decides an application."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal, cast

from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account, same_person
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.tokens import Token
from flexiti_async.sandbox.validation.permissions import check_account_type, check_location
from flexiti_async.sandbox.validation.request import authorize, json_object, reference_id_errors
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import RefusalError, wrong_inputs
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["apply"]

_PERSON = ("first_name", "last_name", "dob", "postal_code")
_CONTACT = ("email", "phone_number", "address_1", "address_2", "city", "province")
_TIMEOUT = "D-EMAIL_DBL_TIMEOUT"
_RISK_KEYS = {"A-RR_L": "L", "A-RR_M": "M", "A-RR_H": "H", "A-RR_X": "X"}
_STANDARD_KEYS = {"A-RR_XX": "Y", "A-RR_XXX": "Z"}
_LIMIT = Decimal("2000.00")

_MESSAGES = {
    "approved": "The application was approved.",
    "pending": "The application is pending.",
    "declined": "The application was declined.",
}


@invents(
    "apply",
    ("The body is read by the names of widget/init, at any depth; a middle name is `middle_name`."),
    spec="5.5",
)
@invents(
    "apply",
    (
        "The answer has a `status` (`approved`, `pending`, `declined`), and the account if one "
        "was opened, with a limit of $2,000."
    ),
    spec="5.5",
)
@invents(
    "apply",
    (
        "Without a test key an application is approved. A second account of one type is "
        "`customer_already_exists`."
    ),
    spec="7.6",
)
@invents(
    "apply",
    "The keys `A-RR_XX` and `A-RR_XXX` are approved.",
    spec="8.41",
    setting="standard_accounts",
)
def apply(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """
    Decide an application whose widget session has ended.

    The spec defines neither body nor answer. So every body is accepted, and its fields are found by
    their names in widget/init, at any depth; a middle name is `middle_name`. First name, last name,
    date of birth and postal code must match the last application that widget/init accepted with the
    same access token; so must e-mail, phone and address, if present; and `widget_session_id` must
    belong to that token and have ended with the action `apply`. Everything else is `not_verified`.
    The answer contains `status`, and the account if one was opened.
    """
    token = authorize(incoming, settings, backend.ledger)
    body, unreadable = json_object(incoming)
    errors = reference_id_errors(incoming) + unreadable
    if errors:
        raise wrong_inputs(errors)
    sent = dict(_leaves(body))
    if sent.get("tos_agreement") is not True:
        raise RefusalError(409, "tos_agreement_required", "The terms have to be agreed to.")
    init = dict(_leaves(token.init_payload or {}))
    _check_trust(sent, init, token, backend)
    account_type = str(sent.get("account_type") or init.get("account_type") or "consumer")
    check_account_type(account_type, settings)
    check_location(str(sent.get("external_location_id") or ""), settings)
    return _decide({**init, **sent}, account_type, settings, backend)


def _leaves(body: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield every value with its own name, without those of its parents."""
    for name, value in body.items():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield name, value


def _check_trust(
    sent: dict[str, Json], init: dict[str, Json], token: Token, backend: Backend
) -> None:
    """Check that token, init payload, widget session and application match."""
    names = [*_PERSON, *(name for name in _CONTACT if name in sent)]
    session = backend.sessions.find(str(sent.get("widget_session_id")))
    if (
        not init
        or not same_person(_texts(sent, names), _texts(init, names))
        or session is None
        or session.token is not token
        or not session.applies
    ):
        raise RefusalError(409, "not_verified", "The application is not the one of the widget.")


def _texts(values: dict[str, Json], names: list[str]) -> tuple[str, ...]:
    return tuple(str(values.get(name, "")) for name in names)


def _decide(
    values: dict[str, Json], account_type: str, settings: Settings, backend: Backend
) -> dict[str, Json]:
    key = str(values.get("middle_name") or "")
    if key == _TIMEOUT:
        raise RefusalError(409, "application_create_error", "A third party did not answer in time.")
    if key.startswith("P-"):
        return _verdict("pending")
    declined = key in _STANDARD_KEYS and not settings.standard_accounts
    if declined or key.startswith("D-"):
        return _verdict("declined")
    account = _open(values, account_type, backend)
    account.risk_rating = {**_RISK_KEYS, **_STANDARD_KEYS}.get(key, "L")
    return {
        **_verdict("approved"),
        "account_number": account.account_number,
        "customer_id": account.customer_id,
        "account_type": account.account_type,
        "credit_limit": account.credit_limit,
        "available_credit": account.available_credit,
        "risk_rating": account.risk_rating,
    }


def _verdict(status: str) -> dict[str, Json]:
    return {"status": status, "message": _MESSAGES[status]}


def _open(values: dict[str, Json], account_type: str, backend: Backend) -> Account:
    """Open an account with a limit of $2,000, unless the customer has one of this type."""
    accounts = backend.bank.accounts
    first_name, last_name, dob, postal_code = _texts(values, list(_PERSON))
    if any(
        each.account_type == account_type
        for each in accounts.of_person(first_name, last_name, dob, postal_code)
    ):
        raise RefusalError(409, "customer_already_exists", "The customer has such an account.")
    number = accounts.new_number()
    phone_number = values.get("phone_number")
    account = Account(
        account_number=number,
        vcc_number=f"10700{number:011}",
        first_name=first_name,
        last_name=last_name,
        dob=dob,
        postal_code=postal_code.replace(" ", "").upper(),
        email=str(values.get("email") or ""),
        phone_number=phone_number if isinstance(phone_number, int) else None,
        address_1=str(values.get("address_1") or ""),
        address_2=str(values.get("address_2") or ""),
        city=str(values.get("city") or ""),
        province=str(values.get("province") or ""),
        account_type=cast("Literal['consumer', 'business']", account_type),
        preferred_language="fr-CA" if values.get("lang") == "fr" else "en-CA",
        credit_limit=_LIMIT,
    )
    accounts.add(account)
    return account
