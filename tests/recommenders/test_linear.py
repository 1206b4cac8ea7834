"""The ridge between items as it answers."""

from dataclasses import replace

import numpy as np

from shopkeeper.core.types import Ragged
from shopkeeper.learners.linear import DUAL, LOCAL, PRIMAL
from shopkeeper.recommenders.linear import Linear, LinearConfig
from tests.recommenders.worlds import ask, everybody, everything
from tests.training.shops import chains

SHOP = chains(60)


def test_scores_are_those_of_the_formula():
    model = Linear(LinearConfig(recency=0.5, neighbours=60)).fit(SHOP)
    requests = ask(SHOP, [("i03", 1), ("i04", 2, "view_item"), ("i05", 3)])
    rows = model.matrix_.toarray()[SHOP.items.encode(["i03", "i04", "i05"])].astype(float)
    expected = np.maximum(np.array([0.25, 0.5 * 0.2, 1.0]) @ rows, 0.0)
    np.testing.assert_allclose(
        model.score(requests, everything(requests, 60)), expected, rtol=1e-4, atol=1e-7
    )


def test_order_is_learned():
    """Everybody walks upwards: what comes next, not what came before; without order both speak alike."""
    request, nearby = ask(SHOP, [("i30", 1)]), Ragged.of([SHOP.items.encode(["i29", "i31"])])
    before, after = Linear().fit(SHOP).score(request, nearby)
    assert after > 1.5 * before
    before, after = Linear(LinearConfig(ordered=False)).fit(SHOP).score(request, nearby)
    assert after < 1.5 * before


def test_forms_answer_alike():
    found = [
        Linear(LinearConfig(form=form, neighbours=60)).fit(SHOP).matrix_.toarray() for form in (PRIMAL, DUAL)
    ]
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)


def test_the_form_is_told_and_kept(tmp_path):
    model = Linear(LinearConfig(megabytes=1.0)).fit(SHOP)
    assert model.form_.name == LOCAL
    assert Linear().fit(SHOP).form_.name != LOCAL
    model.save(tmp_path)
    assert Linear.load(tmp_path).form_ == model.form_


def test_the_seen_can_be_left_out():
    model = Linear().fit(SHOP)
    model.config = replace(model.config, seen=0.0)
    requests = everybody(SHOP)
    answer = model.recommend(requests, 60)
    for row in range(len(requests)):
        assert not set(answer.lists[row].tolist()) & set(requests.histories.known[row].tolist())
