"""`flexiti.applications`: the credit application that follows the widget."""

from collections.abc import Coroutine

from flexiti_async.api.applications import Application, apply
from flexiti_async.protocol.call import Json
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.resources.sending import Send

__all__ = ["Applications"]

# Plain functions that return a coroutine: see `flexiti_async.resources.customers`.


class Applications:
    """
    Applications (spec section 5.5).

    The API requires apply and widget/init to share one token and one reference id, which a
    `Checkout` ensures. This group is for shops that ensure it themselves.

    Args:
        send: Sends the calls.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    @sensitive_arguments
    def apply(
        self, body: Json, *, reference_id: str | None = None
    ) -> Coroutine[object, None, Application]:
        """
        Send an application; `application_body` builds the body from the data of widget/init.

        Expect NotVerified, CustomerExists, AgreementRequired and ApplicationNotCreated.

        Raises:
            ValidationError: The data are invalid; nothing was sent.
            OutcomeUnknown: The application may or may not have run.
        """
        return self._send(apply(body), reference_id=reference_id)
