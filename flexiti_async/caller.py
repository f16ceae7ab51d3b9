"""`Caller`: one call of the API with one token, repeated where that is safe."""

import asyncio
import logging
import random
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from flexiti_async.builder import RequestBuilder
from flexiti_async.errors import (
    FieldError,
    FlexitiError,
    Unauthorized,
    ValidationError,
)
from flexiti_async.sansio.call import Call, HttpResponse
from flexiti_async.sansio.response import read_answer
from flexiti_async.sansio.retry import Again, judge
from flexiti_async.sansio.rules import WRONG_FORMAT
from flexiti_async.sansio.token import Token
from flexiti_async.transport import Transport

__all__ = ["Caller", "reference_id_of"]

_log = logging.getLogger("flexiti_async.call")

T = TypeVar("T")
Replace = Callable[[Token], Awaitable[Token]]
"""Gives another token for one that the API has refused, or raises."""

_GUID: Final = re.compile(
    r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII
)


def reference_id_of(given: str | None) -> str:
    """
    Check a caller's `x-reference-id`, or draw one.

    The API calls it a GUID and an ASCII(32): 32 hex digits are both. The usual form of 36
    characters is accepted from a caller (spec section 8 row 6).
    """
    if given is None:
        return uuid.uuid4().hex
    if _GUID.fullmatch(given):
        return given
    raise ValidationError(
        field_errors=[FieldError("x-reference-id", WRONG_FORMAT, f"{len(given)} characters")]
    )


class Caller:
    """
    Make calls.

    Args:
        builder: Makes the requests.
        transport: Sends them.
        retries: How often a call is repeated that may be.
        patience: Seconds after which no repeat is begun.
    """

    def __init__(
        self, builder: RequestBuilder, transport: Transport, *, retries: int, patience: float
    ) -> None:
        self._builder = builder
        self._transport = transport
        self._retries = retries
        self._patience = patience

    async def make(self, call: Call[T], reference_id: str, token: Token, replace: Replace) -> T:
        """
        Make a call and give what it promises.

        A 401 is answered with one more attempt with another token: a refused call did not run
        (spec section 6.4). All attempts carry the same reference id.

        Raises:
            ApiError: The API answered with an error.
            TransportError: There was no answer.
            TokenError: There is no other token.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        attempt, replaced = 1, False
        while True:
            result = await self._once(call, reference_id, token)
            # A value of the call's type is never a FlexitiError: results are models.
            if not isinstance(result, FlexitiError):
                return result
            if isinstance(result, Unauthorized) and not replaced:
                replaced = True
                token = await replace(token)
                continue
            verdict = judge(
                result,
                call.replay,
                attempt=attempt,
                retries=self._retries,
                time_left=deadline - loop.time(),
                random=random.random(),  # noqa: S311 - spreads load, guards nothing
            )
            if not isinstance(verdict, Again):
                raise verdict
            _log.warning(
                "%s: attempt %d failed, again in %.3g s: %s",
                call.endpoint,
                attempt,
                verdict.seconds,
                result,
            )
            attempt += 1
            await asyncio.sleep(verdict.seconds)

    async def _once(self, call: Call[T], reference_id: str, token: Token) -> T | FlexitiError:
        request = self._builder.call(call, token.access_token, reference_id)
        answer = await self._transport.attempt(request)
        if isinstance(answer, HttpResponse):
            return read_answer(call, answer, reference_id)
        return answer
