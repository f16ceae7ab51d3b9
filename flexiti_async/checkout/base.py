"""
`Checkout`: one customer's flow, with one reference id and one token from start to finish.

Flexiti uses the access token as the reference value of the whole flow (start page, Access Token
Notes), so a checkout pins a token that lives long enough, and keeps it once a call has succeeded.
A table says which calls are allowed at each step: `flexiti_async.checkout.steps`, drawn in
`docs/checkout.md`.
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
    One customer's flow. `FlexitiSession.checkout()` starts one, `resume()` resumes one.

    * A purchase online: `init_widget`, `handle_event`, `plans`, `authorize`.
    * An application online: `init_widget`, `handle_event`, `apply`.
    * A purchase in store: `lookup`, `plans`, `verify`, `authorize`.
    * Afterwards: `capture`, `release`, `return_capture`, `refund`.

    Each method checks that it is allowed, and its data, before anything is sent; `next_steps` names
    the methods that are allowed now. Two processes cannot both take the same step. A call that must
    not run twice is claimed before it is sent; if its outcome is unknown, only `settle` leads on.

    Attributes:
        reference_id: The flow's `x-reference-id`; with `resumable=True`, all that a shop has to
            keep to resume the checkout in another request or process.
    """

    async def plans(
        self, amount: Decimal | int | str, *, lang: Language | str = Language.ENGLISH
    ) -> Plans:
        """
        Return the plans for an amount, with their costs (calculate-interest).

        They are for the account that this checkout has verified or looked up.

        Args:
            amount: Dollars, at most two places, never a float.
            lang: Language of the texts.

        Raises:
            ValidationError: Invalid amount.
            CheckoutError: Not allowed now.
            ApiError: The API rejected the call.
        """
        self._allowed_row("plans")
        return await self._send_pinned(
            calculate_interest(self.account_number or "", amount, lang=lang)
        )

    async def settle(
        self,
        *,
        ran: bool,
        authorization_id: int | str | None = None,
        capture_id: int | str | None = None,
    ) -> None:
        """
        Record the outcome of a call whose outcome was unknown.

        The shop has to check two things first, which no program can do for it: that the call is no
        longer in flight, for instance because more than `request_timeout` has passed; and whether
        it was executed. For an authorization, search for the order's `reference` among
        `flexiti.authorizations.all(...)` of the account; for other calls, see
        `flexiti.authorizations.get(authorization_id)`.

        Args:
            ran: Whether the call was executed. If not, it may be made again.
            authorization_id: Id of the authorization that was executed.
            capture_id: Id of the capture that was executed, if known.

        Raises:
            CheckoutError: No outcome is unknown, or it was settled elsewhere.
            ValidationError: The id is missing for an authorization that was executed, or an id does
                not belong to this call.
        """
        row = self._allowed_row("settle", RAN if ran else DID_NOT_RUN)
        before, claimed = self._state, self._state.claimed
        assert claimed is not None  # noqa: S101 - by the table
        _check_ids(row.at, ran=ran, authorization_id=authorization_id, capture_id=capture_id)
        if not ran:
            await self._saved.transition(before, evolve(before, step=claimed.before, claimed=None))
            return
        after = after_running(before, claimed)
        if authorization_id is not None:
            after = evolve(after, authorization_id=str(authorization_id))
        if capture_id is not None:
            after = evolve(after, capture_ids=(*after.capture_ids, str(capture_id)))
        await self._saved.transition(before, after)


def _check_ids(
    at: Step, *, ran: bool, authorization_id: int | str | None, capture_id: int | str | None
) -> None:
    problems: list[FieldError] = []
    authorizing = ran and at is Step.AUTHORIZING
    capturing = authorizing or (ran and at is Step.CAPTURING)
    if authorizing and authorization_id is None:
        problems.append(FieldError("authorizationId", REQUIRED))
    elif not authorizing and authorization_id is not None:
        problems.append(FieldError("authorizationId", INVALID))
    if not capturing and capture_id is not None:
        problems.append(FieldError("captureId", INVALID))
    if problems:
        raise ValidationError(field_errors=problems)
