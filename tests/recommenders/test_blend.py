"""The blend against a loop over its formula."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core.types import Ragged
from shopkeeper.recommenders.blend import NEW, UNTOUCHED, Blend, BlendConfig, Scaled, union
from shopkeeper.recommenders.registry import BASIC
from shopkeeper.recommenders.repeat import Repeat
from tests.recommenders import worlds
from tests.recommenders.worlds import ask, everybody, everything, names, shop


def plain_blend(model, dataset, requests, row):
    """The module's formula, item by item."""
    alone = requests.take(np.array([row]))
    known = set(alone.histories.known[0].tolist())
    total = [0.0] * dataset.n_items
    for source in model.sources:
        answer = source.recommend(alone, 1)
        top = float(answer.scores[0]) if len(answer.scores) else 1.0
        for item, score in enumerate(source.score(alone, everything(alone, dataset.n_items))):
            touched = model.config.weights if dataset.popularity[item] else model.config.untouched
            weight = (model.config.known if item in known else touched).get(source.name, 0.0)
            total[item] += weight * float(score) / top
            total[item] += 1e-6 * float(score) / top if source.name == "popular" else 0.0
    return total


NAMES = [source.name for source in BASIC]
weights = st.fixed_dictionaries({name: st.sampled_from([0.0, 0.05, 0.5, 1.0]) for name in NAMES})


@settings(max_examples=40)
@given(st.data(), st.builds(BlendConfig, weights, weights, untouched=weights))
def test_scores_are_the_formula(data, config):
    dataset = data.draw(worlds.shops)
    requests = data.draw(worlds.questions(dataset))
    model = Blend(config).fit(dataset)
    found = model.score(requests, everything(requests, dataset.n_items)).reshape(len(requests), -1)
    for row in range(len(requests)):
        expected = plain_blend(model, dataset, requests, row)
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-12)


@settings(max_examples=30)
@given(st.data(), st.builds(BlendConfig, weights, weights), st.integers(1, 14))
def test_who_asks_several_times_with_other_bounds_may_keep_what_was_heard(data, config, k):
    dataset = data.draw(worlds.shops)
    model = Blend(config).fit(dataset)
    heard: dict[object, object] = {}
    for allowed in (None, np.arange(dataset.n_items) % 2 == 0, np.arange(dataset.n_items) % 3 > 0):
        plain = replace(everybody(dataset), allowed=allowed)
        first, again = model.recommend(plain, k), model.recommend(replace(plain, heard=heard), k)
        np.testing.assert_array_equal(first.items, again.items)
        np.testing.assert_array_equal(first.scores, again.scores)
    assert set(heard) == {source for source in model.asked if hasattr(source, "scored")}


@settings(max_examples=60)
@given(st.data(), st.builds(BlendConfig, weights, weights), st.integers(1, 14))
def test_the_list_is_always_filled(data, config, k):
    """Whatever the weights, and even with items nobody ever took."""
    dataset = data.draw(worlds.shops)
    requests = data.draw(worlds.questions(dataset))
    answer = Blend(config).fit(dataset).recommend(requests, k)
    for row in range(len(requests)):
        gone = set() if requests.exclude is None else set(requests.exclude[row].tolist())
        mask = np.ones(dataset.n_items, bool) if requests.allowed is None else requests.allowed
        free = [item for item in np.flatnonzero(mask).tolist() if item not in gone]
        assert len(answer.lists[row]) == min(k, len(free))


def test_a_huge_shop_is_still_filled_to_the_last_item():
    """A best seller a million times stronger than the rest must not push unsold items below zero."""
    dataset = shop([(None, "i01", 0)] * 50_000)
    model = Blend(BlendConfig({"cooccurrence": 1.0}, {})).fit(dataset)
    assert len(model.recommend(ask(dataset, [("i01", 0)], day=1), 12).items) == 12


def test_the_strongest_source_is_named():
    dataset = shop([(p, i, d) for p in "uv" for d, i in enumerate(["i01", "i02"])] + [("w", "i03", 0)])
    answer = Blend().fit(dataset).recommend(ask(dataset, [("i01", 1)], day=2), 4)
    assert names(dataset, answer)[0][:3] == ["i02", "i01", "i03"]
    assert [answer.source(place) for place in (0, 2)] == ["cooccurrence", "popular"]


def test_sources_without_weight_are_not_asked(monkeypatch):
    monkeypatch.setattr(Repeat, "recommend", lambda *_: pytest.fail("asked"))
    monkeypatch.setattr(Repeat, "score", lambda *_: pytest.fail("asked"))
    dataset = shop([("u", "i01", 1), ("u", "i02", 2)])
    answer = (
        Blend(BlendConfig({"cooccurrence": 1.0, "repeat": 0.0}, {}))
        .fit(dataset)
        .recommend(everybody(dataset), 3)
    )
    assert len(answer.items) == 3


@given(
    st.lists(st.lists(st.sets(st.integers(0, 5)).map(sorted), min_size=3, max_size=3), min_size=1, max_size=3)
)
def test_union_is_the_union_of_sets(parts):
    found = union([Ragged.of(rows) for rows in parts], 3)
    expected = [sorted(set().union(*(rows[row] for rows in parts))) for row in range(3)]
    assert [found[row].tolist() for row in range(3)] == expected


def test_weights_survive_saving(tmp_path):
    config = BlendConfig({"cooccurrence": 0.7, "popular": 0.1}, {"repeat": 0.25})
    Blend(config).fit(shop([("u", "i01", 1), ("u", "i02", 2)])).save(tmp_path)
    assert Blend.load(tmp_path).config == config


rises = st.lists(st.tuples(st.floats(0, 8), st.floats(0, 1), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=60)
@given(st.lists(rises, min_size=1, max_size=3), st.sampled_from([0.25, 4.0]))
def test_the_ranker_moves_what_somebody_touched_around_what_nobody_did(rows, weight):
    fused = np.array([one for row in rows for one, _, _ in row], np.float32)
    ranked = np.array([one for row in rows for _, one, _ in row], np.float32)
    untouched = np.array([one for row in rows for _, _, one in row])
    candidates = Ragged.of([list(range(len(row))) for row in rows])
    sorts = np.where(untouched, UNTOUCHED, NEW).astype(np.int8)
    scaled = Scaled((), candidates, np.ones(len(fused), bool), sorts, np.empty((0, len(fused)), np.float32))
    found = scaled.joined(fused, ranked, weight)
    np.testing.assert_array_equal(found[~untouched], (fused + np.float32(weight) * ranked)[~untouched])
    for start, end in pairwise(candidates.offsets):
        others = ~untouched[start:end]
        for item in np.flatnonzero(~others):
            above = int((fused[start:end][others] > fused[start + item]).sum())
            under = int((fused[start:end][others] < fused[start + item]).sum())
            n = int(others.sum())
            assert above <= (found[start:end][others] >= found[start + item]).sum() <= n
            assert under <= (found[start:end][others] <= found[start + item]).sum() <= n
