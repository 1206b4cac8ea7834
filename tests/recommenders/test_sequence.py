"""Sequence models as they answer."""

import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core.errors import MissingDependency
from shopkeeper.core.types import Ragged
from shopkeeper.data.split import last_out_split
from shopkeeper.encoders.base import unit
from shopkeeper.learners.sequence import config as sizes
from shopkeeper.learners.sequence.batches import again_code
from shopkeeper.learners.sequence.config import SequenceConfig, Size, dropout_for
from shopkeeper.recommenders import sequence
from shopkeeper.recommenders.base import Represents, retrieves
from shopkeeper.recommenders.sequence import GruSequence, Transformer
from shopkeeper.training.tuning.trials import value_of
from tests.recommenders.worlds import ask, everybody, everything, shop
from tests.training.shops import chains, habits

SMALL = SequenceConfig(size="test", epochs=4, rate=5e-3, dropout=0.1)
both = pytest.mark.parametrize("family", [Transformer, GruSequence])


@pytest.fixture(autouse=True, scope="module")
def test_size():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "SIZES", {**sizes.SIZES, "test": Size(16, 1, 2, 12)})
        yield


@pytest.fixture(scope="module")
def model(test_size):
    return Transformer(SMALL).fit(habits(40))


@both
def test_steps_along_a_chain_are_learned(family):
    split = last_out_split(chains(150))
    learned = family(replace(SMALL, epochs=12)).fit(split.train)
    assert value_of(learned, split.test) > 0.9


def test_scores_are_those_of_the_formula(model):
    dataset = habits(40)
    past = [("i03", 1), ("i04", 2, "view_item"), ("i03", 2.5), ("i05", 3)]
    requests = ask(dataset, past, day=4)
    state = model._answers
    vector = model.represent(requests)[0].astype(float)
    logits = (state.items.astype(float) @ vector - 1) / state.temperature
    for item, since in (("i03", 1), ("i04", 2), ("i05", 0)):
        logits[state.places[dataset.items.code(item)]] += state.again[again_code(np.array(since))]
    found = model.score(requests, everything(requests, dataset.n_items))
    np.testing.assert_allclose(found[state.codes], np.exp(logits), rtol=1e-4)


def test_histories_become_unit_vectors(model):
    assert isinstance(model, Represents)
    vectors = model.represent(ask(habits(40), [("i03", 1)], [], [("i04", 1), ("i03", 2)]))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1], atol=1e-6)


def test_order_and_kind_and_time_are_heard():
    kinds = ["view_item", "purchase"]
    rows = [
        (f"p{p:02}", f"i{(p + d) % 12:02}", d * (1 + p % 7), kinds[(p + d) % 2])
        for p in range(30)
        for d in range(9)
    ]
    dataset = shop(rows)
    one, other, late = ("i03", 1), ("i04", 2), ("i04", 6)
    pasts = [[one, other], [("i04", 1), ("i03", 2)], [one, (*other, "view_item")], [one, late]]
    vectors = Transformer(SMALL).fit(dataset).represent(ask(dataset, *pasts, day=9))
    assert len({vector.tobytes() for vector in vectors}) == len(pasts)


def test_a_large_batch_is_ranked_in_parts(model, monkeypatch):
    requests = everybody(habits(40))
    whole = model.recommend(requests, 7)
    monkeypatch.setattr(sequence, "_BLOCK", 150)
    parts = model.recommend(requests, 7)
    assert np.array_equal(whole.items, parts.items)
    assert np.array_equal(whole.scores, parts.scores)


def test_only_the_latest_events_are_heard(model):
    dataset = habits(40)
    known = [dataset.items.ids[code] for code in model._answers.codes]
    last = [(known[n], 50 + n) for n in range(12)]
    long = [(known[n % 30], n / 100) for n in range(200)]
    one, other = model.represent(ask(dataset, last, [*long, *last]))
    np.testing.assert_array_equal(one, other)


def test_a_large_model_only_scores(model, monkeypatch):
    assert retrieves(model)
    monkeypatch.setattr(sequence, "LIVE", 100)
    assert not retrieves(model)
    assert len(model.recommend(everybody(habits(40)), 5).items)


def test_evidence_is_the_nearest_of_the_history(model):
    dataset = habits(40)
    request = ask(dataset, [("i03", 1), ("i04", 2), ("i05", 3), ("i06", 4)])
    state, item = model._answers, dataset.items.code("i07")
    (evidence,) = model.explain(request, np.array([item]))
    vectors = {code: state.items[state.places[code]] for code in request.histories.items.tolist()}
    cosine = {code: float(vector @ state.items[state.places[item]]) for code, vector in vectors.items()}
    assert list(evidence.items) == sorted(cosine, key=lambda code: -cosine[code])[:3]


def test_items_nobody_touched_have_no_score(model):
    dataset = shop([("u", "i01", 1), ("u", "i02", 2), (None, "i03", 3)])
    learned = Transformer(SMALL).fit(dataset)
    scores = learned.score(ask(dataset, [("i01", 4)]), Ragged.of([[0, 1, 2, 3]]))
    assert (scores > 0).tolist() == [False, True, True, False]


