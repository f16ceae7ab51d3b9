"""
Hook of the build: the README of the distribution, without the relative links of the repository's.

A link of README.md to another file of the repository becomes absolute, below the address that
`[project.urls]` has as `Source`. While the repository has no public address such a link becomes its
text, and a picture its description. Hatchling runs this for wheel, sdist and editable installs.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

__all__ = ["ReadmeHook", "for_an_index", "get_metadata_hook"]

_LINK: Final = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)]+)\)")


def for_an_index(text: str, source: str | None, version: str) -> str:
    """
    Return a README without relative links.

    Args:
        text: The README of the repository.
        source: Address of the repository on GitHub; None if it has none.
        version: The version of the distribution, which is tagged with a `v`.
    """

    def replaced(link: re.Match[str]) -> str:
        picture, shown, target = link.groups()
        if source is None:
            return str(shown)
        kind = "raw" if picture else "blob"
        return f"{picture}[{shown}]({source.rstrip('/')}/{kind}/v{version}/{target})"

    return _LINK.sub(replaced, text)


class ReadmeHook:
    """Metadata hook of hatchling, which is only installed where something is built."""

    def __init__(self, root: str, config: object) -> None:
        del config
        self._readme = Path(root) / "README.md"

    def update(self, metadata: dict[str, object]) -> None:
        """Set the field `readme`."""
        urls = cast("Mapping[str, str]", metadata.get("urls", {}))
        text = self._readme.read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": for_an_index(text, urls.get("Source"), str(metadata["version"])),
        }

    def get_known_classifiers(self) -> list[str]:
        """Return no classifiers beyond those that hatchling knows."""
        return []


def get_metadata_hook() -> type[ReadmeHook]:
    """Return the hook; hatchling looks for this name."""
    return ReadmeHook
