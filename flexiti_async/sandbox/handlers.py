"""Which function answers which endpoint."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from flexiti_async.sandbox.endpoints import (
    accounts,
    applications,
    authorizations,
    captures,
    closing,
    customers,
    driverslicense,
    lists,
    merchants,
    oauth,
    plans,
    reference,
    returns,
    transactions,
    widget,
)
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.backend import Books
from flexiti_async.sandbox.wire.request import Incoming, Json

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
        "customers/driverslicense": driverslicense.driverslicense,
        "customers/search": customers.search,
        "customers/lookup": customers.lookup,
        "apply": applications.apply,
        "account/verify": accounts.verify,
        "accounts/calculate-interest": plans.calculate_interest,
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
