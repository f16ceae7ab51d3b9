"""Dates of HTTP: three forms, one meaning, and never an exception."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.protocol.http_date import seconds_of_http_date
from flexiti_async.protocol.response import retry_after

SECONDS = 784_111_777.0
"""The moment of RFC 9110's own examples."""


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
    """The examples of RFC 9110 section 5.6.7, and zones that it does not have."""
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
def test_what_is_no_date_is_none(text: str) -> None:
    """Nonsense is as good as nothing."""
    assert seconds_of_http_date(text) is None


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
)
def test_what_servers_send_comes_back(moment: datetime) -> None:
    """To the second, which is all that the form has."""
    whole = moment.replace(microsecond=0)

    assert whole.timestamp() == seconds_of_http_date(format_datetime(whole, usegmt=True))


@given(st.text(max_size=80))
def test_it_is_total(text: str) -> None:
    """Whatever stands in a header: a number or None."""
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
    """The server's clock with the server's clock; ours may be anything."""
    assert expected == retry_after({"retry-after": until, "date": date})
