"""
Look up published holes of pinned dependencies: `python tools/audit.py PINNED.txt…`.

pip-audit asks the package index, and OSV if the index has no advisories. It passes over a package
that its source does not know, so an index without advisories looks like one without holes: this
script fails then, and says so.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, cast

__all__ = ["audit", "problems"]

SOURCES: Final = ("pypi", "osv")


def problems(report: str) -> tuple[list[str], list[str]]:
    """
    Read a report of pip-audit.

    Args:
        report: Its JSON.

    Returns:
        The published holes, and the packages that could not be looked up.
    """
    found = cast("dict[str, list[dict[str, Any]]]", json.loads(report))["dependencies"]
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, fixed in "
        f"{', '.join(hole['fix_versions']) or 'no version'}"
        for one in found
        for hole in one.get("vulns", [])
    ]
    return holes, [one["name"] for one in found if "skip_reason" in one]


def audit(pinned: Path) -> int:
    """Audit a file of pinned requirements; return the exit status."""
    for source in SOURCES:
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "pip_audit", "--requirement", str(pinned), "--no-deps"),
                *("--disable-pip", "--vulnerability-service", source, "--format", "json"),
                *("--progress-spinner", "off", "--timeout", "30"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if not ran.stdout.startswith("{"):  # the source cannot be reached
            continue
        holes, unknown = problems(ran.stdout)
        if unknown:  # nothing can be said about these
            continue
        for hole in holes:
            sys.stdout.write(f"{hole}\n")
        sys.stdout.write(f"{pinned.name}: {len(holes)} published holes, by {source}\n")
        return 1 if holes else 0
    sys.stdout.write(
        f"{pinned.name}: not audited: no source of advisories can be reached from here, neither "
        "the package index nor OSV; run it where one can\n"
    )
    return 2


if __name__ == "__main__":
    sys.exit(max(audit(Path(name)) for name in sys.argv[1:]))
