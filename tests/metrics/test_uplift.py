"""Uplift curves against plain loops, known orders, and the coverage that intervals promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.metrics.uplift import GROUPS, Trial, curves, doubly_robust, policy_value, uplift


def plain(scores, treated, outcome):
    """Both areas, person by person as the sources write them; tied people come together."""
    order = sorted(range(len(scores)), key=lambda row: -scores[row])
    points = [(0.0, 0.0, 0.0)]
    for place in range(1, len(order) + 1):
        if place < len(order) and scores[order[place]] == scores[order[place - 1]]:
            continue
        first = order[:place]
        with_ = [outcome[row] for row in first if treated[row]]
        without = [outcome[row] for row in first if not treated[row]]
        rate = sum(without) / len(without) if without else 0.0
        qini = (sum(with_) - rate * len(with_)) / sum(treated)
        gain = ((sum(with_) / len(with_) if with_ else 0.0) - rate) * place / len(order)
        points.append((place / len(order), qini, gain))
    share, qini, gain = np.array(points).T
    return np.trapezoid(qini, share) - qini[-1] / 2, np.trapezoid(gain, share)


rows = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.booleans()), min_size=4, max_size=60)


@given(rows)
def test_areas_agree_with_the_plain_loop(people):
    people = [*people, (3, True, True), (2, False, False)]
    scores, treated, outcome = (np.array(column) for column in zip(*people, strict=True))
    found = uplift(scores.astype(float), Trial.of(treated, outcome), resamples=2)
    assert (found.qini.mean, found.auuc.mean) == pytest.approx(plain(scores, treated, outcome))


def population(n, seed, effect=0.4):
    """Half are moved by the treatment, half are not, and the score tells which."""
    rng = np.random.default_rng(seed)
    moved = rng.random(n) < 0.5
    treated = rng.random(n) < 0.5
    outcome = rng.random(n) < 0.2 + effect * moved * treated
    return moved + rng.random(n) / 2, Trial.of(treated, outcome), moved


def test_many_scores_are_taken_by_thousandths_of_their_rank():
    scores, trial, _ = population(GROUPS + 300, 1)
    found = uplift(scores, trial, resamples=2)
    assert found.qini.mean == pytest.approx(plain(scores, trial.treated, trial.outcome)[0], abs=1e-3)
    assert len(curves(scores, trial).share) == GROUPS + 1


def test_a_good_order_is_above_zero_and_its_reverse_below():
    scores, trial, _ = population(3000, 0)
    good, bad = uplift(scores, trial), uplift(-scores, trial)
    # Half the people hold all of an effect of .2: the curve rises to it, then stays.
    assert good.qini.mean == pytest.approx(0.2 * 0.75 - 0.1, abs=0.02)
    assert good.qini.is_above_zero
    assert bad.qini.high < 0
    assert good.auuc.mean > bad.auuc.mean


def test_one_score_for_all_is_no_order():
    _, trial, _ = population(500, 2)
    found = uplift(np.zeros(500), trial)
    assert found.qini.mean == pytest.approx(0.0)
    assert found.auuc.mean == pytest.approx(curves(np.zeros(500), trial).uplift[-1] / 2)


def test_without_an_effect_the_interval_covers_zero_as_often_as_it_says():
    covered = 0
    for seed in range(60):
        scores, trial, _ = population(600, seed, effect=0.0)
        found = uplift(scores, trial, seed=seed, resamples=100)
        covered += found.qini.low <= 0 <= found.qini.high
    assert covered >= 52


def test_weights_take_out_who_was_chosen():
    """Those who buy anyway were treated more often; weighed by their chance, no effect is left."""
    rng = np.random.default_rng(5)
    eager = rng.random(20_000) < 0.5
    chance = np.where(eager, 0.8, 0.2)
    treated = rng.random(20_000) < chance
    outcome = rng.random(20_000) < np.where(eager, 0.6, 0.1)
    weights = np.where(treated, 1 / chance, 1 / (1 - chance))
    naive = uplift(np.zeros(20_000), Trial.of(treated, outcome), resamples=2).auuc.mean
    fair = uplift(np.zeros(20_000), Trial.of(treated, outcome, weights)).auuc
    assert naive > 0.1
    assert fair.low <= 0 <= fair.high


def test_outcomes_are_right_if_either_model_is():
    scores, trial, moved = population(20_000, 3)
    half = np.full(20_000, 0.5)
    true = np.stack([np.full(20_000, 0.2), 0.2 + 0.4 * moved], axis=1)
    for chance, expected in ((half, np.full((20_000, 2), 0.9)), (half * 1.4, true)):
        outcomes = doubly_robust(trial, chance, expected)
        assert np.diff(outcomes)[moved].mean() == pytest.approx(0.4, abs=0.06)
        assert np.diff(outcomes)[~moved].mean() == pytest.approx(0.0, abs=0.06)
    best, all_ = policy_value(scores > 1, outcomes), policy_value(np.ones(20_000, bool), outcomes)
    assert best.mean == pytest.approx(0.4, abs=0.03)
    assert all_.mean == pytest.approx(best.mean, abs=0.02)