def test_items_nobody_touched_are_answered_by_their_vectors():
    rows = [(f"p{p}", f"i{2 * ((p // 2 + d) % 5) + p % 2:02}", d) for p in range(60) for d in range(6)]
    dataset = shop(rows)
    vectors = np.repeat(np.eye(2, dtype=np.float32)[np.arange(12) % 2], 4, axis=1)
    learned = Transformer(replace(SMALL, epochs=25, rate=2e-2)).fit(dataset, vectors=vectors)
    new = Ragged.of([[10, 11], [10, 11]])
    even, odd = learned.score(
        ask(dataset, [("i00", 9), ("i02", 10)], [("i01", 9), ("i03", 10)]), new
    ).reshape(2, 2)
    assert even[0] > even[1] > 0
    assert odd[1] > odd[0] > 0


@both
def test_learning_goes_on_from_yesterdays_model(family, tmp_path):
    """Over a catalogue that has changed: other codes, and items that were not there."""
    split = last_out_split(chains(150))
    config = replace(SMALL, epochs=12)
    family(config).fit(split.train).save(tmp_path)
    yesterday = family.load(tmp_path)
    rows = [(f"q{p:03}", f"i{(p * 7 + d) % 60:02}", d) for p in range(20) for d in range(4)]
    rows += [("new", "a-new-one", 1), ("new", "i01", 2)]
    today = last_out_split(shop(rows, [f"i{n:02}" for n in range(60)]))
    short = replace(config, epochs=1)
    cold = family(short).fit(today.train)
    warm = family(short).fit(today.train, warm=yesterday)
    assert value_of(warm, today.test) > value_of(cold, today.test) + 0.2
    assert "a-new-one" in today.train.items.ids


def test_another_shops_model_teaches_what_follows_by_what_is_told(tmp_path):
    """Two shops of the same goods under other ids; the second has hardly any customers."""
    angles = np.arange(60)[:, None] * np.arange(1, 9) * 2 * np.pi / 60
    told = unit(np.hstack([np.cos(angles), np.sin(angles)]).astype(np.float32))
    config = replace(SMALL, epochs=12, reads=True)

    def told_of(dataset):
        return replace(dataset, items=replace(dataset.items, read=lambda: told))

    Transformer(config).fit(told_of(chains(150))).save(tmp_path)
    other = Transformer.load(tmp_path)
    rows = [(f"q{p:03}", f"j{(p * 3 + d) % 60:02}", d) for p in range(20) for d in range(4)]
    small = last_out_split(told_of(shop(rows, [f"j{n:02}" for n in range(60)])))
    short = replace(config, epochs=1)
    alone = Transformer(short).fit(small.train)
    taught = Transformer(short).fit(small.train, warm=other)
    assert value_of(taught, small.test) > value_of(alone, small.test) + 0.2


def test_a_model_of_other_measures_is_no_start():
    dataset = chains(30)
    other = Transformer(replace(SMALL, size="tiny", epochs=1)).fit(dataset)
    requests = everybody(dataset)
    one = Transformer(SMALL).fit(dataset).recommend(requests, 5)
    two = Transformer(SMALL).fit(dataset, warm=other).recommend(requests, 5)
    assert np.array_equal(one.items, two.items)


def test_a_training_goes_on_from_its_checkpoint(tmp_path):
    dataset, requests = chains(40), everybody(chains(40))
    whole = Transformer(SMALL).fit(dataset).recommend(requests, 5)
    Transformer(SMALL).fit(dataset, folder=tmp_path)
    again = Transformer(SMALL)
    again.learn(dataset, folder=tmp_path)
    assert np.array_equal(again.recommend(requests, 5).items, whole.items)


def test_whole_numbers_answer_nearly_the_same():
    dataset = chains(60)
    one, other = (Transformer(replace(SMALL, int8=int8)).fit(dataset) for int8 in (False, True))
    requests = everybody(dataset)
    assert (one.represent(requests) * other.represent(requests)).sum(axis=1).min() > 0.98
    assert np.array_equal(one.in_whole_numbers().represent(requests), other.represent(requests))
    assert one.in_whole_numbers().config == other.config


@pytest.mark.parametrize("missing", ["torch", "onnx"])
def test_without_what_learns_it_says_what_to_install(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingDependency, match="deep"):
        Transformer(SMALL).fit(chains(10))


def test_it_answers_without_what_learns(model, tmp_path):
    """Loading, ranking, scoring and explaining in a process that has neither torch nor onnx."""
    model.save(tmp_path)
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        sys.modules["torch"] = sys.modules["onnx"] = None
        from shopkeeper.learners.sequence import config
        config.SIZES = {**config.SIZES, "test": config.Size(16, 1, 2, 12)}
        from shopkeeper.recommenders.sequence import Transformer
        from tests.recommenders.worlds import everybody
        from tests.training.shops import habits
        dataset = habits(40)
        model = Transformer.load(Path(sys.argv[1]))
        print(model.recommend(everybody(dataset), 5).items.tolist())
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(model.recommend(everybody(habits(40)), 5).items.tolist())


def test_more_data_an_item_need_less_dropout():
    few, many = (shop([(f"p{n}", "i01", n) for n in range(rows)]) for rows in (16, 290))
    assert dropout_for(few) == 0.5
    assert dropout_for(many) == pytest.approx(0.2, abs=0.01)
    assert dropout_for(shop([])) == 0.5
