"""`WidgetTokens`: the tokens of a one-shot widget/init, which is no checkout."""

from collections.abc import Coroutine

from attrs import frozen

from flexiti_async.clock import Clock, now
from flexiti_async.protocol.rejection import Rejections, SentCall, Verdict
from flexiti_async.protocol.token import Token
from flexiti_async.tokens.refresher import TokenRefresher

__all__ = ["WidgetTokens"]


@frozen
class WidgetTokens:
    """
    Tokens that live for a customer's flow: pinned, or dedicated to one widget.

    Attributes:
        refresher: Obtains them.
        clock: Dates them.
        min_ttl: Seconds that each must live at least.
        dedicated: Of the flow whose widget alone uses them, its reference id; None if they are
            shared.
    """

    refresher: TokenRefresher
    clock: Clock
    min_ttl: float | None
    dedicated: str | None = None

    @property
    def rejections(self) -> Rejections:
        """The evidence of calls with tokens of this scope."""
        return self.refresher.rejections

    def token(self, reference_id: str) -> Coroutine[object, object, Token]:
        """Return the token of the first attempt; a token request carries the reference id."""
        obtain = self.refresher.token if self.dedicated is None else self.refresher.dedicated
        return obtain(self.min_ttl, reference_id=reference_id)

    def verdict(self, call: SentCall, token: Token) -> Verdict:
        """Decide what follows from a 401; a dedicated token is in use until it is replaced."""
        if self.dedicated is None:
            return self.refresher.verdict(call, token)
        at = now(self.clock)
        return self.rejections.decide(
            call,
            token.token_id,
            in_use=token.token_id,
            age=token.age(at),
            lifetime=token.lifetime,
            now=at.boot,
        )

    async def successor(
        self, token: Token, *, rejected: bool, reference_id: str | None = None
    ) -> Token:
        """Return another token."""
        if self.dedicated is not None:
            return await self.refresher.dedicated(self.min_ttl, reference_id=self.dedicated)
        return await self.refresher.successor(
            token, rejected=rejected, reference_id=reference_id, min_ttl=self.min_ttl
        )
