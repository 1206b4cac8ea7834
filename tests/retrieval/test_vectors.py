import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core.errors import CorruptModel, NotIndexed
from shopkeeper.encoders.base import unit
from shopkeeper.retrieval import vectors as module
from shopkeeper.retrieval.vectors import Neighbours, exact, name_of


def rows(n: int, dim: int = 16, seed: int = 0) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32))


def plain(vectors, queries, k, allowed=None):
    """Sort everything, one query after the other."""
    out = []
    for query in queries:
        codes = [i for i in range(len(vectors)) if allowed is None or allowed[i]]
        scores = {i: np.float32(vectors[i] @ query) for i in codes}
        out.append(sorted(codes, key=lambda i: (-scores[i], i))[:k])
    return out


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(1, 8), st.integers(1, 25), st.integers(0, 99), st.data())
def test_blocks_find_what_sorting_everything_finds(n, k, block, seed, data):
    # Whole numbers, so that equal scores are equal whichever way they are added up.
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-2, 3, (n, 4)).astype(np.float32)
    queries = rng.integers(-2, 3, (3, 4)).astype(np.float32)
    allowed = None if data.draw(st.booleans()) else rng.random(n) < 0.5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        codes, scores = exact(vectors, queries, k, allowed)
    for row, wanted in enumerate(plain(vectors, queries, k, allowed)):
        assert codes[row].tolist() == wanted + [-1] * (k - len(wanted))
        np.testing.assert_array_equal(scores[row, : len(wanted)], vectors[wanted] @ queries[row])
        assert np.isneginf(scores[row, len(wanted) :]).all()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_graph_finds_among_the_allowed_what_comparing_everything_finds(share):
    vectors, queries = rows(3000), rows(20, seed=1)
    indexed = Neighbours.of(vectors, "made up", largest=0)
    allowed = np.random.default_rng(2).random(3000) < share
    truth, found = exact(vectors, queries, 10, allowed)[0], indexed.search(queries, 10, allowed)[0]
    assert not indexed.is_exact
    assert allowed[found].all()
    assert np.mean([np.isin(a, b).mean() for a, b in zip(truth, found, strict=True)]) > 0.97


def test_graph_gives_exact_cosines_best_first():
    vectors, queries = rows(1000), rows(5, seed=1)
    codes, scores = Neighbours.of(vectors, "made up", largest=0).search(queries, 7)
    for row in range(5):
        np.testing.assert_allclose(scores[row], vectors[codes[row]] @ queries[row], rtol=1e-6)
        assert (np.diff(scores[row]) <= 0).all()


def test_recall_is_told_and_found_by_hand():
    vectors = rows(800)
    indexed = Neighbours.of(vectors, "made up", largest=0)
    sample = np.random.default_rng(0).permutation(800)[:200]
    truth = exact(vectors, vectors[sample], 10)[0]
    found = indexed.search(vectors[sample], 10)[0]
    by_hand = np.mean(
        [len(set(a) & set(b)) / 10 for a, b in zip(truth.tolist(), found.tolist(), strict=True)]
    )
    assert indexed.facts.recall == pytest.approx(by_hand)
    assert indexed.facts.recall > 0.97
    assert Neighbours.of(vectors, "made up").facts.recall == 1.0


@pytest.mark.parametrize("largest", [0, 10**9])
def test_saved_and_loaded_it_finds_the_same(tmp_path, largest):
    vectors, queries = rows(500), rows(4, seed=1)
    made = Neighbours.of(vectors, "one", "content", largest=largest)
    folder = made.save(tmp_path)
    read = Neighbours.load(tmp_path / name_of("one", "content"), "one")
    assert folder.name == name_of("one", "content")
    assert (read.facts, read.is_exact) == (made.facts, made.is_exact)
    for a, b in zip(made.search(queries, 5), read.search(queries, 5), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_older_index_gives_way(tmp_path):
    old = Neighbours.of(rows(20), "one", "before").save(tmp_path)
    new = Neighbours.of(rows(20), "one", "after").save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [new.name]
    assert not old.exists()


def test_an_index_of_another_encoder_is_refused(tmp_path):
    folder = Neighbours.of(rows(20), "one").save(tmp_path)
    with pytest.raises(NotIndexed, match="one, and two asks"):
        Neighbours.load(folder, "two")
    with pytest.raises(NotIndexed, match="holds no index"):
        Neighbours.load(tmp_path / "nothing", "one")


@pytest.mark.parametrize("name", ["vectors.npy", "graph.usearch", "facts.json"])
def test_damage_is_told(tmp_path, name):
    folder = Neighbours.of(rows(200), "one", largest=0).save(tmp_path)
    (folder / name).write_bytes((folder / name).read_bytes()[:-9])
    with pytest.raises(CorruptModel, match=name):
        Neighbours.load(folder, "one")


def test_facts_of_a_strange_shape_are_told(tmp_path):
    folder = Neighbours.of(rows(20), "one").save(tmp_path)
    (folder / "facts.json").write_text(json.dumps(["nonsense"]))
    with pytest.raises(CorruptModel):
        Neighbours.load(folder, "one")
