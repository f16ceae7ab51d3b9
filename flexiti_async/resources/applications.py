"""`flexiti.applications`: the credit application that follows the widget."""

from collections.abc import Coroutine

from flexiti_async.api.applications import Application, apply
from flexiti_async.operations.keys import IdempotencyKey
from flexiti_async.operations.operations import Operations
from flexiti_async.protocol.call import Json
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.transport.reference_id import ReferenceId

__all__ = ["Applications"]

# Plain functions that return a coroutine: see `flexiti_async.resources.customers`.


class Applications:
    """
    Applications (spec section 5.5).

    The API requires apply and widget/init to share one token and one reference id, which a
    `OnlineCheckout` ensures. This group is for shops that ensure it themselves.

    Args:
        operations: Makes the calls that move money.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    @sensitive_arguments
    def apply(
        self,
        body: Json,
        *,
        idempotency_key: IdempotencyKey,
        reference_id: ReferenceId | None = None,
    ) -> Coroutine[object, None, Application]:
        """
        Send an application, once per `idempotency_key`: the shop's id of the application.

        `application_body` builds the body from the data of widget/init. A declined or pending
        application ran: a corrected one needs another key.

        Expect NotVerified, CustomerExists, AgreementRequired and ApplicationNotCreated.

        Raises:
            ValidationError: The data are invalid; nothing was sent.
            OutcomeUnknown: The application may or may not have run.
        """
        return self._operations.run(
            apply(body), idempotency_key=idempotency_key, reference_id=reference_id
        )
