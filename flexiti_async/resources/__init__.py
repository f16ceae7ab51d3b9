"""
The API as groups of methods, `flexiti.authorizations.capture(...)`, to be found in an editor.

Each group is a thin cover: a method makes a call by a function of `flexiti_async.api` and sends it.
What the parameters mean stands with that function.
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
