"""Co-occurrence against double loops over the formulas in its docstring."""

from collections import defaultdict
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core.types import EventType
from shopkeeper.recommenders.cooccurrence import Cooccurrence, CooccurrenceConfig, Transition
from tests.learners.test_pairs import plain_counts
from tests.recommenders import worlds
from tests.recommenders.worlds import ask, everything, names, shop

configs = st.builds(
    CooccurrenceConfig,
    reach=st.integers(1, 8),
    tau=st.sampled_from([0.5, 2.0, 8.0]),
    symmetry=st.sampled_from([0.0, 0.3, 1.0]),
    alpha=st.sampled_from([0.0, 0.3, 1.0]),
    beta=st.sampled_from([0.0, 0.2, 1.0]),
    recency=st.sampled_from([0.2, 0.7, 1.0]),
    seen=st.sampled_from([0.0, 0.5, 1.0]),
)


def plain_pairs(dataset, config):
    """C_ij."""
    kernel = config.kernel(config.weights(dataset.weights))
    return {cell: units * kernel.unit for cell, units in plain_counts(dataset, kernel).items() if units}


def plain_weights(pairs, config):
    """W_ij, entry by entry."""
    row: dict[int, float] = defaultdict(float)
    col: dict[int, float] = defaultdict(float)
    for (i, j), value in pairs.items():
        row[i] += value
        col[j] += value
    if not pairs:
        return {}
    mean_row = sum(log(value) for value in row.values()) / len(row)
    mean_col = sum(log(value) for value in col.values()) / len(col)
    out = {}
    for (i, j), value in pairs.items():
        divided = row[i] ** config.alpha * col[j] ** config.beta
        fame = (row[i] / exp(mean_row)) ** 0.3 * (col[j] / exp(mean_col)) ** 0.15
        out[i, j] = value / divided * (1 + 1 / fame)
    return out


def plain_scores(weights, dataset, requests, row, config):
    """Score of each item for one request, event by event."""
    histories = requests.histories
    low, high = int(histories.offsets[row]), int(histories.offsets[row + 1])
    scores = [0.0] * dataset.n_items
    for event in range(low, high):
        decay = config.recency ** (high - 1 - event)
        strength = decay * float(dataset.weights[histories.kinds[event]]) if decay > 1e-3 else 0.0
        for (i, j), value in weights.items():
            if i == histories.items[event]:
                scores[j] += strength * value
    known = set(histories.known[row].tolist())
    return [score * (config.seen if item in known else 1.0) for item, score in enumerate(scores)]


@settings(max_examples=80)
@given(st.data(), configs)
def test_scores_are_the_formula(data, config):
    dataset = data.draw(worlds.shops)
    requests = ask(dataset, *data.draw(worlds.pasts))
    weights = plain_weights(plain_pairs(dataset, config), config)
    expected = [plain_scores(weights, dataset, requests, row, config) for row in range(len(requests))]
    model = Cooccurrence(config).fit(dataset)
    found = model.score(requests, everything(requests, dataset.n_items)).reshape(len(requests), -1)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-7)


@settings(max_examples=60)
@given(st.data(), configs)
def test_whatever_comes_and_goes_the_model_is_that_of_a_fit(data, config):
    """Random states of the same people one after another, late events and people who leave among them."""
    rows = data.draw(st.lists(_events, max_size=30))
    whole = shop(rows)
    states = data.draw(
        st.lists(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole)), max_size=4)
    )
    now, model = whole, Cooccurrence(config).fit(whole)
    for kept in states:
        after = whole.where(np.array(kept, bool))
        model.exchange(now, after)
        now = after
    check_same(model, Cooccurrence(config).fit(now), data.draw(worlds.questions(whole)))


_events = st.tuples(worlds.people, st.sampled_from(worlds.ITEMS[:5]), st.integers(0, 9), worlds.kinds)


def check_same(one, other, requests):
    """Two models are the same to the last bit: asked row by row, as a whole, and what they count into."""
    for name in ("recommend", "similar"):
        asked = requests if name == "recommend" else np.arange(12, dtype=np.int32)
        answers = [getattr(model, name)(asked, 8) for model in (one, other)]
        assert np.array_equal(answers[0].items, answers[1].items)
        assert np.array_equal(answers[0].scores, answers[1].scores)
    for part in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(one.next_, part), getattr(other.next_, part))
    assert (one.counts.row_sums == other.counts.row_sums).all()
    assert one.counts.pairs == other.counts.pairs


def test_a_loaded_model_goes_on_counting(tmp_path):
    rows = [(f"p{n % 7}", f"i{(n * n) % 12:02}", n) for n in range(90)]
    before, after = shop(rows[:80]), shop(rows)
    Cooccurrence().fit(before).save(tmp_path / "first")
    model = Cooccurrence.load(tmp_path / "first").exchange(before, after)
    model.save(tmp_path / "second")
    again = Cooccurrence.load(tmp_path / "second")
    for found in (model, again):
        check_same(found, Cooccurrence().fit(after), ask(after, [("i01", 3), ("i04", 5)]))


