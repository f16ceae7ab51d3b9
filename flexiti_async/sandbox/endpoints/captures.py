"""POST authorization/…/release and …/capture (spec section 5.12)."""

import re
from decimal import Decimal

from flexiti_async.sandbox.endpoints.serializers import authorization_view, capture_view
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.bank import Authorization, Bank
from flexiti_async.sandbox.validation.fields import of_body
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import RefusalError, not_found
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["authorization_in_path", "capture", "release"]

_CAPTURED = {"en": "The amount was captured.", "fr": "Le montant a été encaissé."}


@invents(
    "authorization/release",
    (
        "The body may have an `amount`; without one all that is left is released. The answer is "
        "the authorization."
    ),
    spec="5.12",
)
def release(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """
    Release the uncaptured amount, or the `amount` of the body.

    The error `auth_amount_exceeded` implies that the body may have an amount.
    """
    authorize(incoming, settings, backend.ledger)
    fields = of_body(incoming, settings, optional=True)
    amount = fields.money()
    fields.text("reference", 40)
    fields.check()
    authorization = authorization_in_path(incoming, backend.bank)
    _check(authorization, amount)
    backend.bank.release(authorization, amount or authorization.remaining)
    return authorization_view(authorization)


@invents(
    "authorization/capture",
    "The answer, except `message`, with the names of the answer of a return.",
    spec="5.12",
)
def capture(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """Capture a part of the held amount. Of the answer the spec defines only `message`."""
    authorize(incoming, settings, backend.ledger)
    fields = of_body(incoming, settings)
    amount = fields.money(required=True)
    reference = fields.text("reference", 40)
    fields.skip("sku_data")
    fields.check()
    authorization = authorization_in_path(incoming, backend.bank)
    _check(authorization, amount)
    taken = backend.bank.capture(authorization, amount, reference, settings.now())
    return {**capture_view(taken), "message": _CAPTURED[fields.lang]}


def authorization_in_path(incoming: Incoming, bank: Bank) -> Authorization:
    """
    Return the authorization of a path.

    Raises:
        RefusalError: 404 `not_found`.
    """
    text = incoming.path_values["authorization_id"]
    found = bank.authorizations.get(int(text)) if re.fullmatch(r"[0-9]{1,16}", text) else None
    if found is None:
        raise not_found("authorization")
    return found


def _check(authorization: Authorization, amount: Decimal) -> None:
    if authorization.status in {"unauthorized", "onhold"}:
        raise RefusalError(409, "not_permitted", f"The authorization is {authorization.status}.")
    if authorization.status == "closed":
        raise RefusalError(409, "authorization_ended", "Nothing of the authorization is left.")
    if amount > authorization.remaining:
        raise RefusalError(
            409, "auth_amount_exceeded", "The amount exceeds what is left of the authorization."
        )
