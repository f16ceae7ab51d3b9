"""
Whether an entry of one of Flexiti's lists is the operation that is looked for. Pure.

The fields of an entry are UNKNOWN (spec section 5.12): they are read under the names of the
requests, and a missing one means that nothing can be said. Wherever two mistakes are possible, the
one that would free the key, and move the money again, is avoided.
"""

import datetime
import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, cast

from attrs import frozen

from flexiti_async.api.payment_fields import amount_in

__all__ = ["Match", "Wanted", "compare", "why_not_told"]

_NESTS: Final = ("authorization", "capture", "data", "result")
_CLOCKS_DIFFER: Final = 120.0
"""Seconds by which Flexiti's clock and the shop's may differ."""


@frozen
class Wanted:
    """
    The operation that is looked for.

    Attributes:
        reference: The `reference` that was sent.
        amount: Dollars.
        began: Seconds since the epoch at the claim.
        amounts: Names that an entry may have for its amount.
    """

    reference: str
    amount: Decimal
    began: float
    amounts: tuple[str, ...]


class Match(enum.Enum):
    """Result of comparing an entry with the operation."""

    SAME = enum.auto()
    OTHER = enum.auto()
    """It has another reference, or none."""
    ANOTHER_AMOUNT = enum.auto()
    """It has the reference and another amount, which may be its rest."""
    EARLIER = enum.auto()
    """It is dated before the operation began."""
    UNREADABLE = enum.auto()
    """It has no reference, or no amount, that can be read."""


_WHY: Final[Mapping[Match, str]] = {
    Match.ANOTHER_AMOUNT: "has its reference and another amount",
    Match.EARLIER: "has its reference and amount, but was made before it",
    Match.UNREADABLE: "has no readable reference and amount",
}


def compare(entry: Mapping[str, object], wanted: Wanted) -> Match:
    """Compare an entry of a list with the operation."""
    reference = _reference(entry)
    if reference is not None and reference != wanted.reference:
        return Match.OTHER
    amount = _amount(entry, wanted.amounts)
    if reference is None or amount is None:
        return Match.UNREADABLE
    if amount != wanted.amount:
        return Match.ANOTHER_AMOUNT
    at = _moment(entry)
    early = at is not None and at < wanted.began - _CLOCKS_DIFFER
    return Match.EARLIER if early else Match.SAME


def why_not_told(matches: Sequence[Match]) -> str | None:
    """
    Return why the entries of a list do not show whether an operation ran; None if they do.

    They show that it ran if exactly one is the same, and that it did not if every one is another.
    """
    same = matches.count(Match.SAME)
    if same == 1:
        return None
    if same > 1:
        return f"{same} entries have its reference and amount"
    found = [match for match in _WHY if match in matches]
    return f"an entry {_WHY[found[0]]}" if found else None


def _reference(entry: Mapping[str, object]) -> str | None:
    """Return the reference, an empty text for none; None if there is no such field."""
    for level in _levels(entry):
        if "reference" in level:
            value = level["reference"]
            if value is None:
                return ""
            if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
                return str(value).strip()
    return None


def _amount(entry: Mapping[str, object], names: Sequence[str]) -> Decimal | None:
    read = (amount_in(level, name) for level in _levels(entry) for name in names)
    return next((amount for amount in read if amount is not None), None)


def _moment(entry: Mapping[str, object]) -> float | None:
    """Return the date as seconds since the epoch, if it has a time and a zone."""
    for level in _levels(entry):
        text = level.get("date")
        if isinstance(text, str) and len(text) > len("2022-01-31"):
            try:
                read = datetime.datetime.fromisoformat(text)
            except ValueError:
                return None
            return None if read.tzinfo is None else read.timestamp()
    return None


def _levels(entry: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the entry, and the objects in it that may hold its fields."""
    inner = [entry.get(name) for name in _NESTS]
    nested = [cast("Mapping[str, object]", one) for one in inner if isinstance(one, Mapping)]
    return [entry, *nested]
