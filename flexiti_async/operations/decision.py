"""The next step of an operation, as a pure function of the record that was found."""

from typing import Final

from attrs import frozen

from flexiti_async.operations.fingerprint import fingerprint_of, is_same
from flexiti_async.operations.record import OperationRecord, Phase

__all__ = [
    "Mismatch",
    "ReturnRecorded",
    "Supersede",
    "TakeClaim",
    "Unknown",
    "Wait",
    "decide",
    "supersede",
]

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
    since_first: float = 0.0,
    resendable: bool = False,
) -> Next:
    """
    Decide what a caller does.

    Args:
        found: The record; None without one.
        fields: The compared fields of the call.
        elapsed: Seconds since the claim, by the clock that shows the most.
        since_first: The same for the first of several claims of one call that was sent again.
        resendable: The API itself remembers the key, so a repeat cannot run twice.
    """
    if found is None or found.phase is Phase.FREE:
        return TakeClaim()
    same = is_same(found.fingerprint, fields, found.salt)
    if found.phase is Phase.DONE:
        return ReturnRecorded() if same else Mismatch()
    left = found.deadline - elapsed
    if left <= 0 or found.inconclusive is not None:
        # Only what is certainly the same is sent again: another algorithm cannot compare.
        again = resendable and found.fingerprint == fingerprint_of(fields, found.salt)
        return TakeClaim() if again and since_first < _RESEND_WITHIN else Unknown()
    return Wait(left) if same else Mismatch()


@frozen
class Supersede:
    """
    The fate of a record that another writer has stored over a claim.

    Attributes:
        write: The outcome of the claim replaces it.
        conflict: The state that the journal had recorded, if the API's answer contradicts it.
    """

    write: bool
    conflict: str | None = None


def supersede(outcome: OperationRecord, stored: OperationRecord | None) -> Supersede:
    """
    Decide whether the outcome of a claim replaces what was stored over it meanwhile.

    A true answer outranks everything but another true answer; a refusal replaces nothing but its
    own claim.

    Args:
        outcome: The outcome, done or free.
        stored: The record; None without one.
    """
    own = stored is not None and stored.salt == outcome.salt
    if stored is not None and own and stored.phase is Phase.PENDING:
        return Supersede(write=True)  # written anew under another key of the ring
    if outcome.phase is not Phase.DONE:
        return Supersede(write=False)
    if stored is None:
        return Supersede(write=True, conflict="absent")
    if stored.phase is not Phase.DONE:
        return Supersede(write=True, conflict=stored.phase.value)
    if own and stored.resolved_by is None:
        return Supersede(write=False)  # written by this process, which did not know
    entered = stored.resolved_by is not None
    numbers = ("authorization_id", "capture_id")
    agrees = all(getattr(stored, name) in {None, getattr(outcome, name)} for name in numbers)
    return Supersede(write=entered, conflict=None if entered and agrees else stored.phase.value)
