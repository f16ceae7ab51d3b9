"""The sandbox's own choices are labelled in the code, and listed."""

import re
from pathlib import Path

import attrs

import flexiti_async.sandbox
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.wire.assumptions import EVERY
from flexiti_async.sandbox.wire.endpoints import ENDPOINTS

FOLDER = Path(flexiti_async.sandbox.__file__).parent
UNLABELLED = re.compile(r"sandbox's own|its own choice|s own choice|stricter reading")


def test_the_list() -> None:
    """Every endpoint has choices, in the order of the endpoints; settings exist."""
    listed = Sandbox().assumptions
    settings = {each.setting for each in listed if each.setting}

    assert list(dict.fromkeys(each.endpoint for each in listed)) == [EVERY, *ENDPOINTS]
    assert settings <= {field.name for field in attrs.fields(Sandbox) if field.init}
    assert {
        "oauth",
        "refresh_revokes_access",
        "conflicting_identifiers",
        "one_authorization_per_session",
    } <= settings
    assert len(listed) == len({each.text for each in listed})
    assert all(re.fullmatch(r"[0-9.]+( row [0-9]+)?", each.spec) for each in listed)


def test_each_choice_is_a_label() -> None:
    """No docstring or comment names a choice of the sandbox's own beside the labels."""
    known = {FOLDER / "wire" / "assumptions.py", FOLDER / "inspection.py"}
    found = {
        str(path.relative_to(FOLDER)): UNLABELLED.findall(path.read_text(encoding="utf-8"))
        for path in FOLDER.rglob("*.py")
        if path not in known
    }

    assert {} == {name: texts for name, texts in found.items() if texts}
