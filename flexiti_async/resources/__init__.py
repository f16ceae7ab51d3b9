"""
The API as groups of methods, `flexiti.authorizations.capture(...)`, for completion in an editor.

Each method builds a call with a function of `flexiti_async.api`, which documents the parameters,
and sends it. For another API version use that function:
`flexiti.send(capture(...).at_version("v2.5.1"))`.
"""

from flexiti_async.resources.accounts import Accounts
from flexiti_async.resources.applications import Applications
from flexiti_async.resources.authorizations import Authorizations
from flexiti_async.resources.customers import Customers
from flexiti_async.resources.reference import Reference
from flexiti_async.resources.sending import Send
from flexiti_async.resources.transactions import Transactions

__all__ = [
    "Accounts",
    "Applications",
    "Authorizations",
    "Customers",
    "Reference",
    "Send",
    "Transactions",
]
