"""The state that the API keeps between requests."""

from attrs import define, field

from flexiti_async.sandbox.state.bank import Bank
from flexiti_async.sandbox.state.codes import Codes
from flexiti_async.sandbox.state.tokens import Ledger
from flexiti_async.sandbox.state.widget_sessions import Sessions
from flexiti_async.sandbox.wire.request import Json

__all__ = ["Backend"]


@define(eq=False)
class Backend:
    """
    The state behind the endpoints.

    Attributes:
        ledger: The tokens.
        bank: The accounts, and the movements of their credit.
        codes: The verification codes.
        sessions: The widget sessions.
        repeats: The successful POST transactions, by client id and idempotency key: the context
            hash of the request, and the answer.
    """

    ledger: Ledger = field(factory=Ledger)
    bank: Bank = field(factory=Bank)
    codes: Codes = field(factory=Codes)
    sessions: Sessions = field(factory=Sessions)
    repeats: dict[tuple[str, str], tuple[str, dict[str, Json]]] = field(
        factory=dict[tuple[str, str], tuple[str, dict[str, Json]]], repr=False
    )
