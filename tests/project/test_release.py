"""Releases: one version, a workflow without secrets, a valid changelog."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from flexiti_async import __version__

ROOT: Final = Path(__file__).parents[2]
WORKFLOWS: Final = ROOT / ".github" / "workflows"
GIT: Final = shutil.which("git") or "git"
NAMES: Final = sorted(file.stem for file in WORKFLOWS.glob("*.yml"))
CHANGELOG: Final = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def steps(workflow: str, job: str) -> dict[str, str]:
    """Return the shell steps of a job, by name."""
    found = workflow_of(workflow)["jobs"][job]["steps"]
    return {step["name"]: step["run"] for step in found if "run" in step and "name" in step}


def workflow_of(name: str) -> dict[str, Any]:
    """Parse a workflow."""
    parsed: dict[str, Any] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
    return parsed


def passes(script: str, folder: Path, **variables: str) -> bool:
    """Run a step as the runner does, and return whether it succeeded."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "RUNNER_TEMP": str(folder.parent), **variables}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
    return ran.returncode == 0


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    ran = subprocess.run(
        [GIT, *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return ran.stdout.strip()


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_pinned_to_a_commit(name: str) -> None:
    """Actions are pinned to commits, because tags can be moved; a comment has the tag."""
    text = (WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8")
    used = re.findall(r"^ +-? ?uses: (.+)$", text, re.MULTILINE)

    assert 4 <= len(used)
    assert [] == [
        line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", line)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_workflows_have_no_secret_and_few_permissions(name: str) -> None:
    """No job has more than it needs, and none gets a value of an event into its shell."""
    text = (WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8")
    workflow = workflow_of(name)
    scripts = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]

    assert "secrets." not in text
    assert {} == workflow["permissions"]
    assert [] == [script for script in scripts if "${{" in script]
    assert {("contents", "read"), ("id-token", "write")} >= {
        item for job in workflow["jobs"].values() for item in job["permissions"].items()
    }


def test_only_the_build_makes_the_files_and_only_publish_has_an_identity() -> None:
    """
    The build installs nothing but tools with hashes; whatever installs more works on a copy, and
    the job that publishes waits for it and installs nothing.
    """
    jobs = workflow_of("release")["jobs"]
    uploads = [
        (name, step["with"]["name"])
        for name, job in jobs.items()
        for step in job["steps"]
        if "upload-artifact" in step.get("uses", "")
    ]
    installs = {
        name
        for name, job in jobs.items()
        for step in job["steps"]
        for line in step.get("run", "").splitlines()
        if "pip install" in line and "--require-hashes" not in line
    }

    assert [("build", "dist"), ("bill-of-materials", "sbom")] == uploads
    assert {"check", "bill-of-materials"} == installs
    assert [{"id-token": "write"}] == [
        job["permissions"] for job in jobs.values() if "id-token" in job["permissions"]
    ]
    assert {"build", "check", "bill-of-materials"} == set(jobs["publish"]["needs"])
    assert "release" == jobs["publish"]["environment"]


def test_the_tools_of_the_build_have_hashes() -> None:
    """Every tool is pinned with its hashes, those of the build system among them."""
    text = (ROOT / ".github" / "requirements" / "build.txt").read_text(encoding="utf-8")
    entries = re.sub(r"\\\n\s*", "", text).splitlines()
    names = {entry.partition("==")[0] for entry in entries}

    assert {"build", "hatchling"} <= names
    assert [] == [
        entry
        for entry in entries
        if not re.fullmatch(r"[\w-]+==[\w.]+ (--hash=sha256:[0-9a-f]{64} ?)+", entry)
    ]


def test_the_tag_must_be_on_main(tmp_path: Path) -> None:
    """A tag on a branch that was never merged releases nothing."""
    step = steps("release", "build")["Check that the tag is on main"]
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    git(origin, "init")
    git(origin, "commit", "--allow-empty", "-m", "one")
    merged = git(origin, "rev-parse", "HEAD")
    git(origin, "commit", "--allow-empty", "-m", "two")
    git(origin, "checkout", "-b", "other")
    git(origin, "commit", "--allow-empty", "-m", "three")
    stray = git(origin, "rev-parse", "HEAD")
    git(tmp_path, "clone", "origin", "clone")

    assert passes(step, clone, GITHUB_SHA=merged)
    assert not passes(step, clone, GITHUB_SHA=stray)


def test_the_tag_must_match_the_version_and_the_changelog(tmp_path: Path) -> None:
    """The tag names the version of the code, and the changelog has it."""
    found = steps("release", "build")
    version = found["Check that the tag matches the version in the code"]
    changelog = found["Check that the changelog has this version"]
    folder = tmp_path / "checkout"
    (folder / "flexiti_async").mkdir(parents=True)
    (folder / "flexiti_async" / "_version.py").write_text('__version__ = "1.2.3"\n')
    (folder / "CHANGELOG.md").write_text("## 1.2.3 - 2026-01-31\n")

    assert [True, False, False] == [
        passes(version, folder, GITHUB_REF_NAME=tag) for tag in ("v1.2.3", "v1.2.4", "1.2.3")
    ]
    assert [True, False] == [
        passes(changelog, folder, GITHUB_REF_NAME=tag) for tag in ("v1.2.3", "v1.2")
    ]


def test_publish_compares_the_files_with_the_hashes_of_the_build(tmp_path: Path) -> None:
    """A file that is changed, added or missing after the build is not published."""
    state = steps("release", "build")["State the hashes"]
    (compare,) = steps("release", "publish").values()
    checkout = tmp_path / "checkout"
    dist = checkout / "dist"
    dist.mkdir(parents=True)
    wheel, sdist = dist / "p-1-py3-none-any.whl", dist / "p-1.tar.gz"
    wheel.write_bytes(b"wheel")
    sdist.write_bytes(b"sdist")
    output = tmp_path / "output"
    assert passes(state, checkout, GITHUB_OUTPUT=str(output))
    hashes = output.read_text().strip().removeprefix("hashes=")

    assert passes(compare, checkout, HASHES=hashes)
    assert not passes(compare, checkout, HASHES="")

    (dist / "other.whl").write_bytes(b"more")

    assert not passes(compare, checkout, HASHES=hashes)

    (dist / "other.whl").unlink()
    wheel.write_bytes(b"whee1")

    assert not passes(compare, checkout, HASHES=hashes)

    wheel.unlink()

    assert not passes(compare, checkout, HASHES=hashes)


def test_ci_runs_every_default_session() -> None:
    """What `nox` runs by default, CI runs, and the oldest dependencies and the audit as well."""
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    others = noxfile.partition("NOT_OF_EACH_PYTHON = (")[2].partition("\n)")[0]
    default = [*re.findall(r'"([a-z_]+)"', others), "tests", "coverage"]
    jobs = workflow_of("ci")["jobs"]
    listed = " ".join(jobs["checks"]["strategy"]["matrix"]["sessions"]).split()

    assert sorted(default) == sorted(listed)
    # `.ci/run` starts each lane by its number.
    lanes = noxfile.partition("LANES: list[list[str]] = [\n")[2].partition("\n]")[0].splitlines()
    numbers = " ".join(map(str, range(len(lanes))))
    assert f"for number in {numbers}; do" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert ["lowest", "security"] == jobs["dependencies"]["strategy"]["matrix"]["session"]


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
