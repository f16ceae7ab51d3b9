"""Every dependency has a reason, and every licence is known."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final[Mapping[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


HOLES: Final = {
    "aiohttp": "3.14.3",  # CVE-2026-128131: quadratic decompression, also in the client
    "cryptography": "48.0.0",  # GHSA-537c-gmf6-5ccf: OpenSSL in the wheels
    "django": "5.2.18",
    "h11": "0.15.0",  # CVE-2025-43859: request smuggling
    "jinja2": "3.1.5",  # CVE-2025-27516
    "python-multipart": "0.0.29",  # CVE-2026-53538: forged fields
    "starlette": "1.2.1",  # PYSEC-2026-248 and CVE-2026-48710: a forged `request.url`
    "litestar": "2.19.0",  # CVE-2026-25478 to 25480
}
"""The last version with a published hole, of every package of ours that has had one lately."""


def listed(table: str) -> Iterator[str]:
    """Yield the names in the first cells of a table of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"| {table} | why |\n|---|---|\n")
    for row in re.findall(r"^\| ([^|]+) \| [^|]+ \|$", rest.partition("\n\n")[0], re.MULTILINE):
        yield from row.split(", ")


def names(requirements: Sequence[str | Mapping[str, str]]) -> list[str]:
    """Return the required names, without included groups and without ourselves."""
    found = [Requirement(text).name for text in requirements if isinstance(text, str)]
    return [name for name in found if name != "flexiti-async"]


def test_every_dependency_at_run_time_has_a_reason() -> None:
    """The table and the project list the same dependencies."""
    assert sorted(names(PROJECT["project"]["dependencies"])) == list(listed("at run time"))


def test_every_dependency_of_an_extra_has_a_reason() -> None:
    """The table lists the dependencies of every extra."""
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [f"`{extra}`: {name}" for extra in extras for name in names(extras[extra])]

    assert sorted(wanted) == list(listed("extra"))


def test_no_lower_bound_allows_a_published_hole() -> None:
    """Everything has a lower bound, and none allows a version with a hole that we know of."""
    project = PROJECT["project"]
    texts = [
        *project["dependencies"],
        *(t for e in project["optional-dependencies"].values() for t in e),
    ]
    found = [one for one in map(Requirement, texts) if one.name != "flexiti-async"]

    assert [] == [str(one) for one in found if ">=" not in str(one.specifier)]
    assert set(HOLES) <= {one.name for one in found}
    assert [] == [str(one) for one in found if one.specifier.contains(HOLES.get(one.name, "0"))]


def test_every_dependency_of_development_has_a_reason() -> None:
    """The table lists the dependencies of all groups and of the build."""
    groups = PROJECT["dependency-groups"].values()
    wanted = {name for group in groups for name in names(group)}
    wanted.update(names(PROJECT["build-system"]["requires"]))

    assert sorted(wanted) == sorted(listed("for development"))


def test_every_licence_is_known_and_allows_use() -> None:
    """Every dependency has a licence in the list, and none requires a shop to publish its code."""
    page = (ROOT / "docs" / "reference" / "licences.md").read_text(encoding="utf-8")
    _, _, table = page.partition("|---|---|---|\n")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", table, re.MULTILINE)
    direct = {
        *names(PROJECT["project"]["dependencies"]),
        *(n for e in PROJECT["project"]["optional-dependencies"].values() for n in names(e)),
    }

    assert direct <= {name for name, _ in rows}
    # MPL-2.0 applies to its own files only.
    free = re.compile(r"MIT|Apache|BSD|PSF|Python Software Foundation|ISC|Zlib|MPL|Mozilla Public")
    assert [] == [name for name, licence in rows if not free.search(licence)]
    assert [] == [name for name, licence in rows if re.search(r"GPL", licence)]
