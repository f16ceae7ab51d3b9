"""
A new process, for its first checkout.

Argument: the peer's name. The process imports only what that peer needs.
"""

import sys
from typing import Any

from benchmarks.harness.children import obey, run
from benchmarks.harness.target import Target
from benchmarks.peers import open_peer


async def _checkout(target: dict[str, Any]) -> None:
    peer = open_peer(sys.argv[1])
    await peer.open(Target.from_json(target))
    await peer.init_widget()
    await peer.aclose()


if __name__ == "__main__":
    run(obey({"checkout": _checkout}), "asyncio")
