"""The steps after the authorization: capture, release, return, refund."""

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
    The back-office steps of a checkout, made with the session's merchant token.

    A checkout ends with its token. Later calls, such as the capture when the parcel is sent, are
    made through `flexiti.authorizations` with the `authorization_id`, which the shop keeps with its
    order.

    Every method raises ValidationError for invalid data; CheckoutError if it is not allowed now;
    CheckoutUnsettled while a call that moves money is in flight or its outcome is unknown; ApiError
    if the API rejects it, which leaves the step as it was; and OutcomeUnknown if it is unknown
    whether it was executed.
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
        Capture the authorized amount, or a part of it.

        Args:
            amount: Dollars, at most two places, never a float.
            reference: The shop's order number, at most 40 characters.
            sku_data: The items bought.
            lang: Language of `message` in the answer.
        """
        self._allowed_row("capture")
        call = capture(
            self.authorization_id or "", amount, reference=reference, sku_data=sku_data, lang=lang
        )
        outcome, open_amount = self._subtract(amount)
        return await self._send_claimed(
            self._allowed_row("capture", outcome), call, _add_capture, open_amount=open_amount
        )

    async def release(self, amount: Decimal | int | str | None = None) -> Release:
        """
        Release an amount that was not captured (elsewhere called "void").

        Args:
            amount: Dollars, at most two places, never a float; by default all that is left.
        """
        self._allowed_row("release")
        call = release(self.authorization_id or "", amount=amount)
        outcome, open_amount = (
            (NOTHING_LEFT, Decimal(0)) if amount is None else self._subtract(amount)
        )
        return await self._send_claimed(
            self._allowed_row("release", outcome),
            call,
            open_amount=open_amount,
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
        Return a capture, or a part of it.

        The API rejects it after 100 days, and for regular purchases.

        Args:
            capture_id: The capture; by default the only one.
            amount: Dollars, at most two places, never a float; required unless all is returned.
            full_return: Return the whole capture.
            reference: The shop's order number, at most 40 characters.
            vcc_number: FlexitiCard number, for authorized users of an account.
            sku_data: The items returned.
        """
        row = self._allowed_row("return_capture")
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
        return await self._send_claimed(row, call, open_amount=self.open_amount)

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
        Refund an amount to the customer's account, without naming the authorization.

        Args:
            amount: Dollars, at most two places, never a float.
            capture_id: The capture that it is for.
            reference: The shop's order number, at most 40 characters.
            external_location_id: In store: the shop's id of the store.
            external_employee_id: In store: the shop's id of the employee.
            vcc_number: FlexitiCard number, for authorized users of an account.
            sku_data: The items refunded.
        """
        row = self._allowed_row("refund")
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
        return await self._send_claimed(row, call, open_amount=self.open_amount)

    def _subtract(self, amount: Decimal | int | str) -> tuple[str, Decimal | None]:
        """Return the outcome for an amount, and the open amount after it."""
        if self.open_amount is None:
            return SOMETHING_LEFT, None
        # The API keeps the books, and rejects an amount above the rest.
        rest = max(self.open_amount - cast("Decimal", to_money(amount)), Decimal(0))
        return (SOMETHING_LEFT if rest else NOTHING_LEFT), rest


def _add_capture(after: CheckoutState, answer: Capture) -> CheckoutState:
    if answer.capture_id is None:
        return after
    return evolve(after, capture_ids=(*after.capture_ids, answer.capture_id))
