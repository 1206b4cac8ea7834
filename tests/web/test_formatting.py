import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import DAY_MS
from shopkeeper.web.formatting import ago, clock, money, number
from shopkeeper.web.strings import Words


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (3.5, "USD", "$3.50"),
        (1234.5, "CNY", "¥1,234.50"),
        (1234.0, "JPY", "¥1,234"),
        (2.0, "SEK", "SEK 2.00"),
        (-1.0, "EUR", "−€1.00"),
    ],
)
def test_money(value, currency, text):
    assert money(value, currency) == text


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (-5, "just now"),
        (59_999, "just now"),
        (60_000, "1 minute ago"),
        (7_200_000, "2 hours ago"),
        (DAY_MS, "yesterday"),
        (40 * DAY_MS, "40 days ago"),
    ],
)
def test_ago(passed, text):
    assert ago(Words("en"), 10**12 - passed, 10**12) == text


@given(st.integers(0, 4 * 10**12), st.integers(0, 4 * 10**12), st.sampled_from(["en", "zh"]))
def test_any_two_moments_can_be_told(moment, now, language):
    assert ago(Words(language), moment, now)
    assert len(clock(moment)) == 19


def test_number():
    assert [number(3.0), number(2500), number(0.5)] == ["3", "2,500", "0.50"]
