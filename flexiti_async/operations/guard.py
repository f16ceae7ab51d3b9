"""Calls that `send` refuses: they need an idempotency key, or another token."""

from typing import Final

from flexiti_async.api.endpoints import CLOSE, INFORMATION, VERIFY, WIDGET_INIT
from flexiti_async.errors import ConfigError
from flexiti_async.protocol.call import BaseCall, OperationCall, Replay
from flexiti_async.protocol.token import Scope

__all__ = ["refuse_operation", "refuse_widget"]

_NOT_MONEY: Final = frozenset({CLOSE, INFORMATION, VERIFY})
"""Calls that must not be repeated automatically, and move no money."""


def refuse_operation(call: BaseCall[object]) -> None:
    """Raise ConfigError for a call that needs an idempotency key."""
    by_hand = call.method == "POST" and call.replay is Replay.NEVER
    if isinstance(call, OperationCall) or (by_hand and call.endpoint not in _NOT_MONEY):
        msg = (
            f"{call.endpoint} may move money: make it with "
            "flexiti.operations.run(call, idempotency_key=…), as an OperationCall"
        )
        raise ConfigError(msg, option="idempotency_key")


def refuse_widget(call: BaseCall[object]) -> None:
    """
    Raise ConfigError for a widget/init whose token must not reach a browser.

    Its answer is a URL with the token in it, so the token must have customer scope.
    """
    if call.endpoint == WIDGET_INIT and call.scope is not Scope.CUSTOMER:
        msg = (
            f"{WIDGET_INIT} puts its token into the customer's browser, so it is made with "
            f"customer scope only, not with {call.scope.value}"
        )
        raise ConfigError(msg)
