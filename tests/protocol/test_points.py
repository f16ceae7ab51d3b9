"""The points of the library at which tests disturb it."""

import re
from pathlib import Path

import flexiti_async
from flexiti_async.protocol import points

PACKAGE = Path(flexiti_async.__file__).parent


def test_each_point_is_where_it_belongs_and_free() -> None:
    """
    A dozen points, each behind the comparison that makes it free while it is off.

    Both HTTP engines have connected at one of them.
    """
    behind = re.compile(r'if points\.hook is not None:\n +await points\.hook\("([^"]+)"\)')
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "points.py"]
    texts = [path.read_text(encoding="utf-8") for path in files]
    found = [name for text in texts for name in behind.findall(text)]

    assert sorted([*points.POINTS, "call connected"]) == sorted(found)
    assert 12 == len(points.POINTS)


def test_points_are_off() -> None:
    """Nothing switches them on but an assignment by code of the same process."""
    source = Path(points.__file__).read_text(encoding="utf-8")

    imported = set(re.findall(r"^(?:from|import) (\S+)", source, re.MULTILINE))

    assert points.hook is None
    assert {"collections.abc", "typing"} == imported
