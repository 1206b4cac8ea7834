"""The autoencoder as it answers."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core.types import Ragged
from shopkeeper.data.split import last_out_split
from shopkeeper.recommenders.autoencoder import Autoencoder, AutoencoderConfig
from shopkeeper.training.tuning.trials import value_of
from tests.recommenders.worlds import ask, everything
from tests.training.shops import chains

SMALL = AutoencoderConfig(width=16, latent=8, epochs=2)


@pytest.fixture(scope="module")
def model():
    return Autoencoder(SMALL).fit(chains(60))


def test_steps_along_a_chain_are_learned():
    split = last_out_split(chains(150))
    learned = Autoencoder(AutoencoderConfig(ahead=1, recency=0.5, epochs=20)).fit(split.train)
    assert value_of(learned, split.test) > 0.4


def test_scores_are_those_of_the_formula(model):
    dataset = chains(60)
    requests = ask(dataset, [("i03", 1), ("i04", 2, "view_item"), ("i05", 3)])
    p, codes = model._model, dataset.items.encode(["i03", "i04", "i05"])
    weights = np.array([1.0, 0.2, 1.0]) * 0.8 ** np.array([2, 1, 0])
    row = (weights / np.linalg.norm(weights)) @ p["items_in"][codes].astype(float)
    latent = np.tanh(row + p["hidden_bias"]) @ p["mean"] + p["mean_bias"]
    logits = p["items_out"] @ np.tanh(latent @ p["grown"] + p["grown_bias"]) + p["items_bias"]
    found = model.score(requests, everything(requests, dataset.n_items))
    np.testing.assert_allclose(found, np.exp(logits / 4), rtol=1e-4)


def test_the_seen_can_be_left_out(model):
    dataset = chains(60)
    fresh = Autoencoder(replace(SMALL, seen=0.0))._take(model.places_, model.weights_, model._model)
    requests = ask(dataset, [("i03", 1), ("i04", 2)])
    assert not set(dataset.items.encode(["i03", "i04"])) & set(fresh.recommend(requests, 60).items.tolist())


def test_only_the_most_popular_are_in_the_model():
    dataset = chains(60)
    small = Autoencoder(replace(SMALL, most=20)).fit(dataset)
    kept = set(small.items_.tolist())
    assert len(kept) == 20
    assert dataset.popularity[small.items_].min() >= np.sort(dataset.popularity)[::-1][20]
    requests = ask(dataset, [(dataset.items.ids[small.items_[0]], 1)])
    assert set(small.recommend(requests, 60).items.tolist()) <= kept
    others = Ragged.of([[item for item in range(60) if item not in kept]])
    assert not small.score(requests, others).any()


def test_a_large_model_only_scores(model):
    assert model.retrieves
    large = Autoencoder(replace(SMALL, width=10**6))
    large._take(model.places_, model.weights_, model._model)
    assert not large.retrieves


def test_the_event_that_would_be_missed_most_is_the_reason():
    dataset = chains(150)
    learned = Autoencoder(AutoencoderConfig(ahead=1, epochs=20)).fit(dataset)
    request = ask(dataset, [("i40", 1), ("i10", 2)])
    reasons = learned.explain(request, dataset.items.encode(["i41", "i11"]))
    assert [dataset.items.ids[reason.items[0]] for reason in reasons] == ["i40", "i10"]
