"""The face that a checkout online and one in store share: read-only views of their flow."""

from typing import TypeVar

from flexiti_async.checkout.flow import Flow
from flexiti_async.checkout.state import Sharing, Step
from flexiti_async.protocol.call import Call
from flexiti_async.protocol.token import Token

__all__ = ["Checkout"]

T = TypeVar("T")


class Checkout:
    """
    A read-only view of a flow, for both kinds of checkout: `OnlineCheckout`, `InStoreCheckout`.

    Args:
        flow: The flow.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(reference_id={self.reference_id!r}, "
            f"idempotency_key={self.idempotency_key!r}, step={self.step.value!r})"
        )

    @property
    def reference_id(self) -> str:
        """The flow's `x-reference-id`: all that a shop has to keep to resume the checkout."""
        return self._flow.state.reference_id

    @property
    def idempotency_key(self) -> str:
        """The shop's name for what is paid or applied for."""
        return self._flow.state.idempotency_key

    @property
    def step(self) -> Step:
        """The present step."""
        return self._flow.state.step

    @property
    def next_steps(self) -> frozenset[str]:
        """Names of the methods that are allowed now; the journal may forbid some of them."""
        return self._flow.next_steps()

    @property
    def account_number(self) -> str | None:
        """Digits of the customer's account; None while it is unknown."""
        return self._flow.state.account_number

    @property
    def authorization_id(self) -> str | None:
        """
        Number of the authorization, for `flexiti.authorizations`.

        None before one, and if the answer did not contain it: `flexiti.operations.resolve` adds it.
        """
        return self._flow.state.authorization_id

    @property
    def capture_id(self) -> str | None:
        """Number of the capture by `auto_capture`; None without one."""
        return self._flow.state.capture_id

    @property
    def saved(self) -> bool:
        """
        Whether the store holds the present state.

        It does not with `resumable=False`, nor after a failed save. Then `resume()` finds an
        earlier step; if an operation ran, the journal moves it forward.
        """
        return self._flow.saved.saved

    @property
    def sharing(self) -> Sharing:
        """Whether the pinned token is shared or dedicated."""
        return self._flow.state.sharing

    @property
    def token(self) -> Token:
        """The pinned token."""
        return self._flow.token

    @property
    def remaining(self) -> float:
        """Seconds until the pinned token, and with it the checkout, ends."""
        return self._flow.remaining

    async def send(self, call: Call[T]) -> T:
        """
        Make any call that moves no money within this flow; it does not change the step.

        It has the flow's reference id. Calls of the pinned token's scope use it, others the
        session's token of their scope.

        Raises:
            ConfigError: The call moves money, or puts a token without customer scope into a
                browser.
        """
        return await self._flow.send(call)

    async def save(self) -> None:
        """Save the state, if the checkout is resumable; every step does so already."""
        await self._flow.saved.save()
