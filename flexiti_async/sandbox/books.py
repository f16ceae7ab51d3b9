"""Everything that the API remembers between two requests."""

from attrs import define, field

from flexiti_async.sandbox.state import Ledger

__all__ = ["Books"]


@define(eq=False)
class Books:
    """
    The state behind the endpoints.

    Attributes:
        ledger: The tokens.
    """

    ledger: Ledger = field(factory=Ledger)
