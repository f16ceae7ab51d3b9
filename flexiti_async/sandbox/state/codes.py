"""PINs and verification codes, the messages that contain them, and wrong attempts."""

import secrets
from collections import defaultdict, deque
from typing import Literal

from attrs import define, field, frozen

from flexiti_async.sandbox.state.tokens import HISTORY

__all__ = ["APPLY_PIN", "Codes", "Message", "Verification", "draw_code"]

APPLY_PIN = "2222"
"""The PIN of every application in Training and MI (spec section 7.6)."""

_WINDOW = 48 * 3600.0  # seconds in which wrong answers count (spec section 6.3, tries_exceed)
_MOST_WRONG = 3


@frozen
class Message:
    """
    A message that Flexiti would have sent to a customer.

    Attributes:
        account_number: The customer's account.
        channel: `sms` or `email`.
        code: The PIN or the verification code, four digits.
        widget_session_id: The widget session that requested it; None for `verify`.
    """

    account_number: int
    channel: Literal["sms", "email"]
    code: str = field(repr=False)
    widget_session_id: str | None = None


@frozen
class Verification:
    """
    A code that `verify` issued.

    Attributes:
        code: Four digits.
        format: The requested `format`.
    """

    code: str = field(repr=False)
    format: str


@define(eq=False)
class Codes:
    """
    The codes of `verify`, by account and request id. Each can be used once.

    Attributes:
        sent: The last messages, the oldest first.
    """

    sent: deque[Message] = field(factory=lambda: deque[Message](maxlen=HISTORY), repr=False)
    _issued: dict[tuple[int, str], Verification] = field(
        factory=dict[tuple[int, str], Verification], repr=False
    )
    _wrong: defaultdict[int, deque[float]] = field(
        factory=lambda: defaultdict[int, deque[float]](deque), repr=False
    )

    def issue(self, account_number: int, request_id: str, how: str) -> str:
        """Issue a code for an in-store request; it replaces an earlier one for the same request."""
        verification = Verification(draw_code(), how)
        self._issued[account_number, request_id] = verification
        return verification.code

    def find(self, account_number: int, request_id: str) -> Verification | None:
        """Find the unused code of a request."""
        return self._issued.get((account_number, request_id))

    def use(self, account_number: int, request_id: str) -> None:
        """Mark the code of a request as used."""
        self._issued.pop((account_number, request_id), None)

    def note_wrong(self, account_number: int, now: float) -> None:
        """Count a wrong answer or code."""
        self._wrong[account_number].append(now)

    def exhausted(self, account_number: int, now: float) -> bool:
        """Whether the last 48 hours had more than three wrong answers or codes."""
        tries = self._wrong[account_number]
        while tries and now - tries[0] >= _WINDOW:
            tries.popleft()
        return len(tries) > _MOST_WRONG


def draw_code() -> str:
    """Draw four digits; a number would drop a leading zero (spec section 8, row 34)."""
    return str(1000 + secrets.randbelow(9000))
