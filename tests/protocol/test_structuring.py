"""JSON to typed values and back: exact, strict, and silent about values."""

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Self, cast

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.protocol.json_codec import UnfitError, decode, encode
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import NumberText, one_or_many, structure, wire_name

from ..support.canaries import sightings

CANARY = "canary0123456789"


@frozen
class _Inner:
    amount: Decimal
    code: NumberText | None = None


@frozen
class _Outer:
    name: str
    inner: _Inner
    many: list[_Inner] = field(factory=list[_Inner])
    flag: bool = False
    count: int = 0
    token: Secret | None = None
    anything: object = None
    by_name: Mapping[str, object] = field(factory=dict[str, object])
    renamed: str | None = field(default=None, metadata=wire_name("re-named"))
    ours: str | None = field(default=None, metadata=wire_name(None))
    extra: dict[str, object] = field(factory=dict[str, object])


@frozen
class _Single:
    names: list[str] = field(factory=list[str], metadata=one_or_many())
    other: str = "default"
    extra: dict[str, object] = field(factory=dict[str, object])


@frozen
class _Tree:
    one: _Single | None = None
    all: list[_Single] = field(factory=list[_Single])
    extra: dict[str, object] = field(factory=dict[str, object])


@frozen
class _Itself:
    words: list[object]

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a list, or a text with commas."""
        if isinstance(data, str):
            return cls([*data.split(",")])
        if isinstance(data, list):
            return cls(cast("list[object]", data))
        unfit = UnfitError("neither words nor a list of them")
        unfit.add_note("a foreign note")
        raise unfit


GOOD: dict[str, object] = {"name": "a", "inner": {"amount": Decimal("1.10")}}

decimals = st.decimals(allow_nan=False, allow_infinity=False)


@given(decimals)
def test_decimals_are_exact_both_ways(amount: Decimal) -> None:
    """Money is encoded and decoded digit for digit, with trailing zeros and sign."""
    value = structure(decode(encode(amount)), Decimal)

    assert amount.as_tuple() == value.as_tuple()


@given(decimals)
def test_quoted_decimals_are_exact(amount: Decimal) -> None:
    """A quoted amount is as exact as an unquoted one."""
    assert amount.as_tuple() == structure(decode(encode(str(amount))), Decimal).as_tuple()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_with_a_point_are_never_floats(number: float) -> None:
    """The decoder returns no float for a number with a point or an exponent."""
    value = decode(json.dumps(number).encode())

    assert Decimal(repr(number)) == value
    assert isinstance(value, Decimal)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | decimals | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(json_values)
def test_round_trip(value: object) -> None:
    """Every JSON value is decoded as it was encoded."""
    assert value == decode(encode(value))


@given(st.binary())
def test_decode_is_total(body: bytes) -> None:
    """Any bytes are JSON or raise UnfitError."""
    try:
        decode(body)
    except UnfitError as error:
        assert "not JSON" == error.place  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize(
    "body",
    [b"", b"[" * 100_000, b"1e99999999999999999999", b"NaN", b"{'a':1}", f'"{CANARY}'.encode()],
)
def test_not_json(body: bytes) -> None:
    """Invalid JSON is rejected without being shown."""
    with pytest.raises(UnfitError) as caught:
        decode(body)

    assert "not JSON" == str(caught.value)
    assert caught.value.__context__ is None
    assert CANARY not in repr(caught.value)


@pytest.mark.parametrize("text", ["NaN", "-NaN", "sNaN", "Infinity", "-Infinity"])
def test_encode_refuses_what_json_lacks(text: str) -> None:
    """NaN and Infinity are rejected, at any depth."""
    for value in (Decimal(text), [Decimal(text)], {"a": ({"b": Decimal(text)},)}):
        with pytest.raises(ValueError, match="no NaN and no Infinity"):
            encode(value)


def test_encode_takes_the_words_as_text() -> None:
    """A customer may be called NaN."""
    body = {"first_name": "NaN", "last_name": ["Infinity", Decimal("1.50"), 2, None]}

    assert b'{"first_name":"NaN","last_name":["Infinity",1.50,2,null]}' == encode(body)


def test_encode_reveals_secrets() -> None:
    """A secret is encoded as its text."""
    assert b'{"a":"%s"}' % CANARY.encode() == encode({"a": Secret(CANARY)})


def test_encode_refuses_what_it_does_not_know() -> None:
    """A value of a type that JSON does not have is rejected."""
    with pytest.raises(NotImplementedError):
        encode({"a": object()})


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("a", str, "a"),
        (5, int, 5),
        (Decimal("5.0"), int, 5),
        (Decimal("5E+3"), int, 5000),
        (True, bool, True),
        (5, Decimal, Decimal(5)),
        (Decimal("5.50"), Decimal, Decimal("5.50")),
        ("5.50", Decimal, Decimal("5.50")),
        ("-5", Decimal, Decimal(-5)),
        ("007", NumberText, "007"),
        (100200, NumberText, "100200"),
        (-1, NumberText, "-1"),
        (CANARY, Secret, Secret(CANARY)),
        ({"a": [1]}, object, {"a": [1]}),
        ([1, 2], list[int], [1, 2]),
        ({"a": 1}, dict[str, int], {"a": 1}),
        (None, str | None, None),
        ("x", str | None, "x"),
        (None, NumberText | None, None),
        (7, NumberText | None, "7"),
        (Decimal("20009100.0"), NumberText, "20009100"),
        ("20009100.00", NumberText, "20009100"),
        ("1.5", NumberText, "1.5"),
        ("10.01.0", NumberText, "10.01.0"),
        ("", str | None, None),
        ("", Decimal | None, None),
        ("", NumberText | None, None),
        ("", Secret | None, None),
    ],
)
def test_accepted(value: object, kind: type[object], expected: object) -> None:
    """Each wire type becomes its Python type and nothing else."""
    result = structure(value, kind)

    assert expected == result
    assert type(expected) is type(result)


@pytest.mark.parametrize(
    ("value", "kind", "place"),
    [
        (5, str, "int instead of str at $"),
        (None, str, "NoneType instead of str at $"),
        (True, str, "bool instead of str at $"),
        ("5", int, "str instead of int at $"),
        (True, int, "bool instead of int at $"),
        (Decimal("5.5"), int, "Decimal instead of int at $"),
        (Decimal("1E+30"), int, "Decimal instead of int at $"),
        (Decimal("1E-400"), int, "Decimal instead of int at $"),
        (1, bool, "int instead of bool at $"),
        ("true", bool, "str instead of bool at $"),
        (True, Decimal, "bool instead of int or Decimal at $"),
        (1.5, Decimal, "float instead of int or Decimal at $"),
        ("NaN", Decimal, "float instead of int or Decimal at $"),
        ("[1]", Decimal, "list instead of int or Decimal at $"),
        ("null", Decimal, "NoneType instead of int or Decimal at $"),
        ("canary", Decimal, "invalid value at $"),
        ("", Decimal, "invalid value at $"),
        (None, Decimal, "NoneType instead of int or Decimal at $"),
        (True, NumberText, "bool instead of str at $"),
        (Decimal("1.5"), NumberText, "Decimal instead of int at $"),
        (5, Secret, "int instead of str at $"),
        (5, str | None, "int instead of str at $"),
        ([1, "canary"], list[int], "str instead of int at $[1]"),
        ({"canary": 1}, list[str], "dict instead of list at $"),
        ("canary", list[str], "str instead of list at $"),
        ({"a": "canary"}, dict[str, int], "str instead of int at $[a]"),
        ("canary", _Inner, "invalid value at $.amount"),
    ],
)
def test_refused(value: object, kind: type[object], place: str) -> None:
    """No type is coerced into another; the error names types and place, never the value."""
    with pytest.raises(UnfitError) as caught:
        structure(value, kind)

    assert place == caught.value.place
    assert caught.value.__context__ is None
    assert "canary" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": 5}, "int instead of str at $.name"),
        ({"name": None}, "NoneType instead of str at $.name"),
        ({"name": ...}, "required field missing at $.name"),
        ({"inner": ...}, "required field missing at $.inner"),
        ({"inner": {}}, "required field missing at $.inner.amount"),
        ({"inner": {"amount": "canary"}}, "invalid value at $.inner.amount"),
        ({"inner": {"amount": [1]}}, "list instead of int or Decimal at $.inner.amount"),
    ],
)
def test_places(changes: dict[str, object], place: str) -> None:
    """The error names the JSON path of the first problem."""
    data = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    with pytest.raises(UnfitError) as caught:
        structure(data, _Outer)

    assert place == caught.value.place


@pytest.mark.parametrize("data", [[], "canary", None, 5])
def test_not_an_object(data: object) -> None:
    """Anything but an object in its place is rejected."""
    with pytest.raises(UnfitError, match=f"{type(data).__name__} instead of an object at [$]"):
        structure(data, _Outer)


def test_unknown_fields_are_kept() -> None:
    """Unknown fields, and only those, are kept as received."""
    value = structure({**GOOD, "new": [1], "extra": "theirs", "ours": "theirs"}, _Outer)

    assert {"new": [1], "extra": "theirs", "ours": "theirs"} == value.extra
    assert value.ours is None


def test_nothing_unknown() -> None:
    """Without unknown fields `extra` is empty, and not shared between values."""
    one, other = structure(GOOD, _Outer), structure(GOOD, _Outer)

    assert {} == one.extra
    assert one.extra is not other.extra


def test_wire_names() -> None:
    """A field may have another name on the wire; its own name is then unknown there."""
    value = structure({**GOOD, "re-named": "x", "renamed": "y"}, _Outer)

    assert ("x", {"renamed": "y"}) == (value.renamed, value.extra)


def test_secrets_are_secret_from_the_start() -> None:
    """A secret text is wrapped as soon as it is read."""
    value = structure({**GOOD, "token": CANARY}, _Outer)

    assert Secret(CANARY) == value.token
    assert CANARY not in repr(value)


def test_frames_show_no_value_but_the_callers() -> None:
    """An error of `structure` has no frame below its own."""
    with pytest.raises(UnfitError) as caught:
        structure({"a": CANARY, "b": 5}, dict[str, int])
    held = [place for place in sightings(caught.value, CANARY) if not place.startswith("data in")]

    assert [] == held


def test_numbers_stay_finite() -> None:
    """A number beyond floats is a Decimal, and one beyond Decimals is rejected."""
    value = decode(b"1e400")

    assert isinstance(value, Decimal)
    assert math.inf == float(value)
    assert value.is_finite()


def test_null_is_nothing() -> None:
    """For a field with a default, of any type, null means missing."""
    value = structure({**GOOD, "many": None, "flag": None, "count": None, "new": None}, _Outer)

    assert ([], False, 0, {"new": None}) == (value.many, value.flag, value.count, value.extra)


@pytest.mark.parametrize(
    ("names", "expected"), [("a", ["a"]), (["a", "b"], ["a", "b"]), ([], []), (None, [])]
)
def test_one_or_many(names: object, expected: list[str]) -> None:
    """A single value counts as a list of one, in such a field only."""
    value = structure({"names": names, "other": "b"}, _Single)

    assert (expected, "b") == (value.names, value.other)
    assert "default" == structure({"names": names}, _Single).other


def test_a_class_may_read_itself() -> None:
    """`from_json` builds its class, alone and inside others, and its error is passed on."""
    assert _Itself(["a", "b"]) == structure("a,b", _Itself)
    assert [_Itself(["a"]), _Itself([1])] == structure(["a", [1]], list[_Itself])
    with pytest.raises(UnfitError) as caught:
        structure(5, _Itself)

    assert "neither words nor a list of them" == caught.value.place
    assert caught.value.__context__ is None


def test_foreign_notes_are_not_places() -> None:
    """Notes of a `from_json` on its errors are not taken for cattrs' notes of the place."""
    with pytest.raises(UnfitError) as caught:
        structure([["a"], 5], list[_Itself])

    assert "neither words nor a list of them" == caught.value.place


