"""A configuration file that others may write is not believed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from flexiti_async import FlexitiConfig
from flexiti_async.config.private_file import writers_of

from .test_config import GOOD, rejected


@pytest.fixture
def shared() -> Iterator[Path]:
    """Yield a folder that other users can enter: pytest's own ones are private."""
    with TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def write_config(folder: Path) -> Path:
    """Write a configuration that only its owner can write."""
    file = folder / "flexiti.toml"
    file.write_text("[flexiti]\nretries = 7\n")
    file.chmod(0o644)
    return file


def _loosen_file(file: Path) -> Path:
    file.chmod(0o664)
    return file


def _loosen_file_for_all(file: Path) -> Path:
    file.chmod(0o602)
    return file


def _loosen_folder(file: Path) -> Path:
    file.parent.chmod(0o777)
    return file


def _loosen_folder_above(file: Path) -> Path:
    inner = file.parent / "inner"
    inner.mkdir(mode=0o755)
    moved = file.rename(inner / file.name)
    file.parent.chmod(0o775)
    return moved


def _link_from_a_loose_folder(file: Path) -> Path:
    loose = file.parent / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    link = loose / "flexiti.toml"
    link.symlink_to(file)
    return link


def _link_to_a_loose_file(file: Path) -> Path:
    link = file.parent / "link.toml"
    link.symlink_to(_loosen_file(file).name)
    return link


def _link_to_a_link_in_a_loose_folder(file: Path) -> Path:
    link = file.parent / "link.toml"
    link.symlink_to(_link_from_a_loose_folder(file))
    return link


LOOSE: list[Callable[[Path], Path]] = [
    _loosen_file,
    _loosen_file_for_all,
    _loosen_folder,
    _loosen_folder_above,
    _link_from_a_loose_folder,
    _link_to_a_loose_file,
    _link_to_a_link_in_a_loose_folder,
]


@pytest.mark.parametrize("loosen", LOOSE)
def test_a_file_that_others_may_write_is_refused(
    monkeypatch: pytest.MonkeyPatch, shared: Path, loosen: Callable[[Path], Path]
) -> None:
    """A writer of the file decides where the client secret is sent; also through a folder."""
    file = loosen(write_config(shared))
    monkeypatch.setenv("FLEXITI_CONFIG", str(file))
    error = rejected(FlexitiConfig.load, **GOOD)

    assert "FLEXITI_CONFIG" == error.option
    assert "can be written by other users: chmod go-w it" in str(error)


def test_a_file_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch, shared: Path) -> None:
    """A file that belongs to somebody else is theirs to write; root's is believed."""
    file = write_config(shared)
    # Only root can give a file away; anybody else looks at their own with the eyes of another one.
    if os.geteuid() == 0:
        os.chown(file, 4242, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
    fault = writers_of(file)

    assert fault is not None
    assert "belongs to another user" in fault


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o400])
def test_a_file_that_only_its_owner_can_write_is_read(
    monkeypatch: pytest.MonkeyPatch, shared: Path, mode: int
) -> None:
    """Its readers do not matter here; a link to it from a safe folder is followed."""
    file = write_config(shared)
    file.chmod(mode)
    link = shared / "link.toml"
    link.symlink_to("flexiti.toml")
    monkeypatch.setenv("FLEXITI_CONFIG", str(link))

    assert 7 == FlexitiConfig.load(**GOOD).retries


def test_a_folder_that_nobody_else_can_enter_protects_its_files(shared: Path) -> None:
    """With a umask of 002 files are writable by the group, which a private folder keeps out."""
    file = _loosen_file(write_config(shared))
    loose = writers_of(file)
    shared.chmod(0o700)

    assert loose is not None
    assert None is writers_of(file)


def test_a_sticky_folder_protects_its_owners_files(shared: Path) -> None:
    """Others can add names to /tmp and its like, and replace none: the file itself decides."""
    file = write_config(shared)
    shared.chmod(0o1777)

    assert None is writers_of(file)
