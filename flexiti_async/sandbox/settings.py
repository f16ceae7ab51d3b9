"""The settings of a sandbox, to be changed before it starts and while it runs."""

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
        msg = f"no such scope: {', '.join(sorted(unknown))}; expected: {', '.join(SCOPES)}"
        raise ValueError(msg)
    return chosen


def _plans(plans: Iterable[Plan]) -> tuple[Plan, ...]:
    return tuple(plans)


def _words(words: Iterable[str]) -> frozenset[str]:
    return frozenset(words)


def _latency(seconds: Mapping[str, float]) -> Mapping[str, float]:
    check_endpoint_names(seconds)
    if bad := [name for name, value in seconds.items() if not is_seconds(value)]:
        msg = f"the latency of {bad[0]} must be a number of seconds, from 0 to a year"
        raise ValueError(msg)
    return MappingProxyType(dict(seconds))


def _checked_offset(_: object, __: "Attribute[_T]", value: _T) -> None:
    # Written this way around because comparisons with NaN are false.
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
    The settings of a sandbox. All of them may be changed while it runs.

    Attributes:
        client_id: The client id that the sandbox accepts (spec section 2.1).
        client_secret: Its secret.
        merchant_username: User name for merchants/login (spec section 3).
        merchant_password: Its password.
        merchant_name: `merchant_name` in the answer of merchants/login.
        merchant_id: `merchant_id` in the answer of merchants/login: digits in a string.
        scopes: The scopes that the client may request; others are refused with `invalid_role`.
        expires_in: Lifetime of tokens issued from now on, in whole seconds.
        refresh_revokes_access: Whether a refresh revokes the access token before it. The API's
            rule is unknown (spec section 2.4); True is the stricter reading.
        require_merchant_login: Whether widget/init requires merchants/login before it, with the
            same token, as on the start page (newer pages do not; spec section 8, row 10).
        bare_redirection_url: Whether widget/init omits the two ids from `redirection_url`, as old
            answers may (spec section 4.4).
        plans: The plans of the merchant.
        account_types: The account types that the merchant accepts; others are refused with
            `account_type_not_permitted`.
        external_location_ids: The locations of the merchant; others are refused with
            `external_location_id_not_found`. None for any.
        pre_authorization: Whether the merchant may authorize without capturing; if not, such a
            request is refused with `auth_not_allowed`.
        merchant_override: Whether the merchant may override the verification of `verify`.
        nonprime_regular_purchase: Whether standard customers may make regular purchases.
        standard_accounts: Whether standard (non-prime) accounts are opened: if not, the test keys
            `A-RR_XX` and `A-RR_XXX` are declined (spec section 7.6).
        allow_unknown_fields: Whether JSON bodies may have fields that the spec does not name.
        ascii_only: Whether ASCII(n) in widget/init means ASCII characters only. If not, it means
            at most n characters.
        latency: Seconds that a request waits before it is processed, by endpoint name. Assign a
            new mapping to change it.
        clock: The clock, in seconds since the epoch.
        clock_offset: Seconds by which the sandbox's time is ahead of that clock, or behind it if
            negative, at most 30 years. Its Date header and the expiry of tokens follow it.
        control_token: Secret of the control endpoint (see `flexiti_async.sandbox.control`), at
            least 16 characters; None disables the endpoint. Read when the sandbox starts.
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
        """Return the sandbox's time, in seconds since the epoch."""
        return self.clock() + self.clock_offset

    def advance(self, seconds: float) -> None:
        """Advance the sandbox's clock; tokens age accordingly."""
        self.clock_offset += seconds
