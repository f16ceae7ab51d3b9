"""
`python -m flexiti_shop`: the shop in as many workers as one likes, until Ctrl-C.

Configured by `FLEXITI_*`; `SHOP_SECRET_KEY` and `SHOP_DATABASE` are made up if they are not set.
The first line on stdout is the shop's URL: from then on browsers may come.
"""

import argparse
import contextlib
import os
import secrets
import signal
import sys
import tempfile
from pathlib import Path

import uvicorn
from uvicorn.supervisors import Multiprocess

from flexiti_shop.settings import DATABASE, SECRET_KEY

__all__ = ["main"]


def main() -> None:
    """Run the shop."""
    parser = argparse.ArgumentParser(prog="flexiti_shop")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    # uvicorn stops first, and then hands the signal on to whoever had it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with (
        contextlib.suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory(prefix="flexiti-shop-") as folder,
    ):
        os.environ.setdefault(SECRET_KEY, secrets.token_hex(32))
        os.environ.setdefault(DATABASE, str(Path(folder) / "orders.sqlite"))
        serve(given.host, given.port, given.workers)


def serve(host: str, port: int, workers: int) -> None:
    """Listen, tell the URL, and serve."""
    config = uvicorn.Config(
        "flexiti_shop.app:create",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        # No proxy stands before it; behind one this is a setting.
        proxy_headers=False,
    )
    listening = config.bind_socket()
    listening.listen(config.backlog)  # who comes early waits here for the first worker
    name, number = listening.getsockname()[:2]
    sys.stdout.write(f"http://{f'[{name}]' if ':' in name else name}:{number}/\n")
    sys.stdout.flush()
    server = uvicorn.Server(config)
    if workers > 1:
        Multiprocess(config, target=server.run, sockets=[listening]).run()
    else:
        server.run(sockets=[listening])


if __name__ == "__main__":
    main()
