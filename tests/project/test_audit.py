"""The audit of dependencies: what cannot be looked up is not taken for safe."""

import json
from pathlib import Path

import audit
import pytest


def test_a_report_of_pip_audit() -> None:
    """Holes are named with the versions that fix them; packages that were passed over, as such."""
    report: dict[str, object] = {
        "dependencies": [
            {"name": "good", "version": "1", "vulns": []},
            {
                "name": "bad",
                "version": "2",
                "vulns": [
                    {"id": "CVE-1", "fix_versions": ["3", "4"]},
                    {"id": "CVE-2", "fix_versions": []},
                ],
            },
            {"name": "unknown", "skip_reason": "Dependency not found on PyPI"},
        ],
        "fixes": [],
    }
    holes, unknown = audit.problems(json.dumps(report))

    assert ["bad 2: CVE-1, fixed in 3, 4", "bad 2: CVE-2, fixed in no version"] == holes
    assert ["unknown"] == unknown


def test_no_source_of_advisories_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without pip-audit, or without an answer, the audit says that it has not taken place."""
    pinned = tmp_path / "highest.txt"
    pinned.write_text("no-package-has-this-name==1\n")
    status = audit.audit(pinned)

    assert 2 == status
    assert capsys.readouterr().out.startswith("highest.txt: not audited: no source of advisories")
