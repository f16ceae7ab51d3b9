"""
A program that forks into workers.

Arguments: the file descriptor of a socket, and the name of a module. For each descriptor that comes
over the socket, a worker is forked, and the module's `Worker` takes its orders over that
descriptor. A fork takes milliseconds; the parent runs no loop and no thread, so a child is as good
as a newly started program.
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
    """Run a worker."""
    reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=line))
    await worker().serve(reader, writer)


def fork_on_demand(control: socket.socket, module: str) -> None:
    """Fork a worker for each descriptor that comes, and send back its process id."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the parent does not wait for its children
    worker = importlib.import_module(module).Worker
    for store in ("file", "redis"):
        importlib.import_module(f"flexiti_stores.{store}")  # once, not in each worker
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
    # No import path has the tests, so that the checkout does not hide the installed library; but
    # their modules import each other relatively, so they need a package.
    tests = types.ModuleType("tests")
    tests.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["tests"] = tests
    fork_on_demand(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
