"""The status and the headers of an answer, for shops that ask for them."""

from collections.abc import Iterator
from typing import Final

from flexiti_async.events.types import AnswerReceived
from flexiti_async.protocol.redact import MASK
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.protocol.secret import Secret

__all__ = ["answer_received"]

_MASKED: Final = frozenset({"location", "set-cookie"})
"""A location may be a redirection URL, which has the token in it."""


def answer_received(
    endpoint: str, reference_id: str, attempt: int, answer: HttpResponse, token: Secret
) -> AnswerReceived:
    """
    Build the event of an answer.

    Args:
        endpoint: Name of the endpoint.
        reference_id: The call's reference id.
        attempt: Number of the attempt.
        answer: The answer.
        token: The token that was sent, which a server may repeat.
    """
    headers: dict[str, str] = {}
    for name, value in _shown(answer, token.reveal()):
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return AnswerReceived(
        endpoint=endpoint,
        reference_id=reference_id,
        attempt=attempt,
        status=answer.status,
        headers=headers,
    )


def _shown(answer: HttpResponse, token: str) -> Iterator[tuple[str, str]]:
    for name, value in answer.headers.items():
        lower = name.lower()
        yield lower, MASK if lower in _MASKED or token in value else value
