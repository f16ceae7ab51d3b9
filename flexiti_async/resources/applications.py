"""`flexiti.applications`: the application that follows the widget."""

from collections.abc import Coroutine

from flexiti_async.api.applications import Application, apply
from flexiti_async.protocol.call import Json
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.resources.sending import Send

__all__ = ["Applications"]

# Plain functions that hand a coroutine on: see `flexiti_async.resources.customers`.


class Applications:
    """
    Applications (spec section 5.5).

    The API wants apply and widget/init under one token and one reference id; a `Checkout` sees to
    that. This group is for shops that see to it themselves.

    Args:
        send: Sends the calls.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    @sensitive_arguments
    def apply(
        self, body: Json, *, version: str | None = None, reference_id: str | None = None
    ) -> Coroutine[object, None, Application]:
        """
        Send an application; `application_body` makes the body of what widget/init was told.

        A shop catches NotVerified, CustomerExists, AgreementRequired and ApplicationNotCreated.

        Raises:
            ValidationError: The data are wrong; nothing was sent.
            OutcomeUnknown: Nobody knows whether it ran.
        """
        return self._send(apply(body, version=version), reference_id=reference_id)
