"""The test's side of a worker process."""

import asyncio
import json
import socket

import pytest

from .crew import WorkerHandle


async def test_the_answer_to_a_cancelled_order_is_dropped() -> None:
    """Orders whose callers were cancelled, before or with the answer, do not end the listener."""
    mine, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=mine)
    worker = WorkerHandle(0, reader, writer)
    orders, answers = await asyncio.open_unix_connection(sock=theirs)

    def answer(number: int) -> None:
        answers.write(json.dumps({"id": number, "result": number}).encode() + b"\n")

    tasks = [asyncio.create_task(worker.order("wait")) for _ in range(3)]
    for _ in tasks:
        await orders.readline()
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    answer(0)
    tasks[1].cancel()  # its answer may be there before it has noticed
    answer(1)
    answer(2)

    assert 2 == await tasks[2]
    assert not worker.gone

    answers.close()
    await worker.died()
