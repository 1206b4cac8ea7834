"""Quiet hours, beside a walk from hour to hour."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.config import Actions, parse_config
from shopkeeper.core.errors import InvalidConfig
from shopkeeper.core.types import DAY_MS
from shopkeeper.surfaces.quiet import send_at

HOUR = DAY_MS // 24
hours = st.integers(0, 23)
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York")


def quiet(moment, terms):
    hour = datetime.fromtimestamp(moment / 1000, terms.zone).hour
    start, end = terms.quiet_from, terms.quiet_until
    return (start <= hour < end) if start <= end else (hour >= start or hour < end)


@given(st.integers(0, 60 * 365 * DAY_MS), hours, hours, st.sampled_from(ZONES))
def test_the_first_moment_that_is_not_quiet(moment, start, end, zone):
    terms = Actions(quiet_from=start, quiet_until=end, time_zone=zone)
    wanted = moment
    while quiet(wanted, terms):
        wanted = (wanted // (HOUR // 2) + 1) * (HOUR // 2)
    assert send_at(moment, terms) == wanted


def test_over_midnight():
    terms = Actions(quiet_from=21, quiet_until=8)
    assert send_at(23 * HOUR, terms) == DAY_MS + 8 * HOUR
    assert send_at(DAY_MS + 7 * HOUR + 5, terms) == DAY_MS + 8 * HOUR
    assert send_at(12 * HOUR, terms) == 12 * HOUR


@pytest.mark.parametrize(
    ("day", "until"),
    [("2024-01-15", 7), ("2024-03-31", 6), ("2024-07-15", 6), ("2024-10-27", 7)],
)
def test_a_shop_keeps_its_own_clock_through_summer_time(day, until):
    terms = Actions(quiet_from=21, quiet_until=8, time_zone="Europe/Berlin")
    midnight = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1000
    assert send_at(midnight, terms) == midnight + until * HOUR


def test_a_time_zone_that_is_none_is_refused():
    with pytest.raises(InvalidConfig, match=r"actions.time_zone = 'Mars': must be a time zone"):
        parse_config('[actions]\ntime_zone = "Mars"\n')
