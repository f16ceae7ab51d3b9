"""`flexiti.customers`: find a customer, look up an account, read a driving licence."""

import datetime
from collections.abc import Coroutine

from flexiti_async.api import customers
from flexiti_async.api.account_models import CustomerAccount, FoundAccount
from flexiti_async.api.canada import LocalRules
from flexiti_async.api.common import Language, LanguageWord
from flexiti_async.api.driverslicense import DriversLicense, read_driverslicense
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.resources.sending import Send
from flexiti_async.transport.reference_id import ReferenceId

__all__ = ["Customers"]

# The methods are plain functions that return a coroutine, so that no frame of theirs, with personal
# data in it, is in the traceback of an error of the running call.


class Customers:
    """
    Customers and their accounts (spec sections 5.4, 5.6 and 5.7).

    Methods raise ValidationError before anything is sent, and the errors of `FlexitiSession.send`.
    `reference_id` is the `x-reference-id` of the flow.

    Args:
        send: Sends the calls.
        local_rules: As configured, for `search`.
    """

    def __init__(self, send: Send, *, local_rules: LocalRules = LocalRules.STRICT) -> None:
        self._send = send
        self._local_rules = local_rules

    @sensitive_arguments
    def search(
        self,
        *,
        first_name: str,
        last_name: str,
        dob: datetime.date | str,
        postal_code: str | None = None,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, list[FoundAccount]]:
        """
        Find the accounts of a person; without a match an empty list or NotFound.

        See `flexiti_async.api.customers.search` for the parameters.
        """
        call = customers.search(
            first_name=first_name,
            last_name=last_name,
            dob=dob,
            postal_code=postal_code,
            local_rules=self._local_rules,
        )
        return self._send(call, reference_id=reference_id)

    @sensitive_arguments
    def lookup(
        self,
        *,
        account_number: int | str | None = None,
        vcc_number: Secret | str | None = None,
        customer_id: int | str | None = None,
        lang: Language | LanguageWord = Language.ENGLISH,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, CustomerAccount]:
        """
        Look up one account, by one of three identifiers. Expect NotFound and AccountNotUsable.

        See `flexiti_async.api.customers.lookup` for the parameters.
        """
        call = customers.lookup(
            account_number=account_number,
            vcc_number=vcc_number,
            customer_id=customer_id,
            lang=lang,
        )
        return self._send(call, reference_id=reference_id)

    @sensitive_arguments
    def read_driverslicense(
        self, code: Secret | str, *, reference_id: ReferenceId | None = None
    ) -> Coroutine[object, None, DriversLicense]:
        """
        Decode the scanned barcode of a Canadian driving licence.

        See `flexiti_async.api.driverslicense.read_driverslicense` for the parameters.
        """
        return self._send(read_driverslicense(code), reference_id=reference_id)
