"""The settings of a sandbox, to be changed before it starts and while it runs."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, cast

from attrs import define, field

from flexiti_async.errors import ConfigError
from flexiti_async.sandbox.arguments import (
    callback,
    members,
    names_its_arguments,
    setting,
    switch,
    text,
    whole,
    wrong,
)
from flexiti_async.sandbox.endpoints.oauth_rules import PROFILES, OAuthRules, oauth_rules
from flexiti_async.sandbox.faults.validators import as_mapping, is_number, is_seconds
from flexiti_async.sandbox.state.plans import SEED_PLANS, Plan
from flexiti_async.sandbox.state.request_log import RequestRecord
from flexiti_async.sandbox.wire.endpoints import check_endpoint_names
from flexiti_async.sandbox.wire.redact import masked

__all__ = ["SCOPES", "Settings"]

SCOPES = ("merchant", "customer")
"""The scopes of the API (spec section 2.3), the default first."""

_YEAR = 366 * 86400
_WORD = re.compile(r"[a-z][a-z_-]{0,19}")
_CONFLICTS = ("precedence", "refused")
_THIRTY_YEARS = 30 * 366 * 86400
_MERCHANT_ID = re.compile(r"[0-9]{1,10}")
_CONTROL_TOKEN = re.compile(r"[0-9A-Za-z_-]{16,}")


_Scope = Literal["customer", "merchant"]


def _scopes(scopes: Iterable[_Scope]) -> frozenset[str]:
    chosen = frozenset(members("scopes", scopes, str, "scopes"))
    if unknown := chosen.difference(SCOPES):
        named = ", ".join(sorted(filter(_WORD.fullmatch, unknown))) or "that is one"
        msg = f"scopes: no such scope: {named}; expected: {', '.join(SCOPES)}"
        raise ConfigError(msg, option="scopes")
    return chosen


def _plans(plans: Iterable[Plan]) -> tuple[Plan, ...]:
    return members("plans", plans, Plan, "plans")


def _account_types(words: Iterable[str]) -> frozenset[str]:
    return frozenset(members("account_types", words, str, "texts"))


def _locations(words: Iterable[str] | None) -> frozenset[str] | None:
    if words is None:
        return None
    return frozenset(members("external_location_ids", words, str, "texts, or None"))


def _latency(seconds: Mapping[str, float]) -> Mapping[str, float]:
    try:
        given = as_mapping(seconds, "latency")
    except Exception:  # noqa: BLE001 - a foreign mapping may raise anything
        raise wrong("latency", "a mapping of endpoint names to seconds") from None
    try:
        check_endpoint_names(given)
    except ValueError as error:
        msg = f"latency: {error}"
        raise ConfigError(msg, option="latency") from None
    for name, value in given.items():
        if not is_seconds(value):
            msg = f"the latency of {name} must be a number of seconds, from 0 to a year"
            raise ConfigError(msg, option="latency")
    return MappingProxyType(cast("dict[str, float]", given))


_offset = setting(
    lambda value: is_number(value, -_THIRTY_YEARS, _THIRTY_YEARS),
    "a number of seconds, at most 30 years either way",
)
_token = setting(
    lambda value: (
        value is None or (isinstance(value, str) and bool(_CONTROL_TOKEN.fullmatch(value)))
    ),
    "at least 16 letters, digits, hyphens or underscores, or None",
)


def _masked_token(token: str | None) -> str:
    return "None" if token is None else masked(token)


@names_its_arguments
@define(kw_only=True, eq=False)
class Settings:
    """
    The settings of a sandbox. All of them may be changed while it runs.

    A wrong one, of whatever type, raises `ConfigError`, also when it is assigned.

    Attributes:
        client_id: The client id that the sandbox accepts (spec section 2.1).
        client_secret: Its secret.
        merchant_username: User name for merchants/login (spec section 3).
        merchant_password: Its password.
        merchant_name: `merchant_name` in the answer of merchants/login.
        merchant_id: `merchant_id` in the answer of merchants/login: digits in a string.
        scopes: The scopes that the client may request; others are refused with `invalid_role`.
        expires_in: Lifetime of tokens issued from now on, in whole seconds.
        oauth: The rules of the token service: `"documented"`, `"oauth2-server"`, which the real one
            resembles, or an `OAuthRules` (see there for both).
        refresh_revokes_access: Whether a refresh revokes the access token before it. The API's
            rule is unknown (spec section 2.4).
        require_merchant_login: Whether widget/init requires merchants/login before it, with the
            same token, as on the start page (newer pages do not; spec section 8, row 10).
        bare_redirection_url: Whether widget/init omits the two ids from `redirection_url`, as old
            answers may (spec section 4.4).
        conflicting_identifiers: How a purchase is opened whose account number, card and person do
            not belong together: by `"precedence"`, in that order, or `"refused"` with
            `wrong_inputs`. The API's rule is unknown (spec section 4.1).
        one_authorization_per_session: Whether a second authorization of one `widget_session_id` is
            refused with `not_permitted`, so that a shop's tests detect a payment that is made
            twice. The API's rule is unknown.
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
        on_request: Called with the record of every request just before its answer is sent, in the
            thread that serves.
    """

    client_id: str = field(default="sandbox-client", validator=text(100))
    client_secret: str = field(default="sandbox-client-secret", repr=masked, validator=text(100))
    merchant_username: str = field(default="sandbox-merchant", validator=text())
    merchant_password: str = field(
        default="sandbox-merchant-password", repr=masked, validator=text()
    )
    merchant_name: str = field(default="Sandbox Store", validator=text(130))
    merchant_id: str = field(
        default="100200",
        validator=setting(
            lambda value: isinstance(value, str) and bool(_MERCHANT_ID.fullmatch(value)),
            "1 to 10 digits, as a text",
        ),
    )
    scopes: frozenset[str] = field(default=frozenset(SCOPES), converter=_scopes)
    expires_in: int = field(default=1200, validator=whole(1, _YEAR))
    oauth: OAuthRules = field(default=PROFILES["documented"], converter=oauth_rules)
    refresh_revokes_access: bool = field(default=True, validator=switch)
    require_merchant_login: bool = field(default=False, validator=switch)
    bare_redirection_url: bool = field(default=False, validator=switch)
    conflicting_identifiers: Literal["precedence", "refused"] = field(
        default="precedence",
        validator=setting(
            lambda value: isinstance(value, str) and value in _CONFLICTS,
            f"one of: {', '.join(_CONFLICTS)}",
        ),
    )
    one_authorization_per_session: bool = field(default=False, validator=switch)
    plans: tuple[Plan, ...] = field(default=SEED_PLANS, converter=_plans)
    account_types: frozenset[str] = field(
        default=frozenset({"business", "consumer"}), converter=_account_types
    )
    external_location_ids: frozenset[str] | None = field(default=None, converter=_locations)
    pre_authorization: bool = field(default=True, validator=switch)
    merchant_override: bool = field(default=True, validator=switch)
    nonprime_regular_purchase: bool = field(default=True, validator=switch)
    standard_accounts: bool = field(default=True, validator=switch)
    allow_unknown_fields: bool = field(default=False, validator=switch)
    ascii_only: bool = field(default=False, validator=switch)
    latency: Mapping[str, float] = field(factory=dict[str, float], converter=_latency)
    clock: Callable[[], float] = field(default=time.time, repr=False, validator=callback())
    clock_offset: float = field(default=0.0, validator=_offset)
    control_token: str | None = field(default=None, repr=_masked_token, validator=_token)
    on_request: Callable[[RequestRecord], object] | None = field(
        default=None, repr=False, validator=callback(or_none=True)
    )

    def now(self) -> float:
        """Return the sandbox's time, in seconds since the epoch."""
        return self.clock() + self.clock_offset

    def advance(self, seconds: float) -> None:
        """Advance the sandbox's clock; tokens age accordingly."""
        self.clock_offset += seconds
