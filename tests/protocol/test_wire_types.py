"""Wire types: strict where the API is, lenient where it is not."""

import datetime
import enum
from decimal import Decimal
from types import MappingProxyType

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.protocol.json_codec import UnfitError, decode, encode
from flexiti_async.protocol.structuring import (
    Day,
    Moment,
    NumberText,
    WholeNumber,
    one_or_many,
    structure,
)


class _Colour(enum.StrEnum):
    RED = "red"


@frozen
class _Answer:
    """An answer with a field of each lenient type."""

    colour: _Colour | str | None = None
    day: Day | None = None
    moment: Moment | None = None
    count: WholeNumber | None = None
    number: NumberText | None = None
    many: list[Decimal] = field(factory=list[Decimal], metadata=one_or_many())
    extra: dict[str, object] = field(factory=dict[str, object])


def read(name: str, value: object) -> object:
    """Read one field."""
    return getattr(structure({name: value}, _Answer), name)


UTC = datetime.UTC
NEWFOUNDLAND = datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))


@pytest.mark.parametrize(
    ("name", "given_", "expected"),
    [
        ("colour", "red", _Colour.RED),
        ("colour", "green", "green"),
        ("colour", "RED", "RED"),
        ("colour", "", None),
        ("day", "", None),
        ("day", "2022-01-31", datetime.date(2022, 1, 31)),
        ("day", "2022-02-31", "2022-02-31"),
        ("day", "20220131", "20220131"),
        ("day", "2022-W05-1", "2022-W05-1"),
        ("day", "31/01/2022", "31/01/2022"),
        ("moment", "2022-01-31T12:00:00Z", datetime.datetime(2022, 1, 31, 12, tzinfo=UTC)),
        (
            "moment",
            "2022-01-31T12:00:00.5-03:30",
            datetime.datetime(2022, 1, 31, 12, microsecond=500_000, tzinfo=NEWFOUNDLAND),
        ),
        ("moment", "2022-01-31T12:00:00", "2022-01-31T12:00:00"),
        ("moment", "2022-01-31", "2022-01-31"),
        ("moment", "soon", "soon"),
        ("count", 12, 12),
        ("count", "12", 12),
        ("count", "012", 12),
        ("count", Decimal("12.0"), 12),
        ("count", "12.0", 12),
        ("count", Decimal("1.2E+1"), 12),
        ("count", "", None),
        ("number", 12, "12"),
        ("number", Decimal("12.0"), "12"),
        ("number", "012", "012"),
        ("many", [Decimal("0.5"), 1], [Decimal("0.5"), Decimal(1)]),
        ("many", Decimal("0.5"), [Decimal("0.5")]),
        ("many", "0.5", [Decimal("0.5")]),
        ("many", [], []),
    ],
    ids=map(str, range(29)),
)
def test_reads(name: str, given_: object, expected: object) -> None:
    """Known values get their type, unknown ones stay text."""
    value = read(name, given_)

    assert expected == value
    assert type(expected) is type(value)


@pytest.mark.parametrize("name", ["colour", "day", "moment", "count", "number"])
def test_null(name: str) -> None:
    """Null counts as missing."""
    assert read(name, None) is None


def test_null_in_a_list() -> None:
    """Null as an item of a list stays null if the type allows it, and is passed over if not."""
    assert [None, _Colour.RED, "x"] == structure([None, "red", "x"], list[_Colour | str | None])
    assert ["x"] == structure([None, "x"], list[_Colour | str])


def test_null_for_a_list() -> None:
    """Null in place of a list is an empty list, and null in an unknown field is kept."""
    assert _Answer(extra={"new": None}) == structure({"many": None, "new": None}, _Answer)


@pytest.mark.parametrize(
    ("name", "given_", "place"),
    [
        ("colour", 5, "int instead of str at _Answer.colour"),
        ("day", ["x"], "list instead of str at _Answer.day"),
        ("moment", True, "bool instead of str at _Answer.moment"),
        ("count", "1.5", "str instead of int at _Answer.count"),
        ("count", Decimal("1.5"), "Decimal instead of int at _Answer.count"),
        ("count", "-1", "str instead of int at _Answer.count"),
        ("count", "٣", "str instead of int at _Answer.count"),
        ("count", "1" * 19, "str instead of int at _Answer.count"),
        ("count", True, "bool instead of int at _Answer.count"),
        ("number", Decimal("1.5"), "Decimal instead of int at _Answer.number"),
        ("many", {"a": 1}, "dict instead of int or Decimal at _Answer.many"),
    ],
    ids=map(str, range(11)),
)
def test_refuses(name: str, given_: object, place: str) -> None:
    """An undocumented JSON type is kept in `extra`, and reported with its place only."""
    found: list[str] = []
    answer = structure({name: given_}, _Answer, found)

    assert _Answer(extra={name: given_}) == answer
    assert [place] == found


@given(st.text())
def test_any_word(word: str) -> None:
    """No unknown text loses an answer."""
    answer = structure({"colour": word, "day": word, "moment": word}, _Answer)

    assert (word or None) == (None if answer.colour is None else str(answer.colour))
    assert isinstance(answer.day, datetime.date | str) or not word
    assert not isinstance(answer.moment, datetime.datetime) or answer.moment.tzinfo


@given(st.datetimes(timezones=st.timezones()))
def test_any_moment(moment: datetime.datetime) -> None:
    """Every aware time in ISO 8601 is read as that time."""
    assert moment.utctimetuple() == _utc(read("moment", moment.isoformat()))


def _utc(value: object) -> object:
    assert isinstance(value, datetime.datetime)
    return value.utctimetuple()


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_survive(amount: Decimal) -> None:
    """A Decimal is the same number after encoding and decoding."""
    assert amount == decode(encode([amount]))[0]  # type: ignore[index] # pyright: ignore[reportIndexIssue]


@pytest.mark.parametrize("data", [{"count": 12}, MappingProxyType({"count": 12})])
def test_an_object_is_a_mapping_of_any_kind(data: object) -> None:
    """Read-only mappings are accepted."""
    assert _Answer(count=WholeNumber(12)) == structure(data, _Answer)


@pytest.mark.parametrize("data", [[], ["count"], "count", 12, None])
def test_nothing_else_is_an_object(data: object) -> None:
    """Anything else is rejected with its type."""
    with pytest.raises(UnfitError, match=rf"^{type(data).__name__} instead of an object at \$$"):
        structure(data, _Answer)
