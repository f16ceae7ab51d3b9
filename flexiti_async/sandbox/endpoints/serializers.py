"""
Authorizations, captures and times as JSON.

The spec defines the answer of a return only (spec section 5.12). The names are those of that answer
and of the requests.
"""

from datetime import UTC, datetime

from flexiti_async.sandbox.state.bank import Authorization, Capture
from flexiti_async.sandbox.wire.request import Json

__all__ = ["authorization_view", "capture_view", "iso_timestamp", "utc_date"]


def authorization_view(authorization: Authorization) -> dict[str, Json]:
    """Return an authorization with the ids of its captures; the last one also separately."""
    financing = authorization.financing
    ids: list[Json] = [capture.capture_id for capture in authorization.captures]
    return {
        "authorization_id": authorization.authorization_id,
        "authorization_status": authorization.status,
        "account_number": authorization.account.account_number,
        "reference": authorization.reference,
        "date": iso_timestamp(authorization.at),
        "amount": authorization.amount,
        "remaining_authorization_amount": authorization.remaining,
        "financing_option": {
            "transaction_type": financing.transaction_type,
            "plan_id": financing.plan_id,
            "term": financing.term,
        },
        "capture_id": ids[-1] if ids else None,
        "capture_ids": ids,
    }


def capture_view(capture: Capture) -> dict[str, Json]:
    """Return a capture."""
    return {
        "capture_id": capture.capture_id,
        "authorization_id": capture.authorization.authorization_id,
        "account_number": capture.authorization.account.account_number,
        "reference": capture.reference,
        "date": iso_timestamp(capture.at),
        "amount": capture.amount,
        "remaining_capture_amount": capture.remaining,
        "remaining_authorization_amount": capture.authorization.remaining,
    }


def iso_timestamp(seconds: float) -> str:
    """Format a time in UTC, ISO 8601 without fractions: `2022-01-31T12:00:00Z` (spec 5.12)."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_date(seconds: float) -> str:
    """Format the date of a time, in UTC: `2022-01-31`."""
    return iso_timestamp(seconds)[:10]
