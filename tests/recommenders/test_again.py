"""What is bought again, against a walk over everybody's purchases."""

from collections import defaultdict

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.dataset import PERSON, build_dataset
from shopkeeper.recommenders.again import bought_again
from shopkeeper.recommenders.repeat import Repeat

ITEMS = [f"i{n}" for n in range(5)]
rows = st.lists(
    st.tuples(
        st.sampled_from([None, "p0", "p1", "p2", "p3"]),
        st.sampled_from(ITEMS),
        st.sampled_from(["purchase", "purchase", "view_item"]),
        st.integers(0, 12),
    ),
    min_size=1,
    max_size=40,
)


def dataset(events):
    """Half-days to moments."""
    table = [(person, item, kind, half_day * DAY_MS // 2) for person, item, kind, half_day in events]
    frame = pl.DataFrame(
        table,
        {PERSON: pl.String, c.ITEM_ID: pl.String, c.EVENT_TYPE: pl.String, c.TIMESTAMP: pl.Int64},
        orient="row",
    )
    return build_dataset(frame, pl.DataFrame({c.ITEM_ID: ITEMS}))


@given(rows)
def test_the_share_who_come_back_is_the_counted_one(events):
    days = defaultdict(set)
    for person, item, kind, half_day in events:
        if person is not None and kind == "purchase":
            days[person, item].add(half_day // 2)
    usual = sum(len(seen) > 1 for seen in days.values()) / max(len(days), 1)
    data = dataset(events)
    found = bought_again(data)
    for code, item in enumerate(data.items.ids):
        buyers = [seen for (_, other), seen in days.items() if other == item]
        returning = sum(len(seen) > 1 for seen in buyers)
        assert found[code] == pytest.approx((returning + 5 * usual) / (len(buyers) + 5), abs=1e-6)


def test_staples_are_bought_again_and_other_goods_are_not(tmp_path):
    """Forty people buy milk every week, and a lamp once."""
    events = [(f"p{n}", "i0", "purchase", 14 * week + n % 2) for n in range(40) for week in range(4)]
    events += [(f"p{n}", "i1", "purchase", n) for n in range(40)]
    fitted = Repeat().fit(dataset(events))
    assert fitted.repeatable()[:2].tolist() == [True, False]
    fitted.save(tmp_path)
    assert Repeat.load(tmp_path).repeatable().tolist() == fitted.repeatable().tolist()
