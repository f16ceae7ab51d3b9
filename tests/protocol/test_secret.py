"""Secret: shown by nothing but `reveal()`."""

import copy
import json
import marshal
import pickle
import pprint
import reprlib
from collections.abc import Callable
from typing import Any

import attrs
import cattrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.errors import ValidationError
from flexiti_async.protocol.secret import Secret, fingerprint

from ..support.canaries import sightings

CANARY = "canary-4f1d0c"


@attrs.frozen
class _Holder:
    secret: Secret


def _percent(secret: Secret) -> str:
    return "%s %r" % (secret, secret)  # noqa: UP031 - the old way shows nothing either


SHOWS: dict[str, Callable[[Secret], str]] = {
    "repr": repr,
    "str": str,
    "format": "{}".format,
    "format !r": "{!r:>30}".format,
    "format width": "{:>30}".format,
    "format !s": "{!s:^30}".format,
    "percent": _percent,
    "f-string": lambda secret: f"{secret}{[secret]}",
    "json": lambda secret: json.dumps({"a": secret}, default=str),
    "holder": lambda secret: str(_Holder(secret)),
    "asdict": lambda secret: str(attrs.asdict(_Holder(secret))),
}


@pytest.mark.parametrize("way", SHOWS)
def test_is_not_shown(way: str) -> None:
    """Every way to show a secret shows a mask."""
    shown = SHOWS[way](Secret(CANARY))

    assert CANARY not in shown
    assert "****" in shown


def test_format_obeys_its_specification() -> None:
    """The mask is formatted like any text."""
    assert "  ****" == f"{Secret(CANARY):>6}"


@given(st.text())
def test_reveal_gives_the_text(text: str) -> None:
    """`reveal()` returns the text that went in."""
    assert text == Secret(text).reveal()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_cannot_be_pickled(protocol: int) -> None:
    """No protocol pickles a secret, and the error does not contain it."""
    with pytest.raises(TypeError, match="cannot be pickled") as caught:
        pickle.dumps(Secret(CANARY), protocol)

    assert [] == sightings(caught.value, CANARY)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copies_are_the_secret_itself(duplicate: Callable[[Secret], Secret]) -> None:
    """A copy is the same object."""
    secret = Secret(CANARY)

    assert secret is duplicate(secret)


def test_asdict_keeps_the_object() -> None:
    """A holder turned into a dict holds the secret, not its text."""
    secret = Secret(CANARY)

    assert secret is attrs.asdict(_Holder(secret))["secret"]


@given(st.text(alphabet=st.characters(codec="utf-8")), st.text(alphabet="ab", max_size=2))
def test_is_equal_by_its_text(left: str, right: str) -> None:
    """Two secrets are equal, and hash alike, exactly if their texts are equal."""
    assert (left == right) is (Secret(left) == Secret(right))
    assert Secret(left) == Secret(left)
    assert hash(Secret(left)) == hash(Secret(left))


def test_is_equal_to_nothing_else() -> None:
    """A secret is not equal to its text, nor is the text's hash its own."""
    assert Secret(CANARY) != CANARY
    assert hash(Secret(CANARY)) != hash(CANARY)


@pytest.mark.parametrize(("text", "expected"), [("", False), ("0", True), (" ", True)])
def test_truth(text: str, expected: bool) -> None:
    """A secret is true unless it is empty."""
    assert expected is bool(Secret(text))


@pytest.mark.parametrize("value", [None, 7, b"canary-4f1d0c", ["canary-4f1d0c"]])
def test_holds_texts_only(value: object) -> None:
    """Anything but a text is rejected with its type, and is not shown."""
    with pytest.raises(
        ValidationError, match=rf"\({type(value).__name__}\), must be a str"
    ) as caught:
        Secret(value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    assert [] == sightings(caught.value, CANARY)


def test_of_wraps_once() -> None:
    """`of` wraps a text and returns a secret unchanged."""
    secret = Secret(CANARY)

    assert secret is Secret.of(secret)
    assert secret == Secret.of(CANARY)


def test_has_no_attributes_of_its_own() -> None:
    """A secret takes no attributes, and `vars` shows nothing."""
    with pytest.raises(TypeError):
        vars(Secret(CANARY))


FACETS = ["shop", "merchant", "password"]


def test_fingerprint_is_stable() -> None:
    """The fingerprint is the same in every process and release: stores hold it."""
    assert "5cf855060bb98ae9" == fingerprint(Secret("secret"), "shop", "", "")


@pytest.mark.parametrize("changed", range(3))
def test_fingerprint_tells_parts_apart(changed: int) -> None:
    """Each part of the credentials changes the fingerprint."""
    parts = [*FACETS]
    parts[changed] += "x"

    assert fingerprint(Secret(CANARY), *FACETS) != fingerprint(Secret(CANARY), *parts)


def test_fingerprint_depends_on_the_secret() -> None:
    """Another secret has another fingerprint for the same parts."""
    assert fingerprint(Secret("a"), *FACETS) != fingerprint(Secret("b"), *FACETS)


def test_fingerprint_keeps_parts_apart() -> None:
    """Moving a character from one part to the next changes the fingerprint."""
    assert fingerprint(Secret(CANARY), "ab", "c") != fingerprint(Secret(CANARY), "a", "bc")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_fingerprint_is_sixteen_hex_digits(text: str) -> None:
    """A fingerprint has 16 hex digits for a secret of any length, and does not contain it."""
    mark = fingerprint(Secret(text), "shop")

    assert 16 == len(mark)
    assert set(mark) <= set("0123456789abcdef")


SUMS: dict[str, Callable[[Any], object]] = {
    "after": lambda secret: "Bearer " + secret,
    "before": lambda secret: secret + "x",
    "both": lambda secret: secret + secret,
}


@pytest.mark.parametrize("way", SUMS)
def test_cannot_be_added(way: str) -> None:
    """A header cannot be put together from a secret by accident: the error names reveal()."""
    with pytest.raises(TypeError, match=r"reveal\(\)") as caught:
        SUMS[way](Secret(CANARY))

    assert [] == sightings(caught.value, CANARY)


DOORS: dict[str, Callable[[Any], object]] = {
    "getstate": lambda value: value.__getstate__(),
    "reduce": lambda value: value.__reduce__(),
    "reduce_ex": lambda value: value.__reduce_ex__(4),
    "pickle": pickle.dumps,
    "marshal": marshal.dumps,
    "json": json.dumps,
    "json of its attributes": lambda value: json.dumps(value, default=vars),
    "msgspec": msgspec.json.encode,
    "builtins": msgspec.to_builtins,
    "add": lambda value: value + "x",
    "join": ", ".join,
    "iterate": list,
    "bytes": bytes,
    "encode": lambda value: value.encode(),
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses(door: str) -> None:
    """Serializers and texts get a TypeError or nothing."""
    with pytest.raises((TypeError, AttributeError, ValueError)) as caught:
        DOORS[door](Secret(CANARY))

    assert [] == sightings(caught.value, CANARY)


def test_what_does_not_refuse_shows_a_mask() -> None:
    """Formats, converters and inspectors keep the object, or show its mask."""
    secret = Secret(CANARY)
    shown = (
        f"{secret!r} {secret} {secret:>10} {secret!a}",
        pprint.pformat(secret),
        reprlib.repr(secret),
        repr(cattrs.unstructure(secret)),
        repr(attrs.asdict(_Holder(secret))),
        "%s" % (secret,),  # noqa: UP031 - a door
    )

    assert [] == [text for text in shown if CANARY in text or "****" not in text]
    assert not hasattr(secret, "__dict__")
