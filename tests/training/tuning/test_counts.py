"""Tuning: the same every time, blind to the test, and within the bounds of its settings."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.split import last_out_split, time_split
from shopkeeper.evaluation.protocols import last_out_task, time_task
from shopkeeper.recommenders.cooccurrence import Cooccurrence
from shopkeeper.recommenders.popular import Popular
from shopkeeper.training.tuning import counts, trials
from tests.recommenders.worlds import shop
from tests.training.shops import N_ITEMS, chains, habits, ids


def test_the_same_settings_again():
    split = time_split(habits(), 7)
    cases = trials.thinned(split.test, 0)
    assert counts.tune_cooccurrence(split, cases, 3, 6) == counts.tune_cooccurrence(split, cases, 3, 6)
    assert counts.tune_popular(split, cases) == counts.tune_popular(split, cases)
    assert counts.tune_repeat(split, cases) == counts.tune_repeat(split, cases)


def disturbed(dataset, rows):
    """The same dataset with other items in these rows."""
    items = dataset.item.copy()
    items[rows] = np.random.default_rng(5).permutation(items[rows])
    return replace(dataset, item=items)


@pytest.mark.parametrize("shop", [habits, chains], ids=["habits", "chains"])
def test_tuning_never_sees_the_days_of_the_test(shop):
    dataset = shop()
    last = dataset.time >= dataset.end - 7 * DAY_MS
    changed = disturbed(dataset, last)
    assert not np.array_equal(changed.item, dataset.item)
    assert settings_of(time_task(changed, 7)) == settings_of(time_task(dataset, 7))


def test_tuning_never_sees_the_last_event_of_anybody():
    dataset = chains()
    last = dataset.offsets[1:] - 1
    assert settings_of(last_out_task(disturbed(dataset, last))) == settings_of(last_out_task(dataset))


def settings_of(task):
    assert task.tuning is not None
    cases = trials.thinned(task.tuning.test, 0)
    near = counts.tune_cooccurrence(task.tuning, cases, 0, 4)
    return near, counts.tune_popular(task.tuning, cases), counts.tune_repeat(task.tuning, cases)


def test_the_tuned_are_at_least_as_good_as_the_defaults_they_start_from():
    split = last_out_split(chains(), hold=2, ask=2)
    cases = trials.thinned(split.test, 0)
    tuned = counts.tune_cooccurrence(split, cases, 0, 8)
    model = Cooccurrence(tuned.config).fit(split.train)
    assert trials.value_of(model, cases) == pytest.approx(tuned.value)
    assert tuned.value >= trials.value_of(Popular().fit(split.train), cases)


def test_the_best_of_popularity_is_the_best_tried():
    split = time_split(habits(), 7)
    cases = split.test
    found = counts.tune_popular(split, cases)
    assert found.value == trials.value_of(Popular(found.config).fit(split.train), cases)


def test_settings_stay_within_their_bounds():
    rng = np.random.default_rng(0)
    config = Cooccurrence.DEFAULT
    for step in range(300):
        config = counts._near(config, rng) if step % 7 else counts._anywhere(config, rng)
        assert 0 <= config.symmetry <= 1
        assert 0 <= config.alpha <= 1
        assert 0 <= config.beta <= 1
        assert 0 < config.recency <= 1
        assert (config.reach, config.tau) in counts._KERNELS


@pytest.mark.parametrize(("shop", "low", "high"), [(habits, 0.5, 1.0), (chains, 0.0, 0.01)])
def test_share_of_repeats(shop, low, high):
    cases = last_out_split(shop(), hold=1, ask=1).test
    plain = np.mean(
        [
            item in cases.requests.histories.known[row]
            for row in range(len(cases))
            for item in cases.truth[row]
        ]
    )
    assert trials.repeat_share(cases) == plain
    assert low <= plain <= high


def test_cases_are_thinned_by_what_they_cost(monkeypatch):
    cases = last_out_split(habits(), hold=1, ask=1).test
    monkeypatch.setattr(trials, "_FEWEST_CASES", 5)
    monkeypatch.setattr(trials, "_MOST_HISTORY", 200)
    few = trials.thinned(cases, 0)
    assert 5 <= len(few) < len(cases)
    assert len(few.requests.histories.items) <= 400


def test_a_sample_keeps_whole_people(monkeypatch):
    dataset = habits()
    monkeypatch.setattr(counts, "MOST_EVENTS", len(dataset) // 3)
    sample = counts._sampled(dataset, 0)
    assert 0 < len(sample) < len(dataset)
    for person in np.unique(sample.person):
        assert (sample.person == person).sum() == (dataset.person == person).sum()


def browsers(people=120, seed=0):
    """Purchases walk along the catalogue; between them people look at anything at all."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        start = int(rng.integers(N_ITEMS))
        for step in range(8):
            rows.append((f"p{person:03}", f"i{(start + step) % N_ITEMS:02}", 4 * step, "purchase"))
            looked = rng.integers(N_ITEMS, size=4)
            rows += [
                (f"p{person:03}", f"i{i:02}", 4 * step + 1 + n, "view_item") for n, i in enumerate(looked)
            ]
        rows.append((f"p{person:03}", f"i{(start + 8) % N_ITEMS:02}", 32, "purchase"))
    return shop(rows, ids())


def test_kinds_that_say_little_are_heard_less():
    dataset = browsers()
    # Views speak too loudly at first, as they would where a shop sets their weight by hand.
    dataset = replace(dataset, weights=np.where(dataset.weights > 0, np.float32(1.0), np.float32(0.0)))
    split = last_out_split(dataset, hold=1, ask=1)
    cases = trials.thinned(split.test, 0)
    tuned = counts.tune_cooccurrence(split, cases, 0, 4)
    plain = Cooccurrence(replace(tuned.config, kinds={})).fit(split.train)
    assert tuned.value > trials.value_of(plain, cases)
    weights = tuned.config.weights(dataset.weights)
    assert weights[EventType.view_item] < weights[EventType.purchase]
    assert trials.value_of(Cooccurrence(tuned.config).fit(split.train), cases) == pytest.approx(tuned.value)


def test_one_kind_has_no_weight_to_choose():
    split = time_split(habits(), 7)
    assert counts.tune_cooccurrence(split, trials.thinned(split.test, 0), 0, 2).config.kinds == {}
