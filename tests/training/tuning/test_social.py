"""Friends get the weight that validation gives them, and cost nothing where nobody is tied to anybody."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.data.split import last_out_split
from shopkeeper.data.tied import Ties
from shopkeeper.recommenders.cooccurrence import Cooccurrence
from shopkeeper.recommenders.popular import Popular
from shopkeeper.training.families import FURTHER, Shape
from shopkeeper.training.plan import plan
from shopkeeper.training.tuning.fusion import Answers, learn_weights
from shopkeeper.training.tuning.social import tune_social
from tests.recommenders.worlds import shop


@pytest.fixture(scope="module")
def copycats():
    """One of each two friends takes what the other took ten days before."""
    rng = np.random.default_rng(0)
    items = [f"i{item:02}" for item in range(60)]
    rows, ties = [], []
    for pair in range(60):
        for day, item in enumerate(rng.choice(items, 6, replace=False)):
            rows += [(f"leads{pair:02}", item, day), (f"copies{pair:02}", item, 10 + day)]
        ties.append((f"copies{pair:02}", f"leads{pair:02}"))
    return shop(rows, items, ties)


def test_friends_carry_a_shop_of_copycats(copycats):
    split = last_out_split(copycats)
    trial = tune_social(split, split.test)
    assert trial.model is not None
    sources = (trial.model, Cooccurrence().fit(split.train), Popular().fit(split.train))

    blend = learn_weights(Answers.of(sources, split.test))

    assert trial.value > 0.3
    assert blend.weights["social"] == max(blend.weights.values()) > 0


def test_the_gain_is_gone_where_ties_join_strangers(copycats):
    strangers = np.random.default_rng(1).permutation(copycats.ties.others)
    split = last_out_split(replace(copycats, ties=replace(copycats.ties, others=strangers)))

    assert tune_social(split, split.test).value < 0.15


def test_a_shop_without_ties_does_without(copycats):
    told = {}
    for name, dataset in (("tied", copycats), ("alone", replace(copycats, ties=Ties()))):
        split = last_out_split(dataset)
        shape = Shape.of(split, split.test)
        choices = {choice.name: choice for choice in plan(shape, 1e6, deep=False)}
        told[name] = choices["social"].chosen, FURTHER["social"].unsuited(shape), split.test.requests.circle
    assert told["tied"][:2] == (True, "")
    assert told["alone"] == (False, "nobody is tied to anybody who agreed to be heard", None)
