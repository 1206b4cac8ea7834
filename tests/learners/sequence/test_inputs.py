"""What a sequence model hears of histories, against plain loops."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.dataset import PERSON, build_dataset
from shopkeeper.learners.sequence.inputs import GAPS, GapCodes, Heard, hear, price_bands
from tests.recommenders import worlds
from tests.recommenders.worlds import START, ask, shop


@given(st.data())
def test_the_latest_known_events_are_heard_in_order(data):
    dataset = data.draw(worlds.shops)
    requests, length = data.draw(worlds.questions(dataset)), data.draw(st.integers(1, 6))
    known = np.array(data.draw(st.lists(st.booleans(), min_size=dataset.n_items, max_size=dataset.n_items)))
    gaps, history = GapCodes(2, 30), requests.histories
    heard = hear(history, requests.as_of, known, gaps, length)
    for row in range(len(requests)):
        low, high = history.offsets[row], history.offsets[row + 1]
        places = [place for place in range(low, high) if known[history.items[place]]][-length:]
        following = [*(history.times[place] for place in places[1:]), requests.as_of[row]]
        seconds = [
            (after - history.times[place]) / 1000 for place, after in zip(places, following, strict=False)
        ]
        codes = [int(np.clip(np.floor(np.log2(1 + max(0, second))), 2, 30)) for second in seconds]
        n = len(places)
        assert heard.lengths[row] == n
        assert heard.items[row, :n].tolist() == history.items[places].tolist()
        assert heard.kinds[row, :n].tolist() == history.kinds[places].tolist()
        assert heard.gaps[row, :n].tolist() == codes
        assert not heard.items[row, n:].any()


@given(st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1, max_size=5))
def test_where_an_item_comes_next(rows):
    width = max(len(row) for row in rows)
    items = np.array([row + [0] * (width - len(row)) for row in rows], np.int32).reshape(len(rows), width)
    heard = Heard(items, items, items, np.array([len(row) for row in rows]))
    found = heard.latest()
    for line, row in enumerate(rows):
        for place, item in enumerate(row):
            later = [after for after in range(place + 1, len(row)) if row[after] == item]
            assert found[line, place] == later[0] if later else found[line, place] > width


def test_made_up_times_say_nothing():
    daily = shop([(person, f"i{day:02}", day) for person in "uvw" for day in range(10)])
    gaps = GapCodes.learn(daily)
    assert gaps.low == gaps.high
    assert len(set(gaps.of(np.array([0, 10**3, 10**9, 10**12])).tolist())) == 1


def test_times_that_vary_are_told_apart():
    often = shop([(person, f"i{place:02}", place**3) for person in "uvw" for place in range(10)])
    minute, month = GapCodes.learn(often).of(np.array([60_000, 30 * DAY_MS]))
    assert 0 <= minute < month < GAPS


def test_what_hardly_occurred_is_taken_for_the_nearest():
    gaps = GapCodes(5, 20)
    assert gaps.of(np.array([-5, 0, 2**62])).tolist() == [5, 5, 20]


def test_nothing_to_learn_times_from():
    assert GapCodes.learn(shop([])) == GapCodes()
    assert GapCodes.learn(shop([(None, "i01", 1), (None, "i02", 2)])) == GapCodes()


def test_no_histories():
    requests = ask(shop([]), [], [])
    heard = hear(requests.histories, requests.as_of, np.zeros(12, bool), GapCodes(), 5)
    assert heard.items.shape == (2, 0)
    assert heard.lengths.tolist() == [0, 0]


def priced(prices):
    ids = [f"i{number:02}" for number in range(len(prices))]
    events = pl.DataFrame({PERSON: ["u"] * len(ids), c.ITEM_ID: ids, c.TIMESTAMP: [START] * len(ids)})
    table = pl.DataFrame({c.ITEM_ID: ids, c.PRICE: prices}, {c.ITEM_ID: pl.String, c.PRICE: pl.Float64})
    return build_dataset(events, table)


def test_price_bands_rise_and_hold_about_as_many():
    bands = price_bands(priced([None, *range(1, 81)]))
    assert bands[0] == 0
    assert (np.diff(bands[1:]) >= 0).all()
    assert np.bincount(bands[1:]).tolist() == [0, *[10] * 8]


@pytest.mark.parametrize("prices", [[None, None], [5.0, 5.0, 5.0]], ids=["unknown", "all alike"])
def test_no_price_bands(prices):
    assert not price_bands(priced(prices)).any()
