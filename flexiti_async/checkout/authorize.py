"""The authorization of a purchase, online and in store."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from attrs import evolve

from flexiti_async.api.authorizations import Authorization, authorize
from flexiti_async.api.common import Language, to_money
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase, PurchaseType
from flexiti_async.api.sku_data import SkuData
from flexiti_async.checkout.flow import CheckoutFlow
from flexiti_async.checkout.state import CheckoutState
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.protocol.validators import INVALID

__all__ = ["AuthorizeStep"]


class AuthorizeStep(CheckoutFlow):
    """The step that both channels share."""

    @sensitive_arguments
    async def authorize(
        self,
        amount: Decimal | int | str,
        *,
        transaction_type: PurchaseType | str,
        auto_capture: bool = False,
        plan_id: int | str | None = None,
        term: int | str | None = None,
        reference: str | None = None,
        sku_data: SkuData | None = None,
        vcc_number: Secret | str | None = None,
        verification_code: Secret | int | str | None = None,
        external_location_id: str | None = None,
        external_employee_id: str | None = None,
        lang: Language | str = Language.ENGLISH,
    ) -> Authorization:
        """
        Authorize the purchase; with `auto_capture` the whole amount is captured at once.

        The account is the checkout's own: online the one that its widget session has verified, in
        store the one that was looked up. The call is sent once: if two processes try, or the
        customer clicks twice, one call gets CheckoutConflict or CheckoutUnsettled and sends
        nothing.

        Args:
            amount: Dollars, at most two places, never a float.
            transaction_type: Promotional or regular.
            auto_capture: Capture the whole amount at once.
            plan_id: From `plans`; required for a promotional purchase.
            term: From `plans`, where the plan has terms.
            reference: The shop's order number, at most 40 characters. Recommended: it identifies
                the authorization if the answer is lost.
            sku_data: The items bought.
            vcc_number: FlexitiCard number, for authorized users of an account.
            verification_code: In store: the code that the customer received; not required if the
                answer to `verify` contained it.
            external_location_id: In store: the shop's id of the store.
            external_employee_id: In store: the shop's id of the employee.
            lang: Language of `message` in the answer.

        Raises:
            ValidationError: Invalid data, or data for the other channel.
            CheckoutError: Not allowed now, or another process has taken this step.
            StoreUnavailable: The store is down, so whether another process has taken this step is
                unknown; nothing was sent. (A checkout that was never saved goes on without it.)
            ApiError: The API rejected it; the customer may choose another plan.
            OutcomeUnknown: Whether it was executed is unknown; see `settle`.
        """
        self._allowed_row("authorize")
        common: dict[str, Any] = {
            "account_number": self.account_number,
            "amount": amount,
            "transaction_type": transaction_type,
            "auto_capture": auto_capture,
            "plan_id": plan_id,
            "term": term,
            "reference": reference,
            "sku_data": sku_data,
            "vcc_number": vcc_number,
        }
        in_store: dict[str, Any] = {
            "verification_code": verification_code,
            "external_location_id": external_location_id,
            "external_employee_id": external_employee_id,
        }
        purchase = self._purchase(common, in_store)
        # This frame may end up in a traceback.
        del vcc_number, verification_code, common, in_store
        outcome = "captured at once" if purchase.auto_capture else "authorized"
        open_amount = Decimal(0) if purchase.auto_capture else cast("Decimal", to_money(amount))
        return await self._send_claimed(
            self._allowed_row("authorize", outcome),
            authorize(purchase, lang=lang),
            _add_authorization,
            open_amount=open_amount,
            pinned=True,
        )

    def _purchase(
        self, common: Mapping[str, Any], in_store: Mapping[str, Any]
    ) -> OnlinePurchase | InStorePurchase:
        """Build the purchase for this checkout's channel."""
        state = self._state
        if not state.in_store:
            invalid = [FieldError(name, INVALID) for name, value in in_store.items() if value]
            if invalid:
                # Authorization page: no verification code with a widget session.
                raise ValidationError(field_errors=invalid)
            return OnlinePurchase(**common, widget_session_id=state.session_id or "")
        code: Secret | int | str | None = in_store["verification_code"] or state.verification_code
        fields: dict[str, Any] = {
            **common,
            **in_store,
            "verification_code": code.reveal() if isinstance(code, Secret) else code,
            "request_id": state.request_id,
        }
        return InStorePurchase(**fields)


def _add_authorization(after: CheckoutState, answer: Authorization) -> CheckoutState:
    captures = () if answer.capture_id is None else (answer.capture_id,)
    return evolve(after, authorization_id=answer.authorization_id, capture_ids=captures)
