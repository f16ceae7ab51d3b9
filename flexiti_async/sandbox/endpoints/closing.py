"""POST accounts/close (spec section 5.10)."""

from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.backend import Books
from flexiti_async.sandbox.validation.fields import of_body
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.wire.errors import RefusalError
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["close"]


def close(incoming: Incoming, settings: Settings, books: Books) -> Json:
    """
    Close an account in Quebec. An account elsewhere, and a closed one, is a 403.

    Which of the spec's two errors is for what is the sandbox's own choice, and so is the reason
    code of an account that its owner closed, `FCCS`.
    """
    authorize(incoming, settings, books.ledger)
    of_body(incoming, settings, optional=True).check()
    account = books.bank.accounts.in_path(incoming.path_values["account_number"])
    if account.province != "QC":
        raise RefusalError(403, "not_permitted", "Only accounts in Quebec can be closed.")
    if account.account_status == "C":
        raise RefusalError(403, "not_permitted", "The account is closed already.")
    account.account_status = "C"
    account.account_status_reason_code = "FCCS"
    return {}
