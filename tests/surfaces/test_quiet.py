"""Quiet hours, beside a walk from hour to hour."""

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import DAY_MS
from shopkeeper.surfaces.quiet import send_at

HOUR = DAY_MS // 24
hours = st.integers(0, 23)


def quiet(moment, start, end):
    hour = moment // HOUR % 24
    return (start <= hour < end) if start <= end else (hour >= start or hour < end)


@given(st.integers(0, 10 * DAY_MS), hours, hours)
def test_the_first_moment_that_is_not_quiet(moment, start, end):
    wanted = moment
    while quiet(wanted, start, end):
        wanted = (wanted // HOUR + 1) * HOUR
    assert send_at(moment, start, end) == wanted


def test_over_midnight():
    assert send_at(23 * HOUR, 21, 8) == DAY_MS + 8 * HOUR
    assert send_at(DAY_MS + 7 * HOUR + 5, 21, 8) == DAY_MS + 8 * HOUR
    assert send_at(12 * HOUR, 21, 8) == 12 * HOUR