ODD: list[tuple[dict[str, object], str]] = [
    ({"flag": 1}, "int instead of bool at _Outer.flag"),
    ({"count": "12"}, "str instead of int at _Outer.count"),
    ({"token": 5}, "int instead of str at _Outer.token"),
    ({"by_name": []}, "invalid value at _Outer.by_name"),
    ({"re-named": [CANARY]}, "list instead of str at _Outer.re-named"),
    ({"many": CANARY}, "str instead of list at _Outer.many"),
    ({"many": {}}, "dict instead of list at _Outer.many"),
]


@pytest.mark.parametrize(("odd", "place"), ODD)
def test_an_odd_optional_field_goes_to_extra_and_loses_nothing(
    odd: dict[str, object], place: str
) -> None:
    """It is kept as received, its place is reported without a value, all others are read."""
    found: list[str] = []
    value = structure({**GOOD, "new": 1, **odd}, _Outer, found)

    assert _Outer("a", _Inner(Decimal("1.10")), extra={"new": 1, **odd}) == value
    assert [place] == found
    assert CANARY not in repr(found)


def test_an_odd_field_of_an_inner_object_stays_there() -> None:
    """The object that it is in keeps it; the objects around are read."""
    found: list[str] = []
    value = structure(
        [{"one": {"names": 5, "other": "x"}, "all": [{"other": 5}]}], list[_Tree], found
    )

    assert [_Tree(_Single([], "x", {"names": 5}), [_Single(extra={"other": 5})])] == value
    assert ["int instead of str at _Single.names", "int instead of str at _Single.other"] == found


