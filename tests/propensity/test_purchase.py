"""What is bought next, and for how much, in the simulated shop."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.propensity.examples import observe
from shopkeeper.propensity.labels import next_categories, spent
from shopkeeper.propensity.lifetime import lifetime, probabilistic
from shopkeeper.propensity.purchase import NextCategory, by_frequency, pairs
from tests.features.people import bought, log_of
from tests.propensity.world import AS_OF, after, shop

MOMENT = AS_OF * DAY_MS
HORIZON = 21


def quiet(stage, done, total):
    """Nobody is told of progress."""


def hit_rate(ranked, truth, k):
    told = ranked.filter(pl.col("rank") <= k)
    people = truth.select("person").unique().join(ranked.select("person").unique(), on="person")
    hits = truth.join(told, on=["person", c.CATEGORY]).select("person").unique()
    return len(hits.join(people, on="person")) / len(people)


def test_next_categories_are_told_about_as_well_as_by_frequency_or_better():
    truth = next_categories(shop(), MOMENT, HORIZON, c.CATEGORY)
    model = NextCategory.fit(shop(), MOMENT, HORIZON, quiet)
    assert model is not None
    ranked = model.rank(shop().before(MOMENT), MOMENT)
    # Tastes here are fixed, so that counting is the best one can do.
    assert hit_rate(ranked, truth, 1) > hit_rate(by_frequency(shop(), MOMENT), truth, 1) - 0.05
    assert hit_rate(ranked, truth, 1) > 0.5
    first = ranked.filter(pl.col("rank") == 1)
    assert len(first) == first["person"].n_unique()
    changed = NextCategory.fit(after(shop(), AS_OF), MOMENT, HORIZON, quiet)
    assert changed is not None
    assert changed.rank(shop(), MOMENT).equals(model.rank(shop(), MOMENT))


def test_pairs_hold_what_was_bought_when():
    rows = [bought("c_a", day, "tea") for day in (0, 5, 10)] + [bought("c_a", 10, "jam")]
    rows += [bought("c_b", 10, "pot"), bought("c_b", 99, "tea")]
    found = pairs(log_of(rows), 12 * DAY_MS, c.CATEGORY)
    told = {(row["person"], row[c.CATEGORY]): row for row in found.iter_rows(named=True)}
    assert set(told) == {
        (0, "Drinks"),
        (0, "Food"),
        (0, "Kitchen"),
        (1, "Drinks"),
        (1, "Food"),
        (1, "Kitchen"),
    }
    tea = told[(0, "Drinks")]
    assert (tea["visits"], tea["days_since"], tea["mean_gap"]) == (3, 1, 5)
    assert tea["share"] == 1
    assert told[(1, "Drinks")]["visits"] is None
    assert told[(0, "Food")]["mean_gap"] is None
    assert told[(0, "Food")]["buyers"] == 1


def test_without_categories_there_is_no_next_one():
    rows = [bought(f"c_{name}", day, "lost") for name in "ab" for day in range(0, 90, 9)]
    assert NextCategory.fit(log_of(rows), 85 * DAY_MS, 14, quiet) is None


def test_amounts_ahead_are_of_the_right_size_and_order():
    profiles, told = lifetime(shop(), MOMENT, HORIZON, quiet)
    came = spent(shop(), MOMENT, HORIZON)[profiles["person"].to_numpy()]
    assert told.sum() == pytest.approx(came.sum(), rel=0.3)
    assert np.corrcoef(told, came)[0, 1] > 0.4
    plain = probabilistic(observe(shop(), MOMENT, HORIZON))
    assert plain.sum() == pytest.approx(came.sum(), rel=0.5)
    assert (told >= 0).all()


def test_a_log_too_short_to_learn_from_is_answered_by_chance_alone():
    rows = [bought(f"c_{name}", day) for name in "abcdef" for day in range(0, 20, 4)]
    profiles, told = lifetime(log_of(rows), 20 * DAY_MS, 10, quiet)
    assert len(profiles) == 6
    assert np.isfinite(told).all()
