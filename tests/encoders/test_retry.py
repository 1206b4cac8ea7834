"""What services ask by ``Retry-After``, and what is no wait at all."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.encoders.retry import retry_after


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("0", 0.0),
        ("86400", 86_400.0),
        ("1.5", 1.5),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("٣", None),
    ],
)
def test_examples(told, seconds):
    assert retry_after(told) == seconds


def test_a_date_to_come():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after(soon) == pytest.approx(30, abs=5)


@given(st.text())
def test_whatever_is_told_is_a_wait_or_none(told):
    seconds = retry_after(told)
    assert seconds is None or 0 <= seconds < 1e12