def test_an_odd_element_does_not_lose_the_others() -> None:
    """The list has those that can be read, `extra` has the list as received; null is nothing."""
    listed = [{"amount": 1}, {}, None, {"amount": True}, 5, {"amount": 2}]
    found: list[str] = []
    value = structure({**GOOD, "many": listed}, _Outer, found)

    assert [_Inner(Decimal(1)), _Inner(Decimal(2))] == value.many
    assert {"many": listed} == value.extra
    assert ["required field missing at _Outer.many.amount"] == found


def test_nulls_and_empty_texts_are_not_odd() -> None:
    """For a field of any optional type both mean missing, and so does a null in a list."""
    found: list[str] = []
    empty = {"many": "", "flag": "", "token": "", "by_name": "", "re-named": "", "anything": ""}
    value = structure({**GOOD, **empty}, _Outer, found)

    assert _Outer("a", _Inner(Decimal("1.10"))) == value
    assert [_Inner(Decimal(1))] == structure([None, {"amount": 1}], list[_Inner])
    assert [] == found


def test_limits_hold_for_optional_fields_too() -> None:
    """A value beyond the limits is an error wherever it is: `extra` must not take it."""
    long, exponent = "x" * 200_000, "1e80000000"
    bombs: list[dict[str, object]] = [
        {"re-named": long},
        {"many": [{"amount": exponent}]},
        {"many": [{"amount": 1, "code": long}]},
        {"inner": {"amount": 1, "code": long}},
    ]
    places: list[str] = []
    for bomb in bombs:
        with pytest.raises(UnfitError) as caught:
            structure({**GOOD, **bomb}, _Outer)
        places.append(caught.value.place)

    assert "text of more than 100,000 characters at $.re-named" == places[0]
    assert "number of too many digits at $.many.amount" == places[1]
