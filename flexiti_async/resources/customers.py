"""`flexiti.customers`: find a customer, look an account up, read a driving licence."""

import datetime
from collections.abc import Coroutine

from flexiti_async.api import customers
from flexiti_async.api.account_models import CustomerAccount, FoundAccount
from flexiti_async.api.common import Language
from flexiti_async.api.driverslicense import DriversLicense, read_driverslicense
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.resources.sending import Send

__all__ = ["Customers"]

# The methods are plain functions that hand a coroutine on: no frame of theirs, with a customer's
# data in it, is in the traceback of what is raised while the call runs.


class Customers:
    """
    Customers and their accounts (spec sections 5.4, 5.6 and 5.7).

    Every method raises ValidationError before anything is sent, and what `FlexitiSession.send`
    raises. `reference_id` is the `x-reference-id` of the flow.

    Args:
        send: Sends the calls.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    @sensitive_arguments
    def search(
        self,
        *,
        first_name: str,
        last_name: str,
        dob: datetime.date | str,
        postal_code: str | None = None,
        version: str | None = None,
        reference_id: str | None = None,
    ) -> Coroutine[object, None, list[FoundAccount]]:
        """
        Find the accounts of a person; nobody found is an empty list or NotFound.

        See `flexiti_async.api.customers.search` for the parameters.
        """
        call = customers.search(
            first_name=first_name,
            last_name=last_name,
            dob=dob,
            postal_code=postal_code,
            version=version,
        )
        return self._send(call, reference_id=reference_id)

    @sensitive_arguments
    def lookup(
        self,
        *,
        account_number: int | str | None = None,
        vcc_number: Secret | str | None = None,
        customer_id: int | str | None = None,
        lang: Language | str = Language.ENGLISH,
        version: str | None = None,
        reference_id: str | None = None,
    ) -> Coroutine[object, None, CustomerAccount]:
        """
        Look one account up, by exactly one of three; a shop catches NotFound and AccountNotUsable.

        See `flexiti_async.api.customers.lookup` for the parameters.
        """
        call = customers.lookup(
            account_number=account_number,
            vcc_number=vcc_number,
            customer_id=customer_id,
            lang=lang,
            version=version,
        )
        return self._send(call, reference_id=reference_id)

    @sensitive_arguments
    def read_driverslicense(
        self, code: Secret | str, *, version: str | None = None, reference_id: str | None = None
    ) -> Coroutine[object, None, DriversLicense]:
        """
        Decode the scanned barcode of a Canadian driving licence.

        See `flexiti_async.api.driverslicense.read_driverslicense` for the parameters.
        """
        return self._send(read_driverslicense(code, version=version), reference_id=reference_id)
