"""Canadian rules: postal codes, phone numbers, dates of birth and the age of majority."""

import datetime
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.api.canada import (
    AGE_OF_MAJORITY,
    is_of_age,
    local_errors,
    postal_code_check,
    to_compact,
    to_phone,
    to_postal_code,
)
from flexiti_async.api.common import Province
from flexiti_async.api.widget import ApplyWidget, PurchaseWidget, init_widget
from flexiti_async.errors import FieldError, ValidationError

from ..support.canaries import sightings
from .test_widget_body import APPLICANT, PERSON

FIRST = "ABCEGHJKLMNPRSTVXY"
OTHERS = FIRST + "WZ"
CODES = st.from_regex(re.compile(f"[{FIRST}][0-9][{OTHERS}][0-9][{OTHERS}][0-9]"), fullmatch=True)


@given(CODES, st.sampled_from(["", " ", "-", "  ", " - "]), st.booleans())
def test_postal_codes(code: str, gap: str, lower: bool) -> None:
    """Every spelling of a valid code becomes the same six capitals."""
    written = f" {code[:3]}{gap}{code[3:]} "

    assert code == to_postal_code(written.lower() if lower else written)
    assert postal_code_check.problem(to_compact(written.lower() if lower else written)) is None


@given(st.text(max_size=12))
def test_only_postal_codes(text: str) -> None:
    """Exactly the codes of Canada Post's rule are accepted."""
    good = re.fullmatch(f"[{FIRST}][0-9][{OTHERS}][0-9][{OTHERS}][0-9]", text.upper())

    assert (postal_code_check.problem(text) is None) is (good is not None and text.isascii())


@pytest.mark.parametrize("letter", "DFIOQU")
@pytest.mark.parametrize("place", [0, 2, 4])
def test_letters_of_no_code(letter: str, place: int) -> None:
    """Six letters are in no code, in either case."""
    code = "A1A1A1"[:place] + letter + "A1A1A1"[place + 1 :]

    assert ["invalid", "invalid"] == [
        postal_code_check.problem(code),
        postal_code_check.problem(code.lower()),
    ]


@pytest.mark.parametrize("letter", "WZ")
def test_letters_that_never_begin(letter: str) -> None:
    """Two letters never start a code, but may be in it."""
    assert "invalid" == postal_code_check.problem(f"{letter}1A1A1")
    assert postal_code_check.problem(f"A1{letter}1{letter}1") is None


@given(st.integers(2 * 10**9, 10**10 - 1), st.sampled_from(["({}) {}-{}", "{}.{}.{}", "{} {} {}"]))
def test_phones(number: int, form: str) -> None:
    """Every spelling of ten digits, with or without the country code, is the same number."""
    digits = str(number)
    written = form.format(digits[:3], digits[3:6], digits[6:])

    assert [number] * 4 == [
        to_phone(number),
        to_phone(written),
        to_phone(f"+1 {written}"),
        to_phone(f"1-{written}"),
    ]


@pytest.mark.parametrize(
    ("dob", "expected"), [("1900-01-01", []), ("2099-12-31", []), ("1899-12-31", ["dob"])]
)
def test_birth_years(dob: str, expected: list[str]) -> None:
    """A person is born in 1900 or later."""
    errors = local_errors("", dob=dob, postal_code=None)

    assert expected == [error.param for error in errors]


def test_ages_of_majority() -> None:
    """All 13 have an age: 19 in four provinces and in the territories, 18 elsewhere."""
    nineteen = {province.value for province, age in AGE_OF_MAJORITY.items() if age == 19}

    assert set(Province) == set(AGE_OF_MAJORITY)
    assert {"BC", "NB", "NL", "NS", "NT", "NU", "YT"} == nineteen


@pytest.mark.parametrize(
    ("dob", "province", "on", "expected"),
    [
        ("2008-06-15", "ON", "2026-06-14", False),
        ("2008-06-15", "ON", "2026-06-15", True),
        ("2008-06-15", "BC", "2026-06-15", False),
        ("2007-06-15", "BC", "2026-06-15", True),
        ("2008-02-29", "QC", "2026-02-28", False),
        ("2008-02-29", "QC", "2026-03-01", True),
        ("2030-01-01", "QC", "2026-03-01", False),
    ],
)
def test_of_age(dob: str, province: str, on: str, expected: bool) -> None:
    """A person is of age from the birthday at which they reach their province's age."""
    day = datetime.date.fromisoformat

    assert expected is is_of_age(day(dob), Province(province), day(on))


@given(st.dates(datetime.date(1900, 1, 1)), st.dates(), st.sampled_from(Province))
def test_once_of_age_for_ever(dob: datetime.date, on: datetime.date, province: Province) -> None:
    """A person who is of age stays so, and is so in every province a year later."""
    if not is_of_age(dob, province, on) or on.year > 9990:
        return

    assert is_of_age(dob, province, on + datetime.timedelta(days=1))
    assert all(is_of_age(dob, other, on + datetime.timedelta(days=366)) for other in Province)


def test_minors_cannot_apply() -> None:
    """With the date, a minor's application is rejected, and no personal data are shown."""
    fields: dict[str, Any] = {**APPLICANT, "dob": "2008-07-24", "province": "BC"}
    widget = ApplyWidget(**fields)
    with pytest.raises(ValidationError) as caught:
        init_widget(widget, today=datetime.date(2027, 7, 23))

    error = FieldError(f"{PERSON}.dob", "not of age", "10 characters")
    assert (error,) == caught.value.field_errors
    assert "must be of age: 19 in BC" in str(caught.value)
    assert [] == sightings(caught.value, "2008-07-24")


@pytest.mark.parametrize(
    ("widget", "today"),
    [
        (ApplyWidget(**APPLICANT), None),
        (ApplyWidget(**APPLICANT), datetime.date(2026, 1, 1)),
        (PurchaseWidget(account_number=1), datetime.date(2026, 1, 1)),
    ],
    ids=["no day", "adult", "purchase"],
)
def test_others_are_accepted(
    widget: ApplyWidget | PurchaseWidget, today: datetime.date | None
) -> None:
    """Adults, purchases, and calls without a date are accepted."""
    assert "widget/init" == init_widget(widget, today=today).endpoint
