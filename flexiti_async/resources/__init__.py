"""
The API as groups of methods, `flexiti.authorizations.capture(...)`, to be found in an editor.

Each group is a thin cover: its methods make the call by the function of `flexiti_async.api` that
has the same name, and send it. What the parameters mean and which errors come stands there.
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
