"""Friends: the fast walk agrees with a slow plain one, and who is like the asker counts for more."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core.types import Ragged, Tie
from shopkeeper.recommenders import social
from shopkeeper.recommenders.social import Social, SocialConfig
from tests.recommenders import worlds
from tests.recommenders.test_contract import BUSY
from tests.recommenders.worlds import ask, everybody, everything, names, shop


def plain_steps(dataset):
    """P of the module's formula, person by person; the way back to the same item left out."""
    past = np.zeros((len(dataset.people), dataset.n_items))
    for person, item, kind in zip(dataset.person, dataset.item, dataset.kind, strict=True):
        if person >= 0:
            past[person, item] = max(past[person, item], dataset.weights[kind])
    steps = np.zeros((dataset.n_items, dataset.n_items))
    for one in past:
        steps += np.outer(one, one) / max(one.sum(), 1e-12)
    steps /= np.maximum(past.sum(axis=0), 1e-12)[:, None]
    assert np.allclose(steps.sum(axis=1)[past.any(axis=0)], 1.0)
    np.fill_diagonal(steps, 0.0)
    return steps


def plain_scores(config, dataset, requests, row):
    """Scores of every item for one request."""
    start, own = np.zeros(dataset.n_items), set(requests.histories.known[row].tolist())
    for member in range(requests.circle.offsets[row], requests.circle.offsets[row + 1]):
        likes = set(requests.circle.likes[member].tolist())
        trust = 1 / config.doubt + len(own & likes) / max(1, len(own | likes))
        for item in likes:
            start[item] += trust / len(likes) ** config.spread
    steps, out, at = plain_steps(dataset), start.copy(), start
    for _ in range(social.STEPS if config.walk else 0):
        at = config.walk * at @ steps
        out += at
    out[list(own)] *= config.seen
    return out


CONFIGS = st.builds(
    SocialConfig,
    doubt=st.sampled_from([1.0, 10.0]),
    spread=st.sampled_from([0.0, 0.5, 1.0]),
    walk=st.sampled_from([0.0, 0.3, 0.85]),
    seen=st.sampled_from([0.0, 1.0]),
)


@settings(max_examples=40)
@given(data=st.data(), config=CONFIGS)
def test_the_walk_agrees_with_a_plain_one(data, config):
    dataset = data.draw(worlds.shops)
    requests = data.draw(worlds.questions(dataset).filter(lambda asked: asked.circle is not None))

    found = Social(config).fit(dataset).score(requests, everything(requests, dataset.n_items))

    for row, scores in enumerate(found.reshape(len(requests), -1)):
        np.testing.assert_allclose(scores, plain_scores(config, dataset, requests, row), rtol=1e-4, atol=1e-7)


def test_a_walk_without_end_is_personalised_pagerank(monkeypatch):
    monkeypatch.setattr(social, "STEPS", 60)
    config = SocialConfig(walk=0.5, spread=1.0)
    requests = everybody(BUSY)
    model, steps = Social(config).fit(BUSY), plain_steps(BUSY)
    assert requests.circle is not None
    row = int(np.flatnonzero(np.diff(requests.circle.offsets))[0])

    found = model.score(requests, everything(requests, BUSY.n_items)).reshape(len(requests), -1)[row]

    start = plain_scores(SocialConfig(walk=0.0, spread=1.0), BUSY, requests, row)
    np.testing.assert_allclose(found, np.linalg.solve(np.eye(BUSY.n_items) - 0.5 * steps.T, start), rtol=1e-4)


def test_who_has_more_in_common_counts_for_more():
    dataset = shop([("u", item, 0) for item in worlds.ITEMS])
    friends = [[["i01", "i02", "i05"], ["i03", "i04", "i06"]]]
    asked = ask(dataset, [("i01", 1), ("i02", 1)], friends=friends)

    answer = Social(SocialConfig(walk=0.0, seen=0.0)).fit(dataset).recommend(asked, 1)

    assert names(dataset, answer) == [["i05"]]


def test_a_guest_with_friends_is_answered_and_one_without_is_not():
    answer = Social().fit(BUSY).recommend(ask(BUSY, [], [], friends=[[["i03"]], []]), 3)

    assert BUSY.items.ids[answer.lists[0][0]] == "i03"
    assert len(answer.lists[1]) == 0


def test_the_reason_counts_who_likes_an_item_by_their_tie_and_names_nobody():
    asked = ask(BUSY, [("i01", 1)], friends=[[["i02", "i03"], ["i02"], ["i04"]]])
    asked.circle.kinds.flags.writeable = True
    asked.circle.kinds[2] = Tie.household
    items = BUSY.items.encode(["i02", "i03", "i04", "i05"])

    found = Social().fit(BUSY).explain(asked, items)

    assert [one.facts for one in found] == [
        (("friend", 2.0),),
        (("friend", 1.0),),
        (("household", 1.0),),
        (),
    ]
    assert {one.items for one in found} == {()}


@pytest.mark.parametrize("walk", [0.0, 0.6])
def test_what_is_not_allowed_is_no_way_in(walk):
    asked = ask(BUSY, [], allowed=["i07"], friends=[[["i03"]]])

    answer = Social(SocialConfig(walk=walk)).fit(BUSY).recommend(asked, 5)

    assert set(names(BUSY, answer)[0]) <= {"i07"}
    assert isinstance(answer.lists, Ragged)
