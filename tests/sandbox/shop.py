"""A shop that sells, online and in store: steps that several tests share."""

from collections.abc import Mapping
from typing import Any

from attrs import define

from flexiti_async.sandbox import Sandbox

from .conftest import APPLY, PURCHASE, Answer, Api

ACCOUNT = 10000001
REQUEST_ID = "till-7-receipt-1"
IN_STORE = {
    "request_id": REQUEST_ID,
    "external_location_id": "store-1",
    "external_employee_id": "clerk-1",
}
PLAN = {"transaction_type": "promotional_purchase", "plan_id": 101, "term": 12}
REGULAR = {"transaction_type": "regular_purchase"}


@define
class Shop:
    """A shop with a token of each scope."""

    api: Api
    sandbox: Sandbox
    customer: str
    merchant: str

    async def post(self, path: str, body: object = None, *, token: str = "", **more: Any) -> Answer:
        """Send a POST, with the merchant's token unless another is given."""
        return await self.api.call(path, token or self.merchant, body, **more)

    async def get(self, path: str, query: str = "", *, token: str = "", **more: Any) -> Answer:
        """Send a GET under v2.5.1, with the merchant's token unless another is given."""
        more = {"version": "v2.5.1", **more}
        return await self.api.call(path, token or self.merchant, query=query, method="GET", **more)

    async def widget(self, body: Mapping[str, object] = PURCHASE) -> str:
        """Open a widget, and return the redirection URL."""
        answer = await self.api.call("widget/init", self.customer, body)
        return str(answer.body["redirection_url"])

    async def verified(self, account_number: int = ACCOUNT) -> str:
        """Have a customer verified for a purchase, and return the widget session id."""
        body = {"customer_identification": {"account_number": account_number}, "flow": "purchase"}
        event: Any = self.sandbox.play(await self.widget(body))
        return str(event["eventData"]["widget_session_id"])

    async def code(self, account_number: int = ACCOUNT, how: str = "merchant_override") -> int:
        """Have a customer verified in store, and return the code."""
        body = {"format": how, "request_id": REQUEST_ID}
        answer = await self.post(f"account/{account_number}/verify", body)
        return int(answer.body["verification_code"])

    async def order(self, amount: object = "300.00", **changes: Any) -> dict[str, object]:
        """Build an online order of a customer who was verified for it."""
        account_number = changes.get("account_number", ACCOUNT)
        assert isinstance(account_number, int)
        session_id = changes.pop("widget_session_id", None) or await self.verified(account_number)
        return {
            "account_number": account_number,
            "reference": "order-1",
            "financing_option": PLAN,
            "amount": amount,
            "auto_capture": False,
            "widget_session_id": session_id,
            **changes,
        }

    async def authorize(
        self, amount: object = "300.00", *, version: str = "v2.5.1", **changes: Any
    ) -> Answer:
        """Authorize an online order."""
        order = await self.order(amount, **changes)
        return await self.post("authorization", order, token=self.customer, version=version)

    async def authorized(self, amount: object = "300.00", **changes: Any) -> int:
        """Authorize an online order, and return its id."""
        return int((await self.authorize(amount, **changes)).body["authorization_id"])

    async def captured(self, amount: object = "300.00", **changes: Any) -> tuple[int, int]:
        """Authorize and capture, and return both ids."""
        changes.setdefault("auto_capture", True)
        answer = await self.authorize(amount, **changes)
        return int(answer.body["authorization_id"]), int(answer.body["capture_id"])

    async def application(self, **changes: Any) -> dict[str, object]:
        """Have an applicant finish the widget, and build the application."""
        event: Any = self.sandbox.play(await self.widget(APPLY))
        return {
            **APPLY,
            "widget_session_id": event["eventData"]["widget_session_id"],
            **changes,
        }
