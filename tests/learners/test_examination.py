"""What rows are worth, told apart from where they stand."""

import numpy as np
import pytest
from scipy.stats import betabinom

from shopkeeper.core.types import Doubles
from shopkeeper.learners.examination import STRENGTHS, likeness, own_worlds, row_worth

TRUE = np.array([0.10, 0.05, 0.20, 0.15])
LOOKED = np.array([1.0, 0.6, 0.35, 0.2])


def log(pages: int, fixed: float, seed: int = 0):
    """Counts of a page whose rows stand in their given order with a chance, else in any."""
    rng = np.random.default_rng(seed)
    any_order = rng.random((pages, 4)).argsort(1)
    orders = np.where(rng.random((pages, 1)) < fixed, np.arange(4), any_order)
    hits = rng.random((pages, 4)) < TRUE[orders] * LOOKED
    is_there = orders[:, None, :] == np.arange(4)[:, None]
    return is_there.sum(0).astype(float), (is_there & hits[:, None, :]).sum(0).astype(float)


def test_before_anything_is_known_the_given_order_holds():
    worth = row_worth(np.zeros((5, 3)), np.zeros((5, 3)))
    assert (np.diff(worth.mean) < 0).all()
    assert (np.diff(worth.looked) < 0).all()


def test_worth_and_looking_are_found_although_the_log_prefers_places():
    shown, clicked = log(80_000, fixed=0.7)
    naive = clicked.sum(1) / shown.sum(1)
    worth = row_worth(shown, clicked)
    assert list(np.argsort(-naive)) != list(np.argsort(-TRUE))
    np.testing.assert_allclose(worth.mean, TRUE, rtol=0.12)
    np.testing.assert_allclose(worth.looked, LOOKED, rtol=0.12)


def test_what_is_found_is_as_likely_as_any_neighbour():
    """Slow and plain: no small step away from what was found explains a large log better."""
    shown, clicked = log(20_000, fixed=0.5)
    found = row_worth(shown, clicked)

    def likelihood(worth, looked):
        expected = shown * np.outer(worth, looked)
        return (clicked * np.log(expected) - expected).sum()

    best = likelihood(found.mean, found.looked)
    for i in range(4):
        for factor in (0.9, 1.1):
            other = found.mean.copy()
            other[i] *= factor
            assert likelihood(other, found.looked) < best


def test_samples_come_from_the_seed_and_narrow_with_the_log():
    few, many = row_worth(*log(200, 0.5)), row_worth(*log(20_000, 0.5))
    np.testing.assert_array_equal(few.samples(8, 3), few.samples(8, 3))
    assert (many.samples(200, 0).std(0) < few.samples(200, 0).std(0)).all()
    orders = np.argsort(-many.samples(200, 0), axis=1)
    assert (orders == np.argsort(-TRUE)).all(1).mean() > 0.9


def people(strength: float, n: int = 400, looks: int = 60) -> tuple[Doubles, Doubles]:
    """Clicks of people whose rows are worth what a beta distribution of this strength about all's says."""
    rng = np.random.default_rng(2)
    own = TRUE if np.isinf(strength) else rng.beta(strength * TRUE, strength * (1 - TRUE), (n, 4))
    clicked = np.asarray(rng.binomial(looks, np.broadcast_to(own, (n, 4))), np.float64)
    return np.full((n, 4), float(looks)), clicked


@pytest.mark.parametrize("strength", [6.0, 25.0, 100.0])
def test_how_much_people_differ_is_found(strength):
    found = likeness(*people(strength), TRUE)
    assert strength / 2.1 <= found <= strength * 2.1


def test_people_who_are_alike_are_not_told_apart():
    assert np.isinf(likeness(*people(np.inf), TRUE))
    assert np.isinf(likeness(np.zeros((3, 4)), np.zeros((3, 4)), TRUE))


def test_the_likeness_is_the_likeliest_by_the_distribution_written_out():
    looks, clicked = people(12.0, n=60)
    values = [float(np.sum(betabinom.logpmf(clicked, looks, n * TRUE, n * (1 - TRUE)))) for n in STRENGTHS]
    assert likeness(looks, clicked, TRUE) == STRENGTHS[int(np.argmax(values))]


def test_what_one_person_did_moves_their_worlds_and_only_as_far_as_people_differ():
    """The mean of many draws of the beta distribution that a person's clicks leave."""
    looks, clicked = np.full(4, 50.0), np.array([30.0, 0.0, 10.0, 7.0])
    worlds = np.stack([TRUE, TRUE[::-1]])
    for strength in (5.0, 500.0):
        own = own_worlds(worlds, looks, clicked, strength)
        draws = np.random.default_rng(0).beta(
            strength * worlds + clicked, strength * (1 - worlds) + looks - clicked, (20_000, 2, 4)
        )
        np.testing.assert_allclose(own, draws.mean(0), atol=0.002)
    np.testing.assert_allclose(own_worlds(worlds, np.zeros(4), np.zeros(4), 50.0), worlds)
