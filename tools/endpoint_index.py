"""
Every endpoint of the API and the call for it: the table of the docs, as data.

Which of them are verified is read from `tools/verification.json`, if there is one: a report of
`flexiti-async verify` from one of Flexiti's test environments.

`python tools/endpoint_index.py` prints the table in Markdown. Name, method, path, scope, version
and replay come from an example call, so they are always up to date.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen
from spec_links import links

from flexiti_async.api import (
    OnlinePurchase,
    PurchaseType,
    PurchaseWidget,
    TransactionRequest,
    apply,
    authorize,
    calculate_interest,
    capture,
    close,
    get_authorization,
    i18n,
    information,
    init_widget,
    list_authorizations,
    list_captures,
    lookup,
    make_transaction,
    merchants_login,
    read_driverslicense,
    refund,
    release,
    return_capture,
    search,
    terms_and_conditions,
    verify,
)
from flexiti_async.api.endpoints import OAUTH_TOKEN
from flexiti_async.protocol.call import BaseCall

__all__ = ["ENDPOINTS", "Endpoint", "markdown", "report", "statement"]

REPORT: Final = Path(__file__).with_name("verification.json")
TEST_ENVIRONMENTS: Final = ("training", "merchant_integration")


@frozen
class Endpoint:
    """
    One row of the API's index (spec section 0).

    Attributes:
        row: Its number there.
        name: Its name in errors and in `FlexitiConfig.api_versions`.
        function: The function of `flexiti_async.api` that builds its call; empty for oauth/token.
        at: Its method of `FlexitiSession`.
        section: Its section of the specification.
        sample: The request that the tests compare with, written from the specification.
        call: An example call; None for oauth/token.
        note: Facts beyond the call.
    """

    row: int
    name: str
    function: str
    at: str
    section: str
    sample: str
    call: BaseCall[object] | None
    note: str = ""


def _of(
    row: int,
    section: str,
    function: Callable[..., BaseCall[object]],
    at: str,
    sample: str,
    *,
    call: BaseCall[object],
    note: str = "",
) -> Endpoint:
    return Endpoint(row, call.endpoint, function.__name__, at, section, sample, call, note)


_WIDGET: Final = PurchaseWidget(account_number=1)
_PURCHASE: Final = OnlinePurchase(
    account_number=1,
    amount=1,
    transaction_type=PurchaseType.REGULAR,
    auto_capture=False,
    widget_session_id="w",
)
_PAYMENT: Final = TransactionRequest(
    transaction_type="deposit", amount=1, verification_code=1234, account_number=1
)

ENDPOINTS: Final[Sequence[Endpoint]] = (
    Endpoint(1, OAUTH_TOKEN, "", "token", "2", "", None, "v2.5; refreshed by the session"),
    _of(
        *(2, "3", merchants_login, "send", "merchants_login"),
        call=merchants_login(),
        note="deprecated by the API",
    ),
    _of(3, "4", init_widget, "init_widget", "widget_init", call=init_widget(_WIDGET)),
    _of(
        *(4, "5.1", i18n, "reference.form_values", "i18n"),
        call=i18n(),
        note="POST or GET; version inferred; cached",
    ),
    _of(
        *(5, "5.2", terms_and_conditions, "reference.terms", "terms_and_conditions"),
        call=terms_and_conditions(),
        note="version inferred; cached",
    ),
    _of(
        *(6, "5.3", information, "reference.information", "information"),
        call=information(),
        note="version inferred",
    ),
    _of(
        *(7, "5.4", read_driverslicense, "customers.read_driverslicense", "driverslicense"),
        call=read_driverslicense("@"),
    ),
    _of(
        *(8, "5.6", search, "customers.search", "customers_search"),
        call=search(first_name="A", last_name="B", dob="2000-01-01"),
    ),
    _of(
        *(9, "5.7", lookup, "customers.lookup", "customers_lookup"),
        call=lookup(account_number=1),
    ),
    _of(
        *(10, "5.5", apply, "applications.apply", "application"),
        call=apply({}),
        note="version inferred",
    ),
    _of(
        *(11, "5.8", verify, "accounts.verify", "verify"),
        call=verify(1, request_id="r"),
        note="in store only",
    ),
    _of(
        *(12, "5.9", calculate_interest, "accounts.plans", "calculate_interest"),
        call=calculate_interest(1, 1),
        note="v2.5 is deprecated, and read as well",
    ),
    _of(13, "5.10", close, "accounts.close", "close", call=close(1), note="Quebec only"),
    _of(
        *(14, "5.11", make_transaction, "transactions.make", "transactions"),
        call=make_transaction(_PAYMENT),
        note="safe to repeat with a payment_id",
    ),
    _of(
        *(15, "5.12", authorize, "authorizations.authorize", "authorization_online"),
        call=authorize(_PURCHASE),
        note="in store with scope merchant",
    ),
    _of(
        *(16, "5.12", release, "authorizations.release", "release"),
        call=release(1),
        note="version inferred; the API's word for void",
    ),
    _of(
        *(17, "5.12", capture, "authorizations.capture", "capture"),
        call=capture(1, 1),
        note="version inferred",
    ),
    _of(
        *(18, "5.12", return_capture, "authorizations.return_", "return"),
        call=return_capture(1, 1, amount=1),
        note="version inferred",
    ),
    _of(
        *(19, "5.13", refund, "authorizations.refund", "refund"),
        call=refund(1, 1),
        note="version inferred",
    ),
    _of(
        *(20, "5.12", list_authorizations, "authorizations.all", "authorizations"),
        call=list_authorizations(),
    ),
    _of(
        *(21, "5.12", get_authorization, "authorizations.get", "authorization_by_id"),
        call=get_authorization(1),
    ),
    _of(
        *(22, "5.12", list_captures, "authorizations.captures", "captures"),
        call=list_captures(),
    ),
)
"""In the order of spec section 0."""

_HEAD: Final = (
    *("#", "endpoint", "known", "request", "call", "session"),
    *("scope", "replay", "spec", "tested", "note"),
)


def report(file: Path = REPORT) -> Mapping[str, str]:
    """
    Return the verified endpoints of a report, each with how it is known; empty without a report.

    Raises:
        ValueError: It is of another API than one of Flexiti's test environments.
    """
    if not file.exists():
        return {}
    data = json.loads(file.read_text(encoding="utf-8"))
    if data["api"] not in TEST_ENVIRONMENTS:
        expected = " or ".join(TEST_ENVIRONMENTS)
        msg = f"a report of {data['api']} verifies nothing: run verify against {expected}"
        raise ValueError(msg)
    return {
        name: f"**verified** at {version}, {data['day']}, {data['api']}"
        for name, version in data["verified"].items()
    }


def statement(verified: Mapping[str, str]) -> str:
    """Say how many endpoints are verified."""
    if not verified:
        return "So far no call has been verified against Flexiti itself."
    return f"{len(verified)} of {len(ENDPOINTS)} endpoints have been verified against Flexiti."


def markdown(verified: Mapping[str, str] | None = None) -> str:
    """Return the table of endpoints in Markdown; by default with what the report verifies."""
    known = report() if verified is None else verified
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_cells(each, known) for each in ENDPOINTS)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cells(endpoint: Endpoint, verified: Mapping[str, str]) -> tuple[str, ...]:
    call = endpoint.call
    known = "inferred" if "inferred" in endpoint.note else "documented"
    return (
        str(endpoint.row),
        f"`{endpoint.name}`",
        verified.get(endpoint.name, known),
        f"{call.method} `{call.version}/{call.path}`" if call else f"POST `v2.5/{OAUTH_TOKEN}`",
        f"`{endpoint.function}`" if endpoint.function else "",
        f"`.{endpoint.at}()`",
        call.scope.value if call else "",
        call.replay.value if call else "",
        links(endpoint.section),
        f"`{endpoint.sample}.json`" if endpoint.sample else "",
        endpoint.note,
    )


if __name__ == "__main__":
    sys.stdout.write(markdown())
