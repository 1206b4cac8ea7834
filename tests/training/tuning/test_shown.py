"""A ranker taught by what people were shown and left, in shops whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core.types import DAY_MS, Ragged
from shopkeeper.data.showings import Showings
from shopkeeper.data.split import time_split
from shopkeeper.recommenders.blend import Blend, BlendConfig
from shopkeeper.recommenders.popular import Popular
from shopkeeper.training.portfolio import Portfolio, Settings, choose, refit
from shopkeeper.training.tuning.shown import learn_from_shown
from tests.recommenders.worlds import shop
from tests.training.shops import ids

LOUD = 30
"""Items of a lower code are bought thrice as often, without help."""
SLOTS = 10
LOOKED = 0.8 ** np.arange(SLOTS)
ALONE = BlendConfig({"popular": 1.0}, {"popular": 1.0})


@pytest.fixture(scope="module")
def bought():
    rng = np.random.default_rng(0)
    loud = rng.random((100, 20)) < 0.75
    items = np.where(loud, rng.integers(LOUD, size=loud.shape), rng.integers(LOUD, 60, loud.shape))
    return shop(
        [
            (f"p{row:03}", f"i{item:02}", int(day))
            for row in range(100)
            for item, day in zip(items[row], rng.integers(42, size=20), strict=True)
        ],
        ids(),
    )


def shown(dataset, appeal, pages=1_000, seed=1):
    """The last week's pages, ten of the catalogue each, taken by the appeal of each item where looked at."""
    rng = np.random.default_rng(seed)
    items = np.stack([np.sort(rng.permutation(60)[:SLOTS]) for _ in range(pages)])
    place = np.stack([rng.permutation(SLOTS) for _ in range(pages)])
    taken = rng.random(items.shape) < appeal[items] * LOOKED[place]
    return replace(
        dataset,
        showings=Showings(
            rng.integers(-1, len(dataset.people), pages).astype(np.int32),
            np.sort(dataset.end - rng.integers(1, 7 * DAY_MS, pages)),
            Ragged.of(items.tolist()),
            place.ravel(),
            taken.ravel(),
            np.ones(pages, bool),
        ),
    )


def taught(dataset):
    split = time_split(dataset, 7)
    assert split.pages is not None
    sources = (Popular().fit(split.train),)
    return sources, split, learn_from_shown(sources, ALONE, split.pages, split.train)


def test_what_was_shown_of_late_teaches_whenever_everything_is_fitted(bought):
    """Chosen before anything was shown; then everybody takes from pages what nobody bought by themselves."""
    chosen = Portfolio.of(Settings({"popular": None}, ALONE)).fit(bought)
    asked = time_split(bought, 7).test.requests
    plain = refit(chosen, bought)
    taught_anew = refit(chosen, shown(bought, np.where(np.arange(60) < LOUD, 0.02, 0.4)))
    assert plain.ranker is None
    assert taught_anew.settings.blend.ranker > 0
    quiet = [(model.recommend(asked, 5).items >= LOUD).mean() for model in (plain, taught_anew)]
    assert quiet[0] < 0.1
    assert quiet[1] > 0.9


def test_what_is_shown_and_left_sinks_though_it_is_bought_most(bought):
    """Everybody finds the loud items by themselves, and nobody takes them from a page."""
    appeal = np.where(np.arange(60) < LOUD, 0.02, 0.4)
    sources, split, found = taught(shown(bought, appeal))
    assert found is not None
    assert found.gain > 0.1
    before = Blend(ALONE, sources).recommend(split.test.requests, SLOTS)
    after = Blend(replace(ALONE, ranker=found.weight), sources, found.ranker).recommend(
        split.test.requests, SLOTS
    )
    assert (before.items < LOUD).mean() > 0.9
    assert (after.items < LOUD).mean() < 0.1


def test_takings_by_chance_teach_nothing(bought):
    assert taught(shown(bought, np.full(60, 0.3)))[2] is None


def test_a_few_takings_teach_nothing(bought):
    assert taught(shown(bought, np.where(np.arange(60) < LOUD, 0.02, 0.4), pages=60))[2] is None


def test_pages_know_what_was_known_then_and_nothing_later(bought):
    dataset = shown(bought, np.full(60, 0.3), pages=40)
    pages = time_split(dataset, 7).pages
    assert pages is not None
    histories = pages.requests.histories
    for row, (person, time) in enumerate(zip(pages.showings.person, pages.showings.time, strict=True)):
        own = (dataset.person == person) & (dataset.time < time) & (person >= 0)
        assert histories.items[histories.offsets[row] : histories.offsets[row + 1]].tolist() == (
            dataset.item[own].tolist()
        )


def test_the_portfolio_learns_from_what_was_shown_where_there_is_a_log(bought):
    with_log = shown(bought, np.where(np.arange(60) < LOUD, 0.02, 0.4))
    plain, taught = (choose(time_split(one, 7), budget=1.0) for one in (bought, with_log))
    assert plain.settings.blend.ranker == 0
    assert taught.settings.blend.ranker > 0
    assert replace(taught.settings.blend, ranker=0.0) == plain.settings.blend
