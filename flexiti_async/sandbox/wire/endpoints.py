"""The endpoint index of spec section 0 as data: paths, version segments, methods and scopes."""

from collections.abc import Iterable
from types import MappingProxyType

from attrs import frozen

from flexiti_async.sandbox.wire.suggestion import suggestion

__all__ = ["BASE_PATH", "ENDPOINTS", "UNKNOWN_ENDPOINT", "Endpoint", "check_endpoint_names"]

BASE_PATH = "/flexiti/pos-api"
"""The path of the API base URL (spec section 1.1)."""

UNKNOWN_ENDPOINT = "unknown"
"""The endpoint name under which a request to any other path is recorded."""

_OLD = ("v2.5",)
_NEW = ("v2.5.1",)
# Also where the spec has no segment (rows 4, 5, 6, 10, 16 to 19): both are served.
_BOTH = ("v2.5", "v2.5.1")
_ACCOUNT = "accounts/{account_number}"
_AUTHORIZATION = "authorization/{authorization_id}"


@frozen
class Endpoint:
    """
    One row of the index.

    Attributes:
        paths: Its paths, below the client id.
        versions: The version segments under which it is served.
        methods: The HTTP methods that it accepts.
        customer: Whether it accepts tokens of scope `customer` (spec section 2.3). Tokens of scope
            `merchant` are accepted everywhere.
        under_client: Whether its paths are below `client-id/{client_id}`.
    """

    paths: tuple[str, ...]
    versions: tuple[str, ...] = _OLD
    methods: tuple[str, ...] = ("POST",)
    customer: bool = False
    under_client: bool = True

    def routes(self) -> list[tuple[str, str]]:
        """Return each version with each full path under it."""
        below = "client-id/{client_id}/" if self.under_client else ""
        return [
            (version, f"{BASE_PATH}/{version}/{below}{path}")
            for version in self.versions
            for path in self.paths
        ]


ENDPOINTS = MappingProxyType(
    {
        "oauth/token": Endpoint(("oauth/token",), under_client=False),
        # Older scope lists have merchants/login and information, the newest does not.
        "merchants/login": Endpoint(("merchants/login",), customer=True),
        "widget/init": Endpoint(("widget/init",), customer=True),
        # POST in the scope list, GET in the error page (spec section 8, row 15).
        "i18n": Endpoint(("i18n", "i18n/{key}"), _BOTH, ("GET", "POST"), customer=True),
        "terms-and-conditions": Endpoint(("terms-and-conditions",), _BOTH, ("GET",), customer=True),
        "information": Endpoint(("information",), _BOTH, customer=True),
        "customers/driverslicense": Endpoint(("customers/driverslicense",), customer=True),
        "customers/search": Endpoint(("customers/search",), methods=("GET",)),
        "customers/lookup": Endpoint(("customers/lookup",), methods=("GET",)),
        "apply": Endpoint(("apply",), _BOTH, customer=True),
        "verify": Endpoint(("account/{account_number}/verify",), customer=True),
        "calculate-interest": Endpoint((f"{_ACCOUNT}/calculate-interest",), _BOTH, customer=True),
        "close": Endpoint((f"{_ACCOUNT}/close",), customer=True),
        "transactions": Endpoint(("transactions",), _BOTH),
        "authorization": Endpoint(("authorization",), _BOTH, customer=True),
        "authorization/release": Endpoint((f"{_AUTHORIZATION}/release",), _BOTH),
        "authorization/capture": Endpoint((f"{_AUTHORIZATION}/capture",), _BOTH),
        "authorization/capture/return": Endpoint(
            (f"{_AUTHORIZATION}/capture/{{capture_id}}/return",), _BOTH
        ),
        "refund": Endpoint((f"{_ACCOUNT}/refund",), _BOTH),
        "authorizations": Endpoint(("authorizations",), _NEW, ("GET",)),
        "authorization/by-id": Endpoint((_AUTHORIZATION,), _NEW, ("GET",)),
        "captures": Endpoint(("captures",), _NEW, ("GET",)),
    }
)
"""The endpoints by name. Names are those of the client's errors, events and `api_versions`."""


def check_endpoint_names(names: Iterable[str]) -> None:
    """
    Check endpoint names: a misspelt one would match no request.

    Raises:
        ValueError: A name is neither in `ENDPOINTS` nor `UNKNOWN_ENDPOINT`.
    """
    known = (*ENDPOINTS, UNKNOWN_ENDPOINT)
    for name in names:
        if name not in known:
            msg = f"no endpoint is called {name!r}: {suggestion(name, known)}"
            raise ValueError(msg)
