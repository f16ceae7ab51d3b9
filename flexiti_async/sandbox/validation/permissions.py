"""Checks that several endpoints share: account type, location, and the customer's presence."""

from attrs import frozen

from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.validation.fields import Fields
from flexiti_async.sandbox.wire.errors import RefusalError

__all__ = ["InStore", "check_account_type", "check_location", "check_purchaser", "in_store"]


@frozen
class InStore:
    """
    The fields that distinguish a request in store from one online (spec section 1.6).

    Attributes:
        verification_code: The code of `verify`.
        request_id: The request for which it was issued.
        external_location_id: The store.
        external_employee_id: The employee.
    """

    verification_code: str
    request_id: str
    external_location_id: str
    external_employee_id: str


def in_store(fields: Fields) -> InStore:
    """Read the fields of a request in store. The lengths of the last two are unknown."""
    return InStore(
        verification_code=fields.code(),
        request_id=fields.text("request_id", 150),
        external_location_id=fields.text("external_location_id", 150),
        external_employee_id=fields.text("external_employee_id", 150),
    )


def check_account_type(account_type: str, settings: Settings) -> None:
    """
    Check that the merchant accepts accounts of this type.

    Raises:
        RefusalError: 409 `account_type_not_permitted`.
    """
    if account_type not in settings.account_types:
        raise RefusalError(
            409, "account_type_not_permitted", "The merchant may not deal with such accounts."
        )


def check_location(external_location_id: str, settings: Settings) -> None:
    """
    Check that the merchant has this location, if the request contains one.

    Raises:
        RefusalError: 409 `external_location_id_not_found`.
    """
    known = settings.external_location_ids
    if external_location_id and known is not None and external_location_id not in known:
        raise RefusalError(
            409, "external_location_id_not_found", "The merchant has no such location."
        )


def check_purchaser(account: Account) -> None:
    """
    Check that a customer may purchase (spec section 5.6: only a normal account).

    Raises:
        RefusalError: 409 `user_not_able_to_purchase`.
    """
    if account.derogatory or not account.activated:
        raise RefusalError(409, "user_not_able_to_purchase", "The customer may not purchase.")
