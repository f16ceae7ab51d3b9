"""HTTP dates: three forms, one meaning, and never an exception."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.protocol.response import retry_after, seconds_of_http_date

SECONDS = 784_111_777.0
"""The time in RFC 9110's examples."""


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 -0000",
        "Sun, 06 Nov 1994 09:49:37 +0100",
    ],
)
def test_each_form_is_read(text: str) -> None:
    """The examples of RFC 9110 section 5.6.7 are read, also with other zones."""
    assert SECONDS == seconds_of_http_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1994-11-06T08:49:37Z",
        "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 99:49:37 GMT",
        "Sun, 06 Nov 99999999999 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT" + " " * 64,
        "Sün, 06 Nov 1994 08:49:37 GMT",
    ],
)
def test_invalid_dates_are_none(text: str) -> None:
    """Invalid text counts as missing."""
    assert seconds_of_http_date(text) is None


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
)
def test_formatted_dates_are_read(moment: datetime) -> None:
    """A formatted date is read exactly, to the second."""
    whole = moment.replace(microsecond=0)

    assert whole.timestamp() == seconds_of_http_date(format_datetime(whole, usegmt=True))


@given(st.text(max_size=80))
def test_it_is_total(text: str) -> None:
    """Any header text is a number or None."""
    found = seconds_of_http_date(text)

    assert found is None or isinstance(found, float)


@pytest.mark.parametrize(
    ("until", "date", "expected"),
    [
        ("Sun, 06 Nov 1994 08:50:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 60.0),
        ("Sun, 06 Nov 1994 08:48:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 2044 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 86_400.0),
        ("Sun, 06 Nov 1994 08:50:37 GMT", "", None),
        ("Sun, 06 Nov 1994 08:50:37 GMT", "soon", None),
        ("soon", "Sun, 06 Nov 1994 08:49:37 GMT", None),
    ],
)
def test_retry_after_counts_a_date_from_the_answers_own(
    until: str, date: str, expected: float | None
) -> None:
    """A date is compared with the server's clock only; ours does not matter."""
    assert expected == retry_after({"retry-after": until, "date": date})
