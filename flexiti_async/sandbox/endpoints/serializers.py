"""
How authorizations and captures look from outside.

What the API answers is unknown, but for a return (spec section 5.12). The names are those of that
answer and of the requests.
"""

from flexiti_async.sandbox.endpoints.moments import iso
from flexiti_async.sandbox.state.bank import Authorization, Capture
from flexiti_async.sandbox.wire.request import Json

__all__ = ["authorization_view", "capture_view"]


def authorization_view(authorization: Authorization) -> dict[str, Json]:
    """Show an authorization with the ids of its captures; the last one also by itself."""
    financing = authorization.financing
    ids: list[Json] = [capture.capture_id for capture in authorization.captures]
    return {
        "authorization_id": authorization.authorization_id,
        "authorization_status": authorization.status,
        "account_number": authorization.account.account_number,
        "reference": authorization.reference,
        "date": iso(authorization.at),
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
    """Show a capture."""
    return {
        "capture_id": capture.capture_id,
        "authorization_id": capture.authorization.authorization_id,
        "account_number": capture.authorization.account.account_number,
        "reference": capture.reference,
        "date": iso(capture.at),
        "amount": capture.amount,
        "remaining_capture_amount": capture.remaining,
        "remaining_authorization_amount": capture.authorization.remaining,
    }
