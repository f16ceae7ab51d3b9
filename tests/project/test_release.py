"""Releases: one version, a workflow without secrets, a valid changelog."""

import re
from pathlib import Path
from typing import Final

from flexiti_async import __version__

ROOT: Final = Path(__file__).parents[2]
WORKFLOW: Final = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
CHANGELOG: Final = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_action_is_pinned_to_a_commit() -> None:
    """Actions are pinned to commits, because tags can be moved; a comment has the tag."""
    used = re.findall(r"^ +-? ?uses: (.+)$", WORKFLOW, re.MULTILINE)

    assert 5 <= len(used)
    assert [] == [
        line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", line)
    ]


def test_the_workflow_has_no_secret_and_few_permissions() -> None:
    """The workflow publishes by its identity, in a job that does nothing else."""
    assert "secrets." not in WORKFLOW
    assert "\npermissions: {}\n" in WORKFLOW
    assert 1 == WORKFLOW.count("id-token: write")
    publish = WORKFLOW.partition("\n  publish:\n")[2]
    assert "id-token: write" in publish
    assert "run:" not in publish


def test_one_file_has_the_version() -> None:
    """No other file of the code or the project repeats the version."""
    stated = re.compile(rf"(?<![\d.]){re.escape(__version__)}(?![\d.])")
    code = [*(ROOT / "flexiti_async").rglob("*.py"), *(ROOT / "stores").rglob("*.py")]
    found = [
        str(file.relative_to(ROOT))
        for file in [*code, ROOT / "pyproject.toml"]
        if stated.search(file.read_text(encoding="utf-8"))
    ]

    assert ["flexiti_async/_version.py"] == found


def test_the_changelog_is_valid() -> None:
    """Versions are in descending order, and kinds of change are those of Keep a Changelog."""
    versions = re.findall(r"^## (\S+)", CHANGELOG, re.MULTILINE)
    kinds = set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE))
    released = [tuple(map(int, version.split("."))) for version in versions[1:]]

    assert "Unreleased" == versions[0]
    assert sorted(released, reverse=True) == released
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
