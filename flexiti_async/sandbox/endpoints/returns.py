"""POST …/capture/…/return and accounts/…/refund (spec sections 5.12 and 5.13)."""

import re
from decimal import Decimal

from flexiti_async.sandbox.endpoints.captures import authorization_in_path
from flexiti_async.sandbox.endpoints.serializers import capture_view, iso_timestamp
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.bank import Bank, Capture
from flexiti_async.sandbox.validation.fields import Fields, of_body
from flexiti_async.sandbox.validation.permissions import check_account_type, check_location
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import RefusalError, not_found
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["refund", "return_capture"]

_RETURN_WINDOW = 100 * 86400.0  # seconds


@invents(
    "authorization/capture/return",
    (
        "The 100 days count from the capture; an `amount` with `full_return` must equal what is "
        "left."
    ),
    spec="5.12",
)
def return_capture(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """
    Return goods of a promotional purchase: a part of a capture, or all that remains of it.

    More than 100 days after the capture is too late.
    """
    authorize(incoming, settings, backend.ledger)
    fields = of_body(incoming, settings)
    full = fields.flag("full_return")
    amount = fields.money(required=not full)
    reference = fields.text("reference", 40)
    vcc_number = fields.text("vcc_number", 16)
    location = _read_rest(fields)
    bank = backend.bank
    authorization = authorization_in_path(incoming, bank)
    capture = _capture(incoming.path_values["capture_id"], bank)
    if capture.authorization is not authorization:
        raise not_found("capture")
    bank.accounts.check_card(authorization.account, vcc_number)
    check_account_type(authorization.account.account_type, settings)
    check_location(location, settings)
    now = settings.now()
    amount = amount or capture.remaining
    _check_return(capture, amount, now, full=full)
    return_id = bank.refund(authorization.account, capture, amount)
    view = capture_view(capture)
    return {
        "return_id": return_id,
        "reference": reference or capture.reference,
        "capture_id": capture.capture_id,
        "date": iso_timestamp(now),
        "amount": amount,
        "remaining_capture_amount": view["remaining_capture_amount"],
        "remaining_authorization_amount": view["remaining_authorization_amount"],
    }


@invents(
    "refund",
    (
        "`amount` is required; the limit is what was captured and neither returned nor "
        "refunded, of the capture or of the account."
    ),
    spec="5.13",
)
def refund(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """Credit an account, for one capture or for all its purchases; the answer is empty."""
    authorize(incoming, settings, backend.ledger)
    fields = of_body(incoming, settings)
    amount = fields.money(required=True)
    capture_id = fields.number("capture_id", 9)
    vcc_number = fields.text("vcc_number", 16)
    fields.text("reference", 40)
    location = _read_rest(fields)
    bank = backend.bank
    account = bank.accounts.in_path(incoming.path_values["account_number"])
    bank.accounts.check_card(account, vcc_number)
    check_account_type(account.account_type, settings)
    check_location(location, settings)
    capture = _capture_of(account, capture_id, bank) if capture_id else None
    limit = account.refundable if capture is None else capture.remaining
    if amount > limit:
        raise RefusalError(
            409, "refunds_limit_exceeded_amount", "The amount exceeds what can be refunded."
        )
    bank.refund(account, capture, amount)
    return {}


def _read_rest(fields: Fields) -> str:
    """Read the fields that both have, check all, and return the location."""
    location = fields.text("external_location_id", 150)
    fields.text("external_employee_id", 150)
    fields.skip("sku_data")
    fields.check()
    return location


def _capture(text: str, bank: Bank) -> Capture:
    found = bank.captures.get(int(text)) if re.fullmatch(r"[0-9]{1,9}", text) else None
    if found is None:
        raise not_found("capture")
    return found


def _capture_of(account: Account, capture_id: int, bank: Bank) -> Capture:
    capture = _capture(str(capture_id), bank)
    if capture.authorization.account is not account:
        raise not_found("capture")
    return capture


def _check_return(capture: Capture, amount: Decimal, now: float, *, full: bool) -> None:
    if capture.authorization.financing.transaction_type != "promotional_purchase":
        raise RefusalError(
            409, "wrong_transaction_type", "Only promotional purchases can be returned."
        )
    if now - capture.at > _RETURN_WINDOW:
        raise RefusalError(409, "return_date_exceeded", "More than 100 days have passed.")
    wrong = amount != capture.remaining if full else amount > capture.remaining
    if wrong or not amount:
        raise RefusalError(
            409, "capture_amount_exceeded", "The amount is not what is left of the capture."
        )
