"""Which function answers which endpoint."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from flexiti_async.sandbox import merchants, oauth, widget
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
    }
)
"""Endpoint name to its handler: a row for each of `ENDPOINTS`."""
