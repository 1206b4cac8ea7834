"""The towers: torch and NumPy say the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from shopkeeper.core.types import Requests
from shopkeeper.data.histories import slice_histories
from shopkeeper.features.content import Content
from shopkeeper.learners import towers as learner
from shopkeeper.learners.descent import arrays
from shopkeeper.recommenders.towers import Towers, TowersConfig
from tests.recommenders.goods import aisles

SMALL = TowersConfig(dim=8, hidden=12, matching=6, epochs=2, drawn=20, left_out=0.0)


@pytest.fixture(scope="module", params=["buckets", "vectors"])
def learned(request):
    dataset = aisles()
    texts = None
    if request.param == "vectors":
        texts = np.random.default_rng(0).normal(size=(dataset.n_items, 5)).astype(np.float32)
    model = Towers(SMALL, texts).fit(dataset)
    content = Content.of(dataset.items)
    feed = learner._Feed(dataset, content, texts, model._served.reader, SMALL.training())
    found, passes = learner.learn_towers(dataset, content, texts, model._served.reader, SMALL.training())
    assert passes == 2
    return (
        dataset,
        model,
        content,
        texts,
        feed,
        {name: torch.from_numpy(part) for name, part in found.items()},
    )


def test_item_vectors_are_the_same(learned):
    _, model, content, texts, feed, parameters = learned
    batch = feed._batch(feed.cuts, np.random.default_rng(0))
    vectors = learner._items(parameters, batch).numpy()
    found = learner.item_vectors(arrays(parameters), content, texts)
    np.testing.assert_allclose(found[batch.items], vectors, atol=1e-5)
    np.testing.assert_array_equal(found, model._served.vectors)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)
    own = np.abs(parameters["delta"].numpy()).sum(axis=1)
    assert ((own > 0) == (feed.dataset.popularity > 0)).all()


def test_customers_and_scores_are_the_same(learned):
    dataset, model, _, _, feed, parameters = learned
    cuts = feed.cuts.take(np.arange(0, len(feed.cuts), 3))
    forgotten = np.random.default_rng(0).random(len(cuts)) < learner._FORGOTTEN
    assert 0 < forgotten.sum() < len(cuts)
    cuts = cuts.forgetting(forgotten)
    batch = feed._batch(cuts, np.random.default_rng(0))
    vectors = learner._items(parameters, batch)
    people = learner._customers(parameters, batch, vectors)
    requests = Requests(
        slice_histories(dataset, cuts.starts, cuts.cuts),
        dataset.time[cuts.cuts],
        attributes=dataset.attributes_of(dataset.person[cuts.cuts].astype(np.int64)),
    )
    served = model._people(requests)
    np.testing.assert_allclose(np.stack(served), people.numpy(), atol=1e-5)
    second = learner._matching(parameters, people, vectors.expand(len(people), -1, -1)).numpy()
    for row, person in enumerate(served):
        own = model._served.vectors[batch.items]
        np.testing.assert_allclose(learner.matching(model._served.model, person, own), second[row], atol=1e-5)


def test_what_was_taken_is_among_those_asked_and_never_in_the_past(learned):
    dataset, _, _, _, feed, _ = learned
    batch = feed._batch(feed.cuts, np.random.default_rng(3))
    taken = batch.items[batch.asked[batch.target]]
    future, offsets = feed.cuts.future
    for row, item in enumerate(taken):
        assert item in dataset.item[future[offsets[row] : offsets[row + 1]]]
    assert (np.diff(batch.items) > 0).all()
    past, _ = feed.cuts.past
    heard = batch.items[batch.heard]
    assert 0.8 * len(past) < len(heard) < len(past)
    assert set(heard) <= set(dataset.item[past])


def test_delta_is_left_out_of_a_share():
    dataset = aisles()
    training = replace(SMALL, left_out=0.5).training()
    model = Towers(replace(SMALL, epochs=1)).fit(dataset)
    feed = learner._Feed(dataset, Content.of(dataset.items), None, model._served.reader, training)
    shares = [batch.own.mean() for batch in feed.batches(0)]
    assert 0.3 < np.mean(shares) < 0.7
