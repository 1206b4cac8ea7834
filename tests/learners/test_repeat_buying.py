"""Models of repeat buying, against people simulated by their own assumptions."""

import numpy as np
import pytest

from shopkeeper.learners.repeat_buying import BetaGeometric, Buying, GammaGamma

TRUE = BetaGeometric(r=1.2, alpha=8.0, a=0.8, b=2.5)
AHEAD = 20.0


def simulate(n, seed):
    """What BG/NBD buyers did until now, whether they are alive, and their purchases in the time ahead."""
    rng = np.random.default_rng(seed)
    rate, drop = rng.gamma(TRUE.r, 1 / TRUE.alpha, n), rng.beta(TRUE.a, TRUE.b, n)
    age = rng.uniform(20, 80, n)
    repeats, last, later, alive = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, bool)
    for person in range(n):
        time, gone = 0.0, False
        while not gone:
            time += rng.exponential(1 / rate[person])
            if time > age[person] and not alive[person]:
                alive[person] = True
            if time > age[person] + AHEAD:
                break
            if time <= age[person]:
                repeats[person] += 1
                last[person] = time
            else:
                later[person] += 1
            gone = rng.random() < drop[person]
    return Buying(repeats, last, age), alive, later


@pytest.fixture(scope="module")
def world():
    return simulate(6_000, 1)


def test_parameters_are_found_again(world):
    found = BetaGeometric.fit(world[0])
    assert found.r == pytest.approx(TRUE.r, rel=0.15)
    assert found.alpha == pytest.approx(TRUE.alpha, rel=0.15)
    assert found.a / (found.a + found.b) == pytest.approx(TRUE.a / (TRUE.a + TRUE.b), rel=0.15)


def test_chances_mean_what_they_say(world):
    seen, alive, later = world
    model = BetaGeometric.fit(seen)
    some = seen.repeats > 0
    for told, came in ((model.alive(seen), alive), (model.silent(seen, AHEAD), later == 0)):
        order = np.argsort(told[some])
        for part in np.array_split(order, 5):
            assert told[some][part].mean() == pytest.approx(came[some][part].mean(), abs=0.04)
    assert model.purchases(seen, AHEAD).mean() == pytest.approx(later.mean(), rel=0.08)
    assert (np.diff([model.purchases(seen, time).mean() for time in (1, 5, 20, 100)]) > 0).all()


def test_longer_silence_speaks_for_having_gone():
    seen = Buying(np.full(3, 10.0), np.array([90.0, 60.0, 30.0]), np.full(3, 100.0))
    alive = TRUE.alive(seen)
    assert alive[0] > alive[1] > alive[2]
    assert TRUE.alive(Buying(np.zeros(1), np.zeros(1), np.ones(1)))[0] == 1


def test_few_or_odd_buyers_break_nothing():
    for seen in (
        Buying(np.zeros(1), np.zeros(1), np.array([5.0])),
        Buying(np.array([10_000.0]), np.array([364.0]), np.array([365.0])),
        Buying(np.zeros(3), np.zeros(3), np.zeros(3)),
    ):
        model = BetaGeometric.fit(seen)
        for told in (model.alive(seen), model.silent(seen, 30)):
            assert np.isfinite(told).all()
            assert ((told >= 0) & (told <= 1)).all()
        assert np.isfinite(model.purchases(seen, 30)).all()


def test_amounts_are_drawn_towards_everybodys():
    rng = np.random.default_rng(2)
    mean = rng.gamma(2.0, 10.0, 3_000) + 5
    counts = rng.integers(1, 20, 3_000).astype(float)
    seen = np.array([rng.gamma(3.0, m / 3.0, int(n)).mean() for m, n in zip(mean, counts, strict=True)])
    model = GammaGamma.fit(counts, seen)
    told = model.amount(counts, seen)
    assert np.abs(told - mean).mean() < np.abs(seen - mean).mean()
    rare, often = model.amount(np.array([1.0, 50.0]), np.array([200.0, 200.0]))
    assert mean.mean() < rare < often < 200


def test_no_amount_is_no_amount():
    nothing = GammaGamma.fit(np.zeros(3), np.zeros(3))
    np.testing.assert_array_equal(nothing.amount(np.zeros(3), np.zeros(3)), 0)
