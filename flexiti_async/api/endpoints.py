"""
The endpoints' names in the API's words, for errors, logs and `api_versions`.

Where two endpoints share a path, or a path has numbers in it, the name tells them apart
(`authorization/by-id`). `docs/reference/endpoints.md` describes each; the HTTP methods of i18n are
here.
"""

import enum
from typing import Final, Literal

__all__ = ["NAMES", "I18nMethod", "I18nMethodWord"]

OAUTH_TOKEN: Final = "oauth/token"  # noqa: S105 - a path
MERCHANTS_LOGIN: Final = "merchants/login"
WIDGET_INIT: Final = "widget/init"
I18N: Final = "i18n"
TERMS_AND_CONDITIONS: Final = "terms-and-conditions"
INFORMATION: Final = "information"
DRIVERSLICENSE: Final = "customers/driverslicense"
CUSTOMERS_SEARCH: Final = "customers/search"
CUSTOMERS_LOOKUP: Final = "customers/lookup"
APPLY: Final = "apply"
VERIFY: Final = "verify"
CALCULATE_INTEREST: Final = "calculate-interest"
CLOSE: Final = "close"
TRANSACTIONS: Final = "transactions"
AUTHORIZATION: Final = "authorization"
RELEASE: Final = "authorization/release"
CAPTURE: Final = "authorization/capture"
RETURN: Final = "authorization/capture/return"
REFUND: Final = "refund"
AUTHORIZATIONS: Final = "authorizations"
AUTHORIZATION_BY_ID: Final = "authorization/by-id"
CAPTURES: Final = "captures"

NAMES: Final = frozenset(
    {
        OAUTH_TOKEN,
        MERCHANTS_LOGIN,
        WIDGET_INIT,
        I18N,
        TERMS_AND_CONDITIONS,
        INFORMATION,
        DRIVERSLICENSE,
        CUSTOMERS_SEARCH,
        CUSTOMERS_LOOKUP,
        APPLY,
        VERIFY,
        CALCULATE_INTEREST,
        CLOSE,
        TRANSACTIONS,
        AUTHORIZATION,
        RELEASE,
        CAPTURE,
        RETURN,
        REFUND,
        AUTHORIZATIONS,
        AUTHORIZATION_BY_ID,
        CAPTURES,
    }
)
"""Every endpoint of spec section 0."""


class I18nMethod(enum.StrEnum):
    """HTTP method of i18n, on which the portal's pages differ (spec section 8 row 15)."""

    POST = "post"
    """According to the list of scopes."""
    GET = "get"
    """According to the page of errors."""


I18nMethodWord = Literal["post", "get"]
"""An `I18nMethod` as text."""
