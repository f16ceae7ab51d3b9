"""
Make docs/assets/widget.png, the widget's page of the sandbox in Chromium.

    python tools/widget_picture.py

Run it after a change of `flexiti_async/sandbox/page/`, and look at the picture. It needs Chromium,
on `PATH` or named in `CHROMIUM`.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.sandbox import Sandbox

PICTURE: Final = Path(__file__).parents[1] / "docs" / "assets" / "widget.png"
SIZE: Final = (480, 640)
"""Pixels; the frame in which a shop shows the widget is about as wide."""
_CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")  # as in noxfile.py
_SECONDS: Final = 60


async def take(picture: Path) -> None:
    """Open the widget for a purchase, and write what the customer sees."""
    async with Sandbox() as sandbox:
        config = FlexitiConfig(
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            base_url=sandbox.base_url,
        )
        async with FlexitiSession(config) as flexiti:
            widget = await flexiti.init_widget(PurchaseWidget(account_number=10000001))
        await asyncio.to_thread(_screenshot, widget.redirection_url, picture)


def _screenshot(url: str, picture: Path) -> None:
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if chromium is None:
        raise SystemExit("no chromium: install it, or name one in CHROMIUM")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *(f"--user-data-dir={profile}", f"--window-size={SIZE[0]},{SIZE[1]}"),
                *("--virtual-time-budget=5000", f"--screenshot={picture}", url),
            ],
            check=True,
            capture_output=True,
            timeout=_SECONDS,
        )


if __name__ == "__main__":
    asyncio.run(take(PICTURE))
