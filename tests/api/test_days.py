"""Where a day is meant, an aware datetime is refused: its day depends on the time zone."""

import datetime
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flexiti_async import ApplyWidget, PurchaseWidget, ValidationError
from flexiti_async.api import AuthorizationSearch, init_widget, search

MIDNIGHT = datetime.datetime(1990, 2, 1, tzinfo=datetime.UTC)
"""Which databases return for a date; in Canada it is still January."""
PERSON: dict[str, Any] = {"first_name": "Zoe", "last_name": "T", "postal_code": "K1A0B1"}


def apply(day: datetime.datetime) -> object:
    """Apply with the shop's own date."""
    widget = ApplyWidget(
        **PERSON,
        dob="1960-02-01",
        email="z@example.com",
        phone_number=6135550100,
        address_1="1 Rue A",
        city="Gatineau",
        province="QC",
        tos_agreement=True,
    )
    return init_widget(widget, today=day)


def of_a_widget(day: datetime.datetime) -> object:
    """Buy."""
    return PurchaseWidget(**PERSON, dob=day)


def of_a_search(day: datetime.datetime) -> object:
    """Find a customer."""
    return search(first_name="Zoe", last_name="T", dob=day)


def of_a_start(day: datetime.datetime) -> object:
    """List authorizations from a day on."""
    return AuthorizationSearch(creation_date_from=day)


def of_an_end(day: datetime.datetime) -> object:
    """List authorizations to a day."""
    return AuthorizationSearch(creation_date_to=day)


TAKES: dict[str, tuple[Callable[[datetime.datetime], object], str]] = {
    "widget": (of_a_widget, "dob"),
    "search": (of_a_search, "dob"),
    "from": (of_a_start, "creation_date_from"),
    "to": (of_an_end, "creation_date_to"),
    "today": (apply, "today"),
}


@pytest.mark.parametrize("name", TAKES)
def test_an_aware_datetime_is_no_day(name: str) -> None:
    """It is refused wherever a day is taken; its date, in the zone that is meant, is not."""
    takes, param = TAKES[name]
    with pytest.raises(ValidationError, match="not a datetime with a time zone") as caught:
        takes(MIDNIGHT)
    takes(MIDNIGHT.astimezone(ZoneInfo("America/Toronto")).replace(tzinfo=None))

    assert [param] == [
        one.param.rpartition(".")[2] for one in caught.value.field_errors if one.msg != "required"
    ]
