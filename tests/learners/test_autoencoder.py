"""The autoencoder: torch and NumPy say the same, and the sampled softmax is the whole one on average."""

import numpy as np
import pytest
import torch

from shopkeeper.core.types import Requests
from shopkeeper.data.histories import slice_histories
from shopkeeper.learners import autoencoder as learner
from shopkeeper.learners.descent import Descent
from shopkeeper.recommenders.autoencoder import Autoencoder, AutoencoderConfig
from tests.training.shops import chains

SMALL = AutoencoderConfig(width=16, latent=8, epochs=2, reach=6)


def test_torch_and_numpy_unfold_the_same():
    dataset = chains(40)
    model = Autoencoder(SMALL).fit(dataset)
    places = model.places_
    feed = learner._Feed(dataset, places, int(places.max()) + 1, SMALL.training())
    cuts = feed.cuts.take(np.arange(0, len(feed.cuts), 7))
    batch = feed._batch(cuts, np.random.default_rng(0))
    parameters = {name: torch.from_numpy(value) for name, value in model._model.items()}
    mean, _ = learner._squeezed(parameters, batch, torch.from_numpy(batch.weights))
    expected = learner._unfolded(parameters, mean).numpy()
    requests = Requests(slice_histories(dataset, cuts.starts, cuts.cuts), dataset.time[cuts.cuts])
    states, active = model._states(requests)
    assert active.all()
    np.testing.assert_allclose(np.stack(states), expected, rtol=1e-4, atol=1e-5)


def test_what_goes_in_lies_before_what_comes_out():
    dataset = chains(20)
    feed = learner._Feed(dataset, np.arange(60, dtype=np.int32), 60, SMALL.training())
    batch = feed._batch(feed.cuts, np.random.default_rng(0))
    past, _ = feed.cuts.past
    future, ends = feed.cuts.future
    assert batch.items.tolist() == dataset.item[past].tolist()
    np.testing.assert_allclose(batch.targets.sum(axis=1), 1.0, rtol=1e-5)
    for row in range(len(feed.cuts)):
        wanted = set(dataset.item[future[ends[row] : ends[row + 1]]].tolist())
        assert set(batch.asked[batch.targets[row] > 0].tolist()) == wanted


def test_sampled_items_make_up_for_those_left_out():
    """The sum over the drawn, each divided by how often to expect it, is the sum over all, on average."""
    dataset = chains(60)
    training = AutoencoderConfig(sampled=20, batch=8).training()
    feed = learner._Feed(dataset, np.arange(60, dtype=np.int32), 60, training)
    weight = np.random.default_rng(1).random(60)
    rng, sums = np.random.default_rng(2), []
    for _ in range(2_000):
        wanted = rng.choice(feed.rows, 24)
        asked, common = feed._asked(wanted, rng)
        sums.append((weight[asked] / np.exp(common)).sum())
    assert abs(np.mean(sums) / weight.sum() - 1.0) < 0.02


def test_nothing_is_learned_without_moments():
    dataset = chains(5).where(np.zeros(50, bool))
    training = learner.AutoencoderTraining(4, 2, 0.8, 5, 1, 0.0, 0.0, 10, 4, 100, Descent(1, 9.0, 0.1), 0)
    assert learner.learn_autoencoder(dataset, np.arange(60, dtype=np.int32), training) == ({}, 0)


def test_items_start_where_what_is_told_of_them_lies():
    told = np.random.default_rng(0).standard_normal((30, 16)).astype(np.float32)
    start = learner._start(30, SMALL.training(), told)
    expected = np.corrcoef(told - told.mean(axis=0))
    for name in ("items_in", "items_out"):
        found = start[name].detach().numpy()
        cosines = found @ found.T / np.outer(*[np.linalg.norm(found, axis=1)] * 2)
        assert np.corrcoef(cosines.ravel(), expected.ravel())[0, 1] > 0.95
    chance = learner._start(30, SMALL.training(), None)["items_in"].detach().numpy()
    assert chance.std() == pytest.approx(start["items_in"].detach().numpy().std(), rel=0.1)
