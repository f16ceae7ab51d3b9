"""What a checkout does with its authorization: capture, release, return, refund."""

from decimal import Decimal
from typing import cast

from attrs import evolve

from flexiti_async.api.captures import Capture, Release, capture, release
from flexiti_async.api.common import Language, to_money
from flexiti_async.api.refunds import Refund, refund
from flexiti_async.api.returns import Return, return_capture
from flexiti_async.api.sku_data import SkuData
from flexiti_async.checkout.flow import CheckoutFlow
from flexiti_async.checkout.state import CheckoutState
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.protocol.validators import REQUIRED

__all__ = ["MoneySteps"]

SOMETHING_LEFT = "something is left"
NOTHING_LEFT = "nothing is left"


class MoneySteps(CheckoutFlow):
    """
    The back office of a checkout, with the session's merchant token.

    A checkout ends with its token. What comes later, a capture when the parcel is sent, is done by
    `flexiti.authorizations` with the `authorization_id`, which the shop keeps with its order.

    Every method raises ValidationError for bad data; CheckoutError if it cannot come now, and
    CheckoutUnsettled while a call that moves money is under way or unsettled; ApiError if the API
    refuses, and then the checkout is where it was; OutcomeUnknown if nobody knows whether it ran.
    """

    async def capture(
        self,
        amount: Decimal | int | str,
        *,
        reference: str | None = None,
        sku_data: SkuData | None = None,
        lang: Language | str = Language.ENGLISH,
    ) -> Capture:
        """
        Take what the authorization has set aside, or a part of it.

        Args:
            amount: Dollars, at most two places, never a float.
            reference: The shop's order number, at most 40 characters.
            sku_data: What was bought.
            lang: Language of `message` in the answer.
        """
        self._row("capture")
        call = capture(
            self.authorization_id or "", amount, reference=reference, sku_data=sku_data, lang=lang
        )
        outcome, left = self._less(amount)
        return await self._once(self._row("capture", outcome), call, _captured, left=left)

    async def release(self, amount: Decimal | int | str | None = None) -> Release:
        """
        Let go of what was not captured (others say "void").

        Args:
            amount: Dollars, at most two places, never a float; by default all that is left.
        """
        self._row("release")
        call = release(self.authorization_id or "", amount=amount)
        outcome, left = (NOTHING_LEFT, Decimal(0)) if amount is None else self._less(amount)
        return await self._once(
            self._row("release", outcome), call, lambda after, _: after, left=left
        )

    @sensitive_arguments
    async def return_capture(
        self,
        capture_id: int | str | None = None,
        *,
        amount: Decimal | int | str | None = None,
        full_return: bool | None = None,
        reference: str | None = None,
        vcc_number: Secret | str | None = None,
        sku_data: SkuData | None = None,
    ) -> Return:
        """
        Give back a capture, or a part of it.

        The API refuses it after 100 days, and for regular purchases.

        Args:
            capture_id: Which capture; by default the only one.
            amount: Dollars, at most two places, never a float; needed unless all is returned.
            full_return: Return all of the capture.
            reference: The shop's order number, at most 40 characters.
            vcc_number: FlexitiCard number, for authorized users of an account.
            sku_data: What was returned.
        """
        row = self._row("return_capture")
        if capture_id is None and len(self.capture_ids) == 1:
            capture_id = self.capture_ids[0]
        if capture_id is None:
            raise ValidationError(field_errors=[FieldError("captureId", REQUIRED)])
        call = return_capture(
            self.authorization_id or "",
            capture_id,
            amount=amount,
            full_return=full_return,
            reference=reference,
            vcc_number=vcc_number,
            sku_data=sku_data,
        )
        del vcc_number  # this frame may end up in a traceback
        return await self._once(row, call, lambda after, _: after, left=self.open_amount)

    @sensitive_arguments
    async def refund(
        self,
        amount: Decimal | int | str,
        *,
        capture_id: int | str | None = None,
        reference: str | None = None,
        external_location_id: str | None = None,
        external_employee_id: str | None = None,
        vcc_number: Secret | str | None = None,
        sku_data: SkuData | None = None,
    ) -> Refund:
        """
        Give money back to the account that has bought, without naming the authorization.

        Args:
            amount: Dollars, at most two places, never a float.
            capture_id: A capture that it is for.
            reference: The shop's order number, at most 40 characters.
            external_location_id: The shop's number of the store, in store.
            external_employee_id: The shop's number of who serves the customer, in store.
            vcc_number: FlexitiCard number, for authorized users of an account.
            sku_data: What was given back.
        """
        row = self._row("refund")
        call = refund(
            self.account_number or "",
            amount,
            capture_id=capture_id,
            reference=reference,
            external_location_id=external_location_id,
            external_employee_id=external_employee_id,
            vcc_number=vcc_number,
            sku_data=sku_data,
        )
        del vcc_number  # this frame may end up in a traceback
        return await self._once(row, call, lambda after, _: after, left=self.open_amount)

    def _less(self, amount: Decimal | int | str) -> tuple[str, Decimal | None]:
        """Tell what an amount leaves of the authorization."""
        if self.open_amount is None:
            return SOMETHING_LEFT, None
        # More than is left is for the API to refuse: it is the one that keeps the books.
        left = max(self.open_amount - cast("Decimal", to_money(amount)), Decimal(0))
        return (SOMETHING_LEFT if left else NOTHING_LEFT), left


def _captured(after: CheckoutState, answer: Capture) -> CheckoutState:
    if answer.capture_id is None:
        return after
    return evolve(after, capture_ids=(*after.capture_ids, answer.capture_id))
