"""The nearest items of each against sorting every row."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.features.fields import Fields, joined
from shopkeeper.recommenders import nearest as module
from shopkeeper.recommenders.content import ContentConfig
from shopkeeper.recommenders.nearest import Wanted, by_vectors, compared, nearest


def drawn(n, letters="abcdef"):
    rng = np.random.default_rng(1)
    titles = ["".join(rng.choice(list(letters), 8)) for _ in range(n)]
    catalogue = pl.DataFrame({c.ITEM_ID: [f"i{place:04}" for place in range(n)], c.TITLE: titles})
    return joined(Fields.of(ItemIndex.of([], catalogue)), ContentConfig().weights)


def kinds(n):
    """Items whose words are drawn from those of their kind, in a catalogue of sixty kinds."""
    rng = np.random.default_rng(3)
    words = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 6)) for _ in range(60 * 8)]
    kind = rng.integers(60, size=n)
    titles = [" ".join(words[8 * one + place] for place in rng.integers(8, size=4)) for one in kind]
    catalogue = pl.DataFrame({c.ITEM_ID: [f"i{place:04}" for place in range(n)], c.TITLE: titles})
    return joined(Fields.of(ItemIndex.of([], catalogue)), ContentConfig().weights)


ITEMS = drawn(40)
WANTED = Wanted(5, np.random.default_rng(2).random(40) < 0.3, 2)


def plain(rows):
    """Every row sorted."""
    alike = ITEMS.block(np.arange(40))
    np.fill_diagonal(alike, 0.0)
    expected = np.zeros_like(alike)
    for row in rows:
        least, least_apart = np.sort(alike[row])[-5], np.sort(alike[row] * WANTED.apart)[-2]
        kept = (alike[row] > 0) & ((alike[row] >= least) | (WANTED.apart & (alike[row] >= least_apart)))
        expected[row] = alike[row] * kept
    return expected


@pytest.mark.parametrize("cells", [12, 40, 10_000])
@pytest.mark.parametrize("rows", [np.arange(40), np.array([3, 4, 17, 39])])
def test_comparing_finds_what_sorting_does(cells, rows, monkeypatch):
    monkeypatch.setattr(module, "_CELLS", cells)
    np.testing.assert_allclose(compared(ITEMS, WANTED, rows).toarray(), plain(rows), rtol=1e-6)


def test_with_enough_candidates_vectors_find_the_same(monkeypatch):
    monkeypatch.setattr(module, "_CANDIDATES", 40)
    found = by_vectors(ITEMS, WANTED, np.arange(40)).toarray()
    expected = plain(np.arange(40))
    # Of equals comparing keeps all, vectors the first of them.
    assert ((found > 0) <= (expected > 0)).all()
    np.testing.assert_allclose(np.sort(found, axis=1)[:, -5:], np.sort(expected, axis=1)[:, -5:], atol=1e-6)


def test_a_large_catalogue_is_found_by_vectors_and_tells_how_well(monkeypatch):
    monkeypatch.setattr(module, "COMPARED", 100)
    items = kinds(1_500)
    wanted = Wanted(10, np.arange(1_500) % 50 == 0, 3)
    found, recall = nearest(items, wanted)
    truth = compared(items, Wanted(10, np.zeros(1_500, bool), 0), np.arange(300))
    share = np.mean([np.isin(truth[[row]].indices, found[[row]].indices).mean() for row in range(300)])
    assert recall == pytest.approx(share, abs=0.1)
    assert recall > 0.7
    assert not found.diagonal().any()
    few, _ = nearest(items, wanted, np.array([7, 800]))
    assert np.flatnonzero(np.diff(few.indptr)).tolist() == [7, 800]
    assert (few[[7]] - found[[7]]).nnz == 0
