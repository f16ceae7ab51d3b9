"""The steps about tokens, bearers and scopes: none of them touches a customer."""

import asyncio
import uuid
from typing import Final

from attrs import define, field

from flexiti_async import Scope
from flexiti_async.api import i18n, list_authorizations
from flexiti_async.cli.verify.prober import Prober
from flexiti_async.protocol.call import BaseCall
from flexiti_async.protocol.secret import Secret

__all__ = ["TokenSteps"]

_UNKNOWN: Final = Secret("0" * 40)
_MARGIN: Final = 1.5
"""Seconds after its end at which a token has certainly expired."""


@define
class TokenSteps:
    """
    The steps about tokens.

    Attributes:
        prober: Sends and records.
        probe: A harmless call of customer scope, to see whether a token is accepted.
    """

    prober: Prober
    probe: BaseCall[object] = field(factory=i18n)

    async def begin(self) -> None:
        """Request tokens of both scopes, and by the ways that the pages differ on."""
        prober = self.prober
        await prober.token(Scope.MERCHANT)
        await prober.token(Scope.CUSTOMER)
        hyphenated = str(uuid.UUID(prober.reference_id))
        await prober.grant(
            "token (hyphenated reference id)", Scope.MERCHANT, reference_id=hyphenated
        )
        await prober.grant("token (HTTP Basic)", Scope.MERCHANT, basic=True)
        await prober.grant("token (form)", Scope.MERCHANT, basic=False)

    async def refresh(self) -> None:
        """Refresh a token of customer scope: twice, without `scope`, and with a spent token."""
        prober = self.prober
        first = await prober.grant("token (to be refreshed)", Scope.CUSTOMER)
        if first is None or first.granted.refresh_token is None:
            return
        second = await prober.grant("refresh", Scope.CUSTOMER, first.granted.refresh_token)
        before = first.granted.access_token
        await prober.call("call with the token before a refresh", self.probe, before)
        if second is None or second.granted.refresh_token is None:
            return
        third = await prober.grant("second refresh", Scope.CUSTOMER, second.granted.refresh_token)
        if third is not None and third.granted.refresh_token is not None:
            newest = third.granted.refresh_token
            await prober.grant("refresh without scope", Scope.CUSTOMER, newest, omit="scope")
        # Last, because it may revoke all of them.
        spent = first.granted.refresh_token
        await prober.grant("refresh with a spent token", Scope.CUSTOMER, spent)

    async def bearers(self) -> None:
        """Send wrong bearers, and each scope where the other one belongs."""
        prober = self.prober
        merchant = await prober.token(Scope.MERCHANT)
        customer = await prober.token(Scope.CUSTOMER)
        ask = list_authorizations(page_size=1)
        await prober.call("call without a bearer", ask, authorization="", other_version=False)
        if merchant is not None:
            lower = f"bearer {merchant.reveal()}"
            await prober.call(
                "call with bearer in lower case", ask, authorization=lower, other_version=False
            )
            await prober.call("probe with merchant scope", self.probe, merchant)
        await prober.call("call with an unknown bearer", ask, _UNKNOWN, other_version=False)
        if customer is not None:
            await prober.call("call beyond its scope", ask, customer, other_version=False)

    async def expire(self) -> None:
        """Wait until a token has expired, use it, and refresh it."""
        late = await self.prober.grant("token (left to expire)", Scope.CUSTOMER)
        if late is None:
            return
        self.prober.progress(f"waiting {late.left():.0f} s until it has expired")
        await asyncio.sleep(max(late.left(), 0) + _MARGIN)
        await self.prober.call("call with an expired token", self.probe, late.granted.access_token)
        if late.granted.refresh_token is not None:
            await self.prober.grant("late refresh", Scope.CUSTOMER, late.granted.refresh_token)
