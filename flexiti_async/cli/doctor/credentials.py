"""The credentials: one token request, for nobody to use."""

import secrets
from collections.abc import AsyncIterator

from attrs import evolve

from flexiti_async import (
    FlexitiConfig,
    FlexitiError,
    FlexitiSession,
    Scope,
    TokenError,
)
from flexiti_async.cli.doctor.finding import Finding, error, good
from flexiti_async.errors import LifetimeTooShort, TokenMisconfigured, TokenThrottled
from flexiti_async.events.types import Event, TokenIssued

__all__ = ["check_credentials"]

_WRONG = (
    "compare client_id and client_secret with the developer portal, and see that they are of this "
    "environment: each environment has its own"
)


async def check_credentials(config: FlexitiConfig) -> AsyncIterator[Finding]:
    """Ask for one token with the scope `customer`; it is shared with nobody and then forgotten."""
    heard: list[Event] = []
    alone = evolve(config, store=f"memory://doctor-{secrets.token_hex(8)}", token_keys=())
    try:
        async with FlexitiSession(alone, listeners=[heard.append]) as flexiti:
            await flexiti.refresher(Scope.CUSTOMER).dedicated(config.flow_ttl)
    except LifetimeTooShort as failure:
        yield _issued(heard, config)
        advice = "lower flow_ttl, or leave it out for half of a lifetime"
        yield error("credentials", f"no token lives long enough: {failure}", advice)
    except FlexitiError as failure:
        yield _failed(failure)
    else:
        yield _issued(heard, config)


def _issued(heard: list[Event], config: FlexitiConfig) -> Finding:
    [issued] = [event for event in heard if isinstance(event, TokenIssued)]
    login = ", merchants/login included" if config.merchant_username else ""
    return good(
        "credentials",
        f"a token was issued: {issued.lifetime:g} s, in {issued.seconds:.2f} s{login} "
        f"(reference id {issued.reference_id})",
    )


def _failed(failure: FlexitiError) -> Finding:
    """Say what is to be done about a token request that failed."""
    wait = failure.retry_after if isinstance(failure, TokenError) else None
    if isinstance(failure, TokenMisconfigured):
        advice = _WRONG
    elif isinstance(failure, TokenThrottled):
        pause = "" if wait is None else f" {wait:.0f} s"
        advice = f"wait{pause}; are there processes that do not share a store?"
    else:
        advice = "try again; if it stays, give Flexiti the reference id"
    return error("credentials", f"no token: {failure}", advice)
