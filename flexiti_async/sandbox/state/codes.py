"""PINs and verification codes, the messages that carry them, and how often a guess was wrong."""

import secrets
from collections import defaultdict, deque
from typing import Literal

from attrs import define, field, frozen

from flexiti_async.sandbox.state.tokens import HISTORY

__all__ = ["APPLY_PIN", "Codes", "Message", "Verification", "draw_code"]

APPLY_PIN = "2222"
"""The PIN of every application in Training and MI (spec section 7.6)."""

_WINDOW = 48 * 3600.0  # seconds in which wrong answers count (spec section 6.3, tries_exceed)
_TRIES = 3


@frozen
class Message:
    """
    What the sandbox would have sent to a customer.

    Attributes:
        account_number: Whose it is.
        channel: `sms` or `email`.
        code: The PIN or the verification code in it, four digits.
        widget_session_id: The widget session that asked for it; None for account/verify.
    """

    account_number: int
    channel: Literal["sms", "email"]
    code: str = field(repr=False)
    widget_session_id: str | None = None


@frozen
class Verification:
    """
    A code that account/verify gave out.

    Attributes:
        code: Four digits.
        format: The `format` that was asked for.
    """

    code: str = field(repr=False)
    format: str


@define(eq=False)
class Codes:
    """
    The codes of account/verify, by account and request id. Each is good once.

    Attributes:
        sent: The messages, the oldest first.
    """

    sent: deque[Message] = field(factory=lambda: deque[Message](maxlen=HISTORY), repr=False)
    _given: dict[tuple[int, str], Verification] = field(
        factory=dict[tuple[int, str], Verification], repr=False
    )
    _wrong: defaultdict[int, deque[float]] = field(
        factory=lambda: defaultdict[int, deque[float]](deque), repr=False
    )

    def give(self, account_number: int, request_id: str, how: str) -> str:
        """Make a code for an in-store request; it replaces an earlier one for the same."""
        verification = Verification(draw_code(), how)
        self._given[account_number, request_id] = verification
        return verification.code

    def find(self, account_number: int, request_id: str) -> Verification | None:
        """Find the code that was given for a request and not used yet."""
        return self._given.get((account_number, request_id))

    def use(self, account_number: int, request_id: str) -> None:
        """Use the code of a request up."""
        self._given.pop((account_number, request_id), None)

    def note_wrong(self, account_number: int, now: float) -> None:
        """Count a wrong answer or code."""
        self._wrong[account_number].append(now)

    def exhausted(self, account_number: int, now: float) -> bool:
        """Tell whether three were wrong in the last 48 hours."""
        tries = self._wrong[account_number]
        while tries and now - tries[0] >= _WINDOW:
            tries.popleft()
        return len(tries) >= _TRIES


def draw_code() -> str:
    """Draw four digits, the first no zero: as a number it would get lost (spec 8, row 34)."""
    return str(1000 + secrets.randbelow(9000))
