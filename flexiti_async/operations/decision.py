"""What an operation does next, as one pure function of the record that was found."""

from typing import Final

from attrs import frozen

from flexiti_async.operations.fingerprint import is_same
from flexiti_async.operations.record import OperationRecord, Phase

__all__ = ["Mismatch", "ReturnRecorded", "TakeClaim", "Unknown", "Wait", "decide"]

_RESEND_WITHIN: Final = 3600.0
"""Seconds for which a call with a key of the API's own is sent again; for how long the API
remembers a key is UNKNOWN (spec section 1.3)."""


@frozen
class TakeClaim:
    """Swap in a claim, in place of the record that was found, and send the call."""


@frozen
class Wait:
    """
    Another caller is making the call: wait for its outcome.

    Attributes:
        seconds: Seconds until its deadline.
    """

    seconds: float


@frozen
class ReturnRecorded:
    """Return the recorded answer; nothing is sent."""


@frozen
class Unknown:
    """Nobody will learn the outcome by waiting: raise OutcomeUnknown, whatever was asked."""


@frozen
class Mismatch:
    """The key names another operation."""


Next = TakeClaim | Wait | ReturnRecorded | Unknown | Mismatch


def decide(
    found: OperationRecord | None,
    fields: dict[str, object],
    *,
    elapsed: float,
    resendable: bool = False,
) -> Next:
    """
    Decide what a caller does.

    Args:
        found: The record; None if there is none.
        fields: The compared fields of the call.
        elapsed: Seconds since the claim, by the clock that shows the most.
        resendable: The API itself remembers the key, so a repeat cannot run twice.
    """
    if found is None or found.phase is Phase.FREE:
        return TakeClaim()
    same = is_same(found.fingerprint, fields, found.salt)
    if found.phase is Phase.DONE:
        return ReturnRecorded() if same else Mismatch()
    left = found.deadline - elapsed
    if left <= 0 or found.inconclusive is not None:
        again = resendable and same and elapsed < _RESEND_WITHIN
        return TakeClaim() if again else Unknown()
    return Wait(left) if same else Mismatch()
