"""What can be set on a sandbox, before it starts and while it runs."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from attrs import Attribute, define, field

from flexiti_async.sandbox.faults.validators import is_seconds
from flexiti_async.sandbox.state.plans import SEED_PLANS, Plan
from flexiti_async.sandbox.state.request_log import RequestRecord
from flexiti_async.sandbox.wire.endpoints import check_endpoint_names
from flexiti_async.sandbox.wire.redact import masked

__all__ = ["SCOPES", "Settings"]

SCOPES = ("merchant", "customer")
"""The scopes of the API (spec section 2.3), the default first."""

_T = TypeVar("_T")
_THIRTY_YEARS = 30 * 366 * 86400
_CONTROL_TOKEN = re.compile(r"[0-9A-Za-z_-]{16,}")


def _scopes(scopes: Iterable[str]) -> frozenset[str]:
    chosen = frozenset(scopes)
    if unknown := chosen.difference(SCOPES):
        msg = f"no such scope: {', '.join(sorted(unknown))}; there are: {', '.join(SCOPES)}"
        raise ValueError(msg)
    return chosen


def _plans(plans: Iterable[Plan]) -> tuple[Plan, ...]:
    return tuple(plans)


def _words(words: Iterable[str]) -> frozenset[str]:
    return frozenset(words)


def _latency(seconds: Mapping[str, float]) -> Mapping[str, float]:
    check_endpoint_names(seconds)
    if bad := [name for name, value in seconds.items() if not is_seconds(value)]:
        msg = f"the latency of {bad[0]} must be a number of seconds, not negative, a year at most"
        raise ValueError(msg)
    return MappingProxyType(dict(seconds))


def _checked_offset(_: object, __: "Attribute[_T]", value: _T) -> None:
    # Put this way around for NaN, which is not less than anything.
    if not (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= _THIRTY_YEARS
    ):
        msg = "clock_offset must be a number of seconds, at most 30 years either way"
        raise ValueError(msg)


def _checked_token(_: object, __: "Attribute[str | None]", value: str | None) -> None:
    if value is not None and not _CONTROL_TOKEN.fullmatch(value):
        msg = "control_token must be at least 16 letters, digits, hyphens or underscores"
        raise ValueError(msg)


def _masked_token(token: str | None) -> str:
    return "None" if token is None else masked(token)


@define(kw_only=True, eq=False)
class Settings:
    """
    The knobs of a sandbox. All of them may be turned while it runs.

    Attributes:
        client_id: The client id that the sandbox knows (spec section 2.1).
        client_secret: Its secret.
        merchant_username: User name for merchants/login (spec section 3).
        merchant_password: Its password.
        merchant_name: `merchant_name` that merchants/login answers.
        merchant_id: `merchant_id` that merchants/login answers: digits in a string.
        scopes: The scopes that the client may ask for; any other is refused with `invalid_role`.
        expires_in: Life of the tokens issued from now on, in whole seconds.
        refresh_revokes_access: Whether a refresh revokes the access token before it. The API's
            rule is unknown (spec section 2.4); True is the stricter reading.
        require_merchant_login: Whether widget/init wants merchants/login before it, with the same
            token, as the start page says (newer pages do not; spec section 8, row 10).
        bare_redirection_url: Whether widget/init leaves the two ids out of `redirection_url`, as
            old answers may (spec section 4.4).
        plans: The plans of the merchant.
        account_types: The account types that the merchant may deal with; another is refused with
            `account_type_not_permitted`.
        external_location_ids: The locations of the merchant; another is refused with
            `external_location_id_not_found`. None for any.
        pre_authorization: Whether the merchant may authorize without capturing; if not, a request
            for it is refused with `auth_not_allowed`.
        merchant_override: Whether account/verify may be overridden by the merchant.
        nonprime_regular_purchase: Whether standard customers may make regular purchases.
        standard_accounts: Whether standard (non-prime) accounts are opened: if not, the test keys
            `A-RR_XX` and `A-RR_XXX` are declined (spec section 7.6).
        allow_unknown_fields: Whether JSON bodies may have fields that the spec does not name.
        ascii_only: Whether the texts of widget/init must be ASCII to the letter. If not, ASCII(n)
            means at most n characters.
        latency: Seconds that a request to an endpoint waits before it is processed, by endpoint
            name. Assign a new mapping to change it.
        clock: The clock, in seconds since the epoch.
        clock_offset: Seconds by which the sandbox's time is ahead of that clock, or behind it if
            negative, at most 30 years: what it tells in its Date header and judges tokens by.
        control_token: Secret of the control endpoint (see `flexiti_async.sandbox.control`), at
            least 16 characters; None for none. Read when the sandbox starts.
        on_request: Called with the record of every request just before its answer is sent.
    """

    client_id: str = "sandbox-client"
    client_secret: str = field(default="sandbox-client-secret", repr=masked)
    merchant_username: str = "sandbox-merchant"
    merchant_password: str = field(default="sandbox-merchant-password", repr=masked)
    merchant_name: str = "Sandbox Store"
    merchant_id: str = "100200"
    scopes: frozenset[str] = field(default=frozenset(SCOPES), converter=_scopes)
    expires_in: int = 1200
    refresh_revokes_access: bool = True
    require_merchant_login: bool = False
    bare_redirection_url: bool = False
    plans: tuple[Plan, ...] = field(default=SEED_PLANS, converter=_plans)
    account_types: frozenset[str] = field(
        default=frozenset({"business", "consumer"}), converter=_words
    )
    external_location_ids: frozenset[str] | None = None
    pre_authorization: bool = True
    merchant_override: bool = True
    nonprime_regular_purchase: bool = True
    standard_accounts: bool = True
    allow_unknown_fields: bool = False
    ascii_only: bool = False
    latency: Mapping[str, float] = field(factory=dict[str, float], converter=_latency)
    clock: Callable[[], float] = field(default=time.time, repr=False)
    clock_offset: float = field(default=0.0, validator=_checked_offset)
    control_token: str | None = field(default=None, repr=_masked_token, validator=_checked_token)
    on_request: Callable[[RequestRecord], object] | None = field(default=None, repr=False)

    def now(self) -> float:
        """Tell the sandbox's time, in seconds since the epoch."""
        return self.clock() + self.clock_offset

    def advance(self, seconds: float) -> None:
        """Put the sandbox's clock forward; tokens age by it at once."""
        self.clock_offset += seconds
