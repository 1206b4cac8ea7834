"""Popularity and trends against loops over events."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import DAY_MS
from shopkeeper.recommenders.popular import Popular, PopularConfig, Trending, TrendingConfig
from tests.recommenders import worlds
from tests.recommenders.worlds import ask, everything, names, shop


def events_of(dataset):
    """Item, weight and time of each event, one by one."""
    for row in range(len(dataset)):
        yield int(dataset.item[row]), float(dataset.weights[dataset.kind[row]]), int(dataset.time[row])


def plain_popularity(dataset, half_life_days):
    scores = [0.0] * dataset.n_items
    for item, weight, time in events_of(dataset):
        scores[item] += weight * 2.0 ** (-(dataset.end - time) / (half_life_days * DAY_MS))
    return scores


def plain_trend(dataset, window_days, baseline_windows):
    window = window_days * DAY_MS
    recent, before = [0.0] * dataset.n_items, [0.0] * dataset.n_items
    for item, weight, time in events_of(dataset):
        newest, slot = (int(moment // (window / 28)) for moment in (dataset.end - 1, time))
        windows_back = (newest - slot) // 28
        if windows_back == 0:
            recent[item] += weight
        elif windows_back <= baseline_windows:
            before[item] += weight
    covered = min(max((dataset.end - dataset.start) / window - 1, 1), baseline_windows)
    expected = [amount / covered for amount in before]
    return [(r - e) / sqrt(e + 1) for r, e in zip(recent, expected, strict=True)]


def scores_of(model, dataset):
    requests = ask(dataset, [])
    return model.score(requests, everything(requests, dataset.n_items))


@given(worlds.shops, st.sampled_from([0.5, 7.0, 365.0]))
def test_popularity_is_decayed_counting(dataset, half_life):
    found = scores_of(Popular(PopularConfig(half_life)).fit(dataset), dataset)
    np.testing.assert_allclose(found, plain_popularity(dataset, half_life), rtol=1e-5, atol=1e-20)


@given(worlds.shops, st.sampled_from([(1.0, 3), (7.0, 8), (7.0, 2)]))
def test_trend_is_the_surprise_of_the_last_window(dataset, config):
    found = scores_of(Trending(TrendingConfig(*config)).fit(dataset), dataset)
    np.testing.assert_allclose(found, np.maximum(plain_trend(dataset, *config), 0), rtol=1e-5, atol=1e-6)


def test_steady_sales_are_no_trend():
    """A shop whose first window of the baseline is not whole: steady is steady all the same."""
    dataset = shop([(None, "i01", day / 4) for day in range(4 * 31)])
    assert scores_of(Trending().fit(dataset), dataset)[1] < 0.2


@pytest.mark.parametrize("family", [Popular, Trending])
@given(
    rows=st.lists(
        st.tuples(worlds.people, st.sampled_from(worlds.ITEMS[:4]), st.integers(0, 90), worlds.kinds),
        max_size=30,
    ),
    steps=st.lists(st.lists(st.booleans(), min_size=31, max_size=31), max_size=3),
)
def test_whatever_comes_and_goes_the_ranking_is_that_of_a_fit(family, rows, steps):
    """As long as the first and the newest event stay: time does not run back."""
    ends = [("zoe", "i05", day, "purchase") for day in (0, 91)]
    now = whole = shop([*rows, *ends])
    model = family().fit(whole)
    for step in steps:
        stays = (
            np.resize(np.array(step), len(whole))
            | (whole.time == whole.start)
            | (whole.time == whole.end - 1)
        )
        after = whole.where(stays)
        model.exchange(now, after)
        now = after
    np.testing.assert_allclose(model.scores_, family().fit(now).scores_, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("family", [Popular, Trending])
def test_a_loaded_ranking_goes_on_counting(family, tmp_path):
    rows = [(f"p{n % 5}", f"i{(n * n) % 7:02}", n) for n in range(80)]
    before, after = shop(rows[:60]), shop(rows)
    family().fit(before).save(tmp_path)
    model = family.load(tmp_path).exchange(before, after)
    np.testing.assert_allclose(model.scores_, family().fit(after).scores_, rtol=1e-5, atol=1e-12)
    assert np.array_equal(model.order_, family().fit(after).order_)


def test_a_shop_that_begins_with_a_change():
    after = shop([("u", "i01", 3), ("u", "i02", 4), ("u", "i01", 9)])
    for family in (Popular, Trending):
        model = family().fit(after.where(np.zeros(3, bool))).add(after)
        assert np.array_equal(model.scores_, family().fit(after).scores_)


def test_what_nobody_took_stands_last():
    dataset = shop([("u", "i07", 0), ("u", "i08", 3000)])
    listed = names(dataset, Popular(PopularConfig(30.0)).fit(dataset).recommend(ask(dataset, []), 12))[0]
    assert listed[:3] == ["i08", "i07", "i00"]


def test_place_in_the_ranking_is_the_evidence():
    dataset = shop([("u", "i03", 9), ("v", "i03", 9), ("u", "i01", 9)])
    model = Popular().fit(dataset)
    evidence = model.explain(ask(dataset, []), dataset.items.encode(["i03", "i01"]))
    assert [one.facts for one in evidence] == [(("place", 1.0),), (("place", 2.0),)]
    assert all(one.items == () for one in evidence)


@pytest.mark.parametrize("family", [Popular, Trending])
def test_settings_survive_saving(family, tmp_path):
    config = PopularConfig(3.5) if family is Popular else TrendingConfig(2.0, 5)
    family(config).fit(shop([("u", "i01", 1)])).save(tmp_path)
    assert family.load(tmp_path).config == config
