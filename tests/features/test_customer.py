"""Profiles: as of a moment they know nothing of later, and one person's are those of the whole log."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.customer_log import build_customer_log
from shopkeeper.features.customer import STAGE, STAGES, profiles
from shopkeeper.features.visits import Norms, silences, visits
from tests.features.people import COLUMNS, CUSTOMERS, ITEMS, bought, log_of, logs

moments = st.integers(1, 45 * DAY_MS)


@given(logs, moments)
def test_profiles_as_of_a_moment_equal_those_of_the_log_cut_there(rows, as_of):
    whole = profiles(log_of(rows), as_of)
    cut = [row for row in rows if row[1] < as_of]
    rebuilt = profiles(log_of(cut), as_of) if cut else None
    if rebuilt is None:
        assert whole.is_empty()
        return
    key = "person"  # codes count everybody in the log, also who came later
    assert_frame_equal(whole.drop(key), rebuilt.drop(key))


@given(logs, moments)
def test_one_person_alone_has_the_profile_they_have_among_all(rows, as_of):
    together = log_of(rows)
    norms = Norms.of(together, as_of)
    found = profiles(together, as_of)
    for person in found[c.CUSTOMER_ID]:
        events = pl.DataFrame([row for row in rows if row[0] == person], COLUMNS, orient="row")
        alone = profiles(build_customer_log(events, ITEMS, CUSTOMERS), as_of, norms)
        assert_frame_equal(alone.drop("person"), found.filter(pl.col(c.CUSTOMER_ID) == person).drop("person"))


@given(logs, moments)
def test_visits_are_days_with_a_purchase(rows, as_of):
    log = log_of(rows)
    plain = {
        (row[0], (as_of - 1 - row[1]) // DAY_MS) for row in rows if row[2] == "purchase" and row[1] < as_of
    }
    found = visits(log, as_of)
    names = log.people.gather(found["person"]).to_list()
    assert sorted(zip(names, found["ago"].to_list(), strict=True)) == sorted(plain)
    told = profiles(log, as_of)
    for person, frequency in told.select(c.CUSTOMER_ID, "frequency").rows():
        assert frequency == sum(name == person for name, _ in plain)


def test_a_profile_says_what_was_bought_and_how():
    rows = [bought("c_a", day) for day in (0, 7, 14, 21)]
    rows += [("c_a", 15 * DAY_MS, "purchase", "pot", 2.0, 20.0, 5.0, "north", None)]
    rows += [("c_a", 16 * DAY_MS, "refund", "pot", 1.0, 20.0, None, None, None)]
    rows += [("c_a", 22 * DAY_MS, "view_item", "cup", None, None, None, None, 3000.0)]
    told = profiles(log_of(rows), 25 * DAY_MS).row(0, named=True)
    assert told["frequency"] == 5
    assert told["spend"] == 60
    assert told["recency_days"] == 3.5
    assert told["tenure_days"] == 24.5
    assert told["discount_share"] == pytest.approx(40 / 60)
    assert told["refund_share"] == pytest.approx(20 / 60)
    assert told["favourite_category"] == "Drinks"
    assert told["favourite_category_share"] == pytest.approx(4 / 5)
    assert told["favourite_place"] == "north"
    assert told["favourite_hour"] == "12"
    assert told["looks_28d"] == 1
    assert told["dwell_seconds"] == 3
    assert told["visits_7d"] == 1
    assert [told[f"week_{week}"] for week in (1, 2, 3, 4)] == [1, 2, 1, 1]
    assert told["repeat_share"] == pytest.approx(3 / 5)


def weekly(person, days):
    return [bought(person, day) for day in days]


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        ((88,), "new"),
        (range(5, 90, 7), "active"),
        (range(5, 80, 7), "at risk"),
        (range(5, 40, 7), "lapsed"),
        ((3, 10, 17, 24, 88), "won back"),
    ],
)
def test_stages_follow_the_persons_own_rhythm(days, stage):
    # What is usual comes from somebody who comes every seven days.
    rows = weekly("c_b", range(1, 90, 7)) + weekly("c_a", days)
    told = profiles(log_of(rows), 90 * DAY_MS, Norms(7.0, 3.0))
    assert told.filter(pl.col(c.CUSTOMER_ID) == "c_a")[STAGE].item() == stage
    assert stage in STAGES


def test_whoever_only_looks_is_a_prospect():
    rows = [("c_a", DAY_MS, "view_item", "tea", None, None, None, None, None)]
    told = profiles(log_of(rows), 2 * DAY_MS).row(0, named=True)
    assert told[STAGE] == "prospect"
    assert told["frequency"] == 0
    assert told["recency_days"] is None
    assert told["looks_28d"] == 1


def test_attributes_stand_beside_what_was_done():
    told = profiles(log_of([bought("c_a", 0), bought("c_b", 0), bought("c_new", 0)]), DAY_MS)
    assert told["customer.age"].to_list() == ["young", "old", None]


@given(logs, moments, st.integers(1, 20))
def test_shares_of_silence_are_shares(rows, as_of, days):
    found = silences(log_of(rows), as_of, days)
    for name in ("silent_share", "much_longer_share"):
        assert found[name].is_between(0, 1).all()


def test_silence_is_counted_by_moments():
    # Bought on days 0, 10 and 12, asked on day 20: of 13 days since the first, those 0 to 5 and 12 onwards
    # had no purchase within the four days that followed.
    found = silences(log_of(weekly("c_a", (0, 10, 12))), 20 * DAY_MS, 4).row(0, named=True)
    assert found["longer"] == 1
    assert found["much_longer_share"] == 0
    assert found["silent_share"] == pytest.approx((6 + 3) / (19 - 4 + 1))
