"""Moments of the sandbox's clock as the API writes them."""

from datetime import UTC, datetime

__all__ = ["day", "iso"]


def iso(seconds: float) -> str:
    """Write a moment in UTC, ISO 8601 without fractions: `2022-01-31T12:00:00Z` (spec 5.12)."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(seconds: float) -> str:
    """Write the day of a moment, in UTC: `2022-01-31`."""
    return iso(seconds)[:10]
