"""Both engines read the same bytes, without a network: thousands of answers a second."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any, Final

import aiohttp
from attrs import frozen
from yarl import URL

from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.transport.exchange import exchange
from flexiti_async.transport.httptools_messages import AnswerReader

from .answers import Script, draw

__all__ = ["Answer", "Difference", "compare", "of_aiohttp", "of_httptools"]

_TURNS: Final = 12
"""Turns of the loop in which aiohttp has read what there is."""
_UNTIMED: Final = aiohttp.ClientTimeout(total=None)


@frozen
class Answer:
    """An answer as a caller sees it."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


@frozen
class Difference:
    """
    Two engines that do not agree.

    Attributes:
        seed: The seed of the answer.
        script: The answer.
        by_aiohttp: The outcome with aiohttp: an answer, the name of an error, None if it waits.
        by_httptools: The outcome with httptools.
    """

    seed: int
    script: Script
    by_aiohttp: Answer | str | None
    by_httptools: Answer | str | None


class _Transport(asyncio.Transport):
    """A connection to a script."""

    def __init__(self, protocol: Any, script: Script) -> None:  # noqa: ANN401 - aiohttp's
        super().__init__()
        self._protocol = protocol
        self._script = script
        self._asked = self._over = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Answer the first bytes that are written."""
        if data and not self._asked:
            self._asked = True
            asyncio.get_running_loop().call_soon(self._send, 0)

    def _send(self, number: int) -> None:
        """Deliver a piece; the next ones in later turns of the loop."""
        if self._over:
            return
        if number < len(self._script.pieces):
            self._protocol.data_received(self._script.pieces[number])
            asyncio.get_running_loop().call_soon(self._send, number + 1)
        elif self._script.closes:
            self._protocol.eof_received()
            self.close()

    def close(self) -> None:
        """Close."""
        if not self._over:
            self._over = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self._over

    def get_extra_info(self, name: str, default: object = None) -> object:  # noqa: ARG002
        """Return nothing."""
        return default

    def pause_reading(self) -> None:
        """Go on."""

    resume_reading = pause_reading


class _Connector(aiohttp.BaseConnector):
    """A connector whose connections are to a script."""

    def __init__(self, script: Script) -> None:
        super().__init__(force_close=True)
        self._script = script

    async def _create_connection(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *_: object
    ) -> Any:  # noqa: ANN401 - private to aiohttp
        protocol = self._factory()
        protocol.connection_made(_Transport(protocol, self._script))
        return protocol


async def of_aiohttp(script: Script) -> Answer | str | None:
    """Return the outcome with the engine aiohttp; None if it waits for more."""
    request = HttpRequest("x", "POST", URL("http://127.0.0.1/x"), {}, b"{}", "ref")
    async with aiohttp.ClientSession(connector=_Connector(script)) as session:
        task = asyncio.ensure_future(exchange(session, request, _UNTIMED))
        for _ in range(_TURNS + 2 * len(script.pieces)):
            if task.done():
                break
            await asyncio.sleep(0)
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
            return None
        return _shown(task.result())


def of_httptools(script: Script) -> Answer | str | None:
    """Return the outcome with httptools; None if it waits for more."""
    reader = AnswerReader()
    for piece in script.pieces:
        buffer = bytearray(piece)
        outcome = reader.feed(memoryview(buffer))
        buffer[:] = b"?" * len(buffer)  # like the next answer, on any connection
        if outcome is not None:
            return _shown(outcome)
    return _shown(reader.end()) if script.closes else None


def _shown(outcome: object) -> Answer | str:
    if isinstance(outcome, HttpResponse):
        headers = [(name.lower(), value) for name, value in outcome.headers.items()]
        return Answer(outcome.status, headers, outcome.body)
    return type(outcome).__name__


async def compare(seeds: Sequence[int]) -> tuple[int, int, list[Difference]]:
    """
    Compare the engines.

    Returns:
        How many answers both have read, how many only aiohttp has, and the differences that may
        not be: httptools has read something else, or something that aiohttp refuses or waits for.
    """
    both = refused = 0
    differences: list[Difference] = []
    for seed in seeds:
        script = draw(random.Random(seed))  # noqa: S311 - repeatable
        ours = of_httptools(script)
        theirs = await of_aiohttp(script)
        both += isinstance(ours, Answer) and ours == theirs
        refused += isinstance(theirs, Answer) and not isinstance(ours, Answer)
        if isinstance(ours, Answer) and ours != theirs:
            differences.append(Difference(seed, script, theirs, ours))
    return both, refused, differences
