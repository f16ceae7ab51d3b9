"""How the sandbox's token service behaves where the specification has two readings or none."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from attrs import field, frozen

from flexiti_async.sandbox.arguments import setting, switch, wrong

__all__ = ["PROFILES", "OAuthProfile", "OAuthRules", "oauth_rules"]

OAuthProfile: TypeAlias = Literal["documented", "oauth2-server"]
"""
The portal's tables, or the npm package that the real token service resembles (spec section 9).

| | `documented` | `oauth2-server` |
|---|---|---|
| refresh token that is late, unknown or spent | 400 `invalid_request` | 400 `invalid_grant` |
| spent refresh token | also revokes its successors | is only refused |
| refresh without `scope` | asks for the default, `merchant` | as granted |
| no bearer token | 401 `invalid_token` | 401 `unauthorized_request` |
| malformed bearer, also `bearer` in lower case | 401 `invalid_token` | 400 `invalid_request` |
| HTTP Basic | ignored | accepted beside the form |
| errors of oauth/token | `message` | and `error_description` |
"""


@frozen(kw_only=True)
class OAuthRules:
    """
    The rules of one token service.

    Attributes:
        errors: Whose error codes it has: the portal's, or those of the npm package.
        basic: Whether it accepts client id and secret as HTTP Basic, too (spec section 8, row 7).
        any_case_bearer: Whether calls may carry `bearer` in lower case (RFC 9110 section 11.1).
        refresh_keeps_scope: Whether a refresh without `scope` is granted that of its token (RFC
            6749 section 6). If not, it asks for the API's default, `merchant` (spec section 2.4).
        replay_revokes: Whether a refresh token that is sent again revokes all its successors.
    """

    errors: OAuthProfile = field(
        default="documented",
        validator=setting(
            lambda value: isinstance(value, str) and value in {"documented", "oauth2-server"},
            "one of: documented, oauth2-server",
        ),
    )
    basic: bool = field(default=False, validator=switch)
    any_case_bearer: bool = field(default=False, validator=switch)
    refresh_keeps_scope: bool = field(default=False, validator=switch)
    replay_revokes: bool = field(default=True, validator=switch)

    @property
    def as_package(self) -> bool:
        """Whether it answers as the npm package does."""
        return self.errors == "oauth2-server"


PROFILES: Mapping[OAuthProfile, OAuthRules] = MappingProxyType(
    {
        "documented": OAuthRules(),
        "oauth2-server": OAuthRules(
            errors="oauth2-server", basic=True, refresh_keeps_scope=True, replay_revokes=False
        ),
    }
)
"""The rules of each profile."""


def oauth_rules(value: "OAuthProfile | OAuthRules") -> OAuthRules:
    """Return the rules of a profile, or rules as they are."""
    if isinstance(value, OAuthRules):
        return value
    found = PROFILES.get(value) if _is_text(value) else None
    if found is None:
        raise wrong("oauth", f"one of: {', '.join(PROFILES)}, or an OAuthRules")
    return found


def _is_text(value: object) -> bool:
    """Whether it may be looked up: callers without a type checker may pass anything."""
    return isinstance(value, str)
