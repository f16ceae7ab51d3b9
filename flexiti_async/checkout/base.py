"""
`Checkout`: one customer's flow, with one reference id and one token from start to finish.

Flexiti takes the access token as the reference value of the whole flow (start page, Access Token
Notes), so a checkout pins one that lives long enough, and does not change it once a call of it has
succeeded. What may come next is a table, `flexiti_async.checkout.steps`; drawn, `docs/checkout.md`.
"""

from decimal import Decimal

from attrs import evolve

from flexiti_async.api.common import Language
from flexiti_async.api.plans import Plans, calculate_interest
from flexiti_async.checkout.authorize import AuthorizeStep
from flexiti_async.checkout.back_office import MoneySteps
from flexiti_async.checkout.flow import after_running
from flexiti_async.checkout.in_store import InStoreSteps
from flexiti_async.checkout.online import OnlineSteps
from flexiti_async.checkout.state import Step
from flexiti_async.checkout.steps import DID_NOT_RUN, NEXT_STEPS, RAN
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.validators import INVALID, REQUIRED

__all__ = ["NEXT_STEPS", "Checkout"]


class Checkout(OnlineSteps, InStoreSteps, AuthorizeStep, MoneySteps):
    """
    One customer's flow. `FlexitiSession.checkout()` starts one, `resume()` takes one up.

    * A purchase online: `init_widget`, `handle_event`, `plans`, `authorize`.
    * An application online: `init_widget`, `handle_event`, `apply`.
    * A purchase in store: `lookup`, `plans`, `verify`, `authorize`.
    * Afterwards: `capture`, `release`, `return_capture`, `refund`.

    Each method checks its place in the table and its data before anything is sent; `next_steps`
    names those that may come. Two processes cannot both take one step. A call that must not run
    twice is claimed before it is sent; if nobody knows whether it ran, only `settle` leads on.

    Attributes:
        reference_id: The flow's `x-reference-id`; with `resumable=True` all that a shop has to
            keep to take the checkout up in another request, in another process.
    """

    async def plans(
        self, amount: Decimal | int | str, *, lang: Language | str = Language.ENGLISH
    ) -> Plans:
        """
        Ask what a purchase would cost the customer (calculate-interest).

        It is asked for the account that this checkout has verified or found.

        Args:
            amount: Dollars, at most two places, never a float.
            lang: Language of the texts.

        Raises:
            ValidationError: The amount is none.
            CheckoutError: Not now.
            ApiError: The API refused.
        """
        self._row("plans")
        return await self._ask(calculate_interest(self.account_number or "", amount, lang=lang))

    async def settle(
        self,
        *,
        ran: bool,
        authorization_id: int | str | None = None,
        capture_id: int | str | None = None,
    ) -> None:
        """
        Say what has become of a call whose outcome was unknown.

        Two things come first, and no program can do them for the shop: be certain that nobody is
        at the call any more, for instance because more than `request_timeout` has passed; and
        find out whether it ran. For an authorization look for the order's `reference` among
        `flexiti.authorizations.all(...)` of the account; for the rest, look at
        `flexiti.authorizations.get(authorization_id)`.

        Args:
            ran: Whether the call ran. If not, it may be made again.
            authorization_id: Of the authorization that ran.
            capture_id: Of the capture that ran, if it is known.

        Raises:
            CheckoutError: There is nothing to settle, or somebody else has settled it.
            ValidationError: An authorization that ran has a number, and what did not run has none.
        """
        row = self._row("settle", RAN if ran else DID_NOT_RUN)
        before, claimed = self._state, self._state.claimed
        assert claimed is not None  # noqa: S101 - by the table
        _check_numbers(row.at, ran=ran, authorization_id=authorization_id, capture_id=capture_id)
        if not ran:
            await self._saved.move(before, evolve(before, step=claimed.before, claimed=None))
            return
        after = after_running(before, claimed)
        if authorization_id is not None:
            after = evolve(after, authorization_id=str(authorization_id))
        if capture_id is not None:
            after = evolve(after, capture_ids=(*after.capture_ids, str(capture_id)))
        await self._saved.move(before, after)


def _check_numbers(
    at: Step, *, ran: bool, authorization_id: int | str | None, capture_id: int | str | None
) -> None:
    faults: list[FieldError] = []
    authorizing = ran and at is Step.AUTHORIZING
    capturing = authorizing or (ran and at is Step.CAPTURING)
    if authorizing and authorization_id is None:
        faults.append(FieldError("authorizationId", REQUIRED))
    elif not authorizing and authorization_id is not None:
        faults.append(FieldError("authorizationId", INVALID))
    if not capturing and capture_id is not None:
        faults.append(FieldError("captureId", INVALID))
    if faults:
        raise ValidationError(field_errors=faults)
