"""
A program: a process that is forked into workers.

Arguments: the file descriptor of a socket, and the name of a module. For each descriptor that
comes over the socket a worker is forked, in which the module's `Worker` takes its orders over that
one. Forking makes a worker cost milliseconds; the parent runs no loop and no thread, so its child
is as good as a program started anew.
"""

import asyncio
import gc
import importlib
import os
import signal
import socket
import sys
import types
from pathlib import Path
from typing import Any


async def work(line: int, worker: Any) -> None:  # noqa: ANN401 - of a module named at run time
    """Be a worker."""
    reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=line))
    await worker().obey(reader, writer)


def fork_on_demand(control: socket.socket, module: str) -> None:
    """Fork a worker for each descriptor that comes, and tell its process id."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    worker = importlib.import_module(module).Worker
    for store in ("file", "redis"):
        importlib.import_module(f"flexiti_stores.{store}")  # here, and not in each worker
    gc.freeze()
    while True:
        _, lines, _, _ = socket.recv_fds(control, 1, 1)
        if not lines:
            return
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            try:
                asyncio.run(work(lines[0], worker))
            finally:
                os._exit(0)
        os.close(lines[0])
        control.sendall(pid.to_bytes(4, "big"))


if __name__ == "__main__":
    # The tests are on no path, lest the checkout hide what is installed; but their modules import
    # each other relatively, so their package has to be there.
    tests = types.ModuleType("tests")
    tests.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["tests"] = tests
    fork_on_demand(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
