"""Log events with the standard library's logging."""

import functools
import logging
from typing import Final

from flexiti_async.events.types import (
    AccessTokenRejected,
    CallFinished,
    CallRetried,
    ClockSkewed,
    Event,
    JournalLost,
    OddField,
    OperationConflict,
    OperationEvent,
    OperationRefused,
    OperationReplayed,
    OperationResolved,
    OperationUnknown,
    ReusePrevented,
    StoreDegraded,
    StoreRejoined,
    TokenAdopted,
    TokenFailed,
    TokenIssued,
    TokenRefreshed,
)

__all__ = ["log_event", "logs_calls"]

_calls: Final = logging.getLogger("flexiti_async.call")
_tokens: Final = logging.getLogger("flexiti_async.token")
_operations: Final = logging.getLogger("flexiti_async.operation")


logs_calls: Final = functools.partial(_calls.isEnabledFor, logging.DEBUG)
"""Returns whether every call is logged."""


def log_event(event: Event) -> None:
    """
    Log an event as one line, if it has one.

    | level | events |
    |---|---|
    | critical | an answer of the API that contradicts the journal |
    | error | operations whose outcome is unknown, a journal that may have lost records |
    | warning | failures, rejected tokens, outages, wrong clocks, retries, odd fields of answers |
    | info | issued and adopted tokens, the end of an outage |
    | debug | the end of each call, in the logger `flexiti_async.call` |
    """
    match event:
        case CallFinished():
            _log_call(event)
        case CallRetried():
            _calls.warning(
                "%s: attempt %d failed, retrying in %.3g s: %s",
                event.endpoint,
                event.attempt,
                event.seconds,
                event.error,
            )
        case OddField(endpoint=endpoint, problem=problem, reference_id=name):
            _calls.warning(
                "%s: a field of the answer cannot be read, `extra` has it: %s (reference id %s)",
                endpoint,
                problem,
                name,
            )
        case OperationEvent():
            _log_operation(event)
        case JournalLost(error=error):
            _operations.error("operations without a record are refused: %s", error)
        case ClockSkewed(seconds=seconds):
            _tokens.warning(
                "this machine's clock is %.0f s %s the API's: synchronize it",
                abs(seconds),
                "ahead of" if seconds > 0 else "behind",
            )
        case _:
            _log_token(event)


def _log_call(event: CallFinished) -> None:
    _calls.debug(
        "%s: %s in %.4g s (attempts: %d, reference id %s)",
        event.endpoint,
        event.outcome,
        event.seconds,
        event.attempts,
        event.reference_id,
    )


def _log_operation(event: OperationEvent) -> None:
    level, text = logging.INFO, "done"
    match event:
        case OperationUnknown(error=error):
            why = error.args[0] if error else "it was cancelled after it was sent"
            level, text = logging.ERROR, f"outcome unknown: {why}"
        case OperationConflict(recorded=recorded):
            level, text = logging.CRITICAL, f"it ran, but the journal had recorded {recorded}"
        case OperationRefused(error=error):
            text = f"did not run: {error}"
        case OperationReplayed():
            text = "the recorded answer was returned"
        case OperationResolved(executed=executed, by=by):
            text = f"resolved by {by}: {'it ran' if executed else 'it did not run'}"
        case _:
            pass
    _operations.log(
        level,
        "operation %s (%s:%s), reference id %s: %s",
        event.operation_id,
        event.kind,
        event.idempotency_key,
        event.reference_id,
        text,
    )


def _log_token(event: Event) -> None:
    match event:
        case TokenIssued():
            _tokens.info(
                "token %s issued: scope %s, grant %s, %g s, reference id %s",
                event.token_id[:8],
                event.scope.value,
                "refresh_token" if isinstance(event, TokenRefreshed) else "client_credentials",
                event.lifetime,
                event.reference_id,
            )
        case TokenAdopted(token_id=name, remaining=remaining):
            _tokens.info("token %s adopted: %.4g s left", name[:8], remaining)
        case AccessTokenRejected(token_id=name, age=age):
            _tokens.warning(
                "token %s rejected by the API %.4g s after it was requested", name[:8], age
            )
        case ReusePrevented(token_id=name, reason="refresh_token"):
            _tokens.warning(
                "refresh token of %s rejected, falling back to client_credentials", name[:8]
            )
        case TokenFailed(error=error, back_off=pause):
            _tokens.warning(
                "could not obtain a token, next attempt in %.3g s at the earliest: %s", pause, error
            )
        case StoreDegraded(error=error):
            _tokens.warning("token store unavailable: using unshared tokens: %s", error)
        case StoreRejoined(seconds=seconds):
            _tokens.info("token store available again after %.4g s: tokens are shared", seconds)
        case _:
            pass