def test_people_come_and_go():
    rows = [(f"p{n % 7}", f"i{(n * n) % 12:02}", n) for n in range(90)]
    whole = shop(rows)
    some = whole.person < 3
    model = Cooccurrence().fit(whole.where(~some)).add(whole.where(some)).remove(whole.where(~some))
    check_same(model, Cooccurrence().fit(whole.where(some)), ask(whole, [("i01", 3)]))


def test_a_long_history_takes_no_more_than_its_length():
    """200,000 events of one person: pairs are counted within reach only."""
    dataset = shop([("u", f"i{(i * i) % 12:02}", i / 1e3) for i in range(200_000)])
    assert Cooccurrence().fit(dataset).counts.pairs == sum(
        2 * (200_000 - gap) for gap in range(1, CooccurrenceConfig().reach + 1)
    )


def test_only_the_strongest_followers_are_kept():
    rows = [(f"{j}-{n}", item, n) for j in range(1, 8) for n in range(j) for item in ("i00", f"i{j:02}")]
    dataset = shop([(person, item, day + (item != "i00") / 2) for person, item, day in rows])
    config = CooccurrenceConfig(symmetry=0.0, alpha=0.0, beta=0.0, neighbours=3)
    answer = Cooccurrence(config).fit(dataset).recommend(ask(dataset, [("i00", 9)]), 10)
    assert names(dataset, answer) == [["i07", "i06", "i05"]]


def test_a_long_history_is_answered_like_the_formula():
    """256 events, of which the oldest hardly count."""
    rng = np.random.default_rng(1)
    dataset = shop([(f"p{rng.integers(30)}", f"i{rng.integers(12):02}", day / 10) for day in range(3000)])
    past = [(f"i{rng.integers(12):02}", day) for day in range(256)]
    requests, config = ask(dataset, past, day=300), CooccurrenceConfig()
    weights = plain_weights(plain_pairs(dataset, config), config)
    expected = plain_scores(weights, dataset, requests, 0, config)
    found = Cooccurrence(config).fit(dataset).score(requests, everything(requests, 12))
    np.testing.assert_allclose(found, expected, rtol=2e-4)


def test_evidence_is_what_carried_most():
    dataset = shop(
        [(p, i, d) for p in "uv" for d, i in enumerate(["i01", "i02"])] + [("w", "i03", 0), ("w", "i02", 1)]
    )
    model = Cooccurrence().fit(dataset)
    request = ask(dataset, [("i03", 1), ("i05", 2), ("i01", 3)])
    (evidence,) = model.explain(request, dataset.items.encode(["i02"]))
    assert [dataset.items.ids[item] for item in evidence.items] == ["i01", "i03"]


def test_kinds_without_weight_say_nothing():
    """A live history may hold events that training left out."""
    dataset = shop([(p, i, d) for p in "uv" for d, i in enumerate(["i01", "i02"])])
    assert dataset.weights[EventType.remove_from_cart] == 0
    answer = Cooccurrence().fit(dataset).recommend(ask(dataset, [("i01", 3, "remove_from_cart")]), 5)
    assert len(answer.items) == 0


def test_similar_is_what_follows():
    dataset = shop([(p, i, d) for p in "uv" for d, i in enumerate(["i01", "i02", "i01"])])
    answer = Transition().fit(dataset).similar(dataset.items.encode(["i01", "i07"]), 3)
    assert names(dataset, answer) == [["i02"], []]


def test_a_chance_pair_does_not_lead():
    """i02 follows i01 forty times among much else; i03, which nobody else took, followed once."""
    often = [(f"o{n}", item, n + d) for n in range(40) for d, item in enumerate(["i01", "i02", "i04", "i02"])]
    dataset = shop([*often, ("x", "i01", 0), ("x", "i03", 1)])
    config = CooccurrenceConfig(alpha=0.0, beta=1.0)
    model = Cooccurrence(config).fit(dataset)
    plain = model.recommend(ask(dataset, [("i01", 1)]), 3)
    assert names(dataset, plain)[0][0] == "i03"
    assert names(dataset, model.similar(dataset.items.encode(["i01"]), 3))[0][0] != "i03"


def test_kinds_of_the_configuration_stand_in_for_the_shops():
    rows = [
        (p, i, d, k) for p in "uv" for d, (i, k) in enumerate([("i01", "view_item"), ("i02", "purchase")])
    ]
    dataset = shop([*rows, ("w", "i01", 0), ("w", "i03", 1)])
    first = [
        names(dataset, _kinds(dataset, view).recommend(ask(dataset, [("i01", 1)]), 1)) for view in (0.01, 1.0)
    ]
    assert first == [[["i03"]], [["i02"]]]


def _kinds(dataset, view):
    return Cooccurrence(CooccurrenceConfig(beta=0.0, kinds={"view_item": view})).fit(dataset)


@pytest.mark.parametrize("family", [Cooccurrence, Transition])
def test_settings_survive_saving(family, tmp_path):
    config = CooccurrenceConfig(reach=3, seen=0.5, kinds={"view_item": 0.1})
    family(config).fit(shop([("u", "i01", 1)])).save(tmp_path)
    assert family.load(tmp_path).config == config
