"""Which function answers which endpoint."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from flexiti_async.sandbox import (
    applications,
    authorizations,
    captures,
    closing,
    customers,
    interest,
    licence,
    lists,
    merchants,
    oauth,
    reference,
    returns,
    transactions,
    verification,
    widget,
)
from flexiti_async.sandbox.books import Books
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.wire import Incoming, Json

__all__ = ["HANDLERS", "Handler"]

Handler: TypeAlias = Callable[[Incoming, Settings, Books], Json]
"""Answers a request or raises `RefusalError`. It never waits, so no other runs in between."""

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "oauth/token": oauth.answer,
        "merchants/login": merchants.answer,
        "widget/init": widget.answer,
        "i18n": reference.i18n,
        "terms-and-conditions": reference.terms_and_conditions,
        "information": reference.information,
        "customers/driverslicense": licence.driverslicense,
        "customers/search": customers.search,
        "customers/lookup": customers.lookup,
        "apply": applications.apply,
        "account/verify": verification.verify,
        "accounts/calculate-interest": interest.calculate_interest,
        "accounts/close": closing.close,
        "transactions": transactions.transact,
        "authorization": authorizations.create,
        "authorization/release": captures.release,
        "authorization/capture": captures.capture,
        "authorization/return": returns.give_back,
        "accounts/refund": returns.refund,
        "authorizations": lists.authorizations,
        "authorization/by-id": lists.authorization_by_id,
        "captures": lists.captures,
    }
)
"""Endpoint name to its handler: a row for each of `ENDPOINTS`."""
