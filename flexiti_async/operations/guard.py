"""Calls that `send` refuses: they need an idempotency key, or another token."""

from typing import Final

from flexiti_async.api.endpoints import CLOSE, INFORMATION, VERIFY
from flexiti_async.errors import ConfigError
from flexiti_async.protocol.arguments import wrong_type
from flexiti_async.protocol.call import BaseCall, OperationCall, Replay

__all__ = ["refuse_operation"]

_NOT_MONEY: Final = frozenset({CLOSE, INFORMATION, VERIFY})
"""Calls that must not be repeated automatically, and move no money."""


def refuse_operation(call: BaseCall[object]) -> None:
    """
    Raise ConfigError for a call that needs an idempotency key.

    Raises:
        ValidationError: It is no call.
    """
    problem = wrong_type("call", call, BaseCall)
    if problem is not None:
        raise problem
    by_hand = call.method == "POST" and call.replay is Replay.NEVER
    if isinstance(call, OperationCall) or (by_hand and call.endpoint not in _NOT_MONEY):
        msg = (
            f"{call.endpoint} may move money: make it with "
            "flexiti.operations.run(call, idempotency_key=…), as an OperationCall"
        )
        raise ConfigError(msg, option="idempotency_key")
