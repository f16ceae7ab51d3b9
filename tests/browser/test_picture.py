"""The picture of the widget that the README shows."""

import subprocess
import sys
from pathlib import Path

from ..support.patience import PATIENCE

ROOT = Path(__file__).parents[2]
MOST_BYTES = 80 * 1024
PNG = b"\x89PNG"


def test_the_picture_of_the_widget(tmp_path: Path) -> None:
    """The tool takes it again, and the one that is in the repository is not too large."""
    taken = tmp_path / "widget.png"
    ran = subprocess.run(
        [sys.executable, ROOT / "tools/widget_picture.py", taken],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert 0 == ran.returncode, ran.stderr
    for picture in (taken, ROOT / "docs/assets/widget.png"):
        content = picture.read_bytes()
        assert (PNG, True) == (content[:4], len(content) <= MOST_BYTES)
