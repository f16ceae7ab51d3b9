"""Dates of HTTP (RFC 9110 section 5.6.7), in all three of its forms, as seconds."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["seconds_of_http_date"]

_LONGEST: Final = 64


def seconds_of_http_date(text: str) -> float | None:
    """Read a date as seconds since the epoch; None if it is none. Without a zone it is UTC."""
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
