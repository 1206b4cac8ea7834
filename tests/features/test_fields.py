"""Fields side by side against the formula, pair by pair."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.data.dataset import ItemIndex
from shopkeeper.encoders.base import unit
from shopkeeper.features.fields import ATTRIBUTES, KINDS, MEANING, PICTURE, WORDS, Fields, joined

TITLES = ["green tea", "black tea", "tea cup", "", "绿茶 茶叶", "cup"]
KIND = ["tea", "tea", "ware", None, "tea", "ware"]
weight = st.sampled_from([0.0, 0.25, 1.0, 2.0])


def items(titles=TITLES, kinds=KIND, blind=()):
    vectors = unit(np.random.default_rng(0).standard_normal((len(titles), 4)).astype(np.float32))
    vectors[list(blind)] = 0.0
    ids = [f"i{place}" for place in range(len(titles))]
    told = ['{"colour": "red"}', '{"colour": "red", "size": 2}', None, '{"size": 2}', "{}", '{"one": "only"}']
    table = pl.DataFrame({"item_id": ids, "title": titles, "category": kinds})
    table = table.with_columns(attributes=pl.Series((told * 2)[: len(ids)], dtype=pl.String))
    seen = unit(np.random.default_rng(1).standard_normal((len(titles), 5)).astype(np.float32))
    seen[0] = 0.0
    return ItemIndex(tuple(ids), table, lambda: vectors, lambda: (seen, seen[:, :3]))


def plain(fields: Fields, weights, i: int, j: int) -> float:
    """The module's formula, one pair at a time."""
    total, of_i, of_j = 0.0, 0.0, 0.0
    for name, rows in {**{n: r.toarray() for n, r in fields.sparse.items()}, **fields.dense}.items():
        w = weights[name.split(".")[0]]
        total += w * float(rows[i] @ rows[j])
        of_i += w * bool(rows[i].any())
        of_j += w * bool(rows[j].any())
    return total / np.sqrt(of_i * of_j) if of_i * of_j else 0.0


@given(weight, weight, weight, weight, weight)
@settings(max_examples=25, deadline=None)
def test_side_by_side_is_the_formula(words, kinds, meaning, attributes, picture):
    weights = {WORDS: words, KINDS: kinds, MEANING: meaning, ATTRIBUTES: attributes, PICTURE: picture}
    fields = Fields.of(items(blind=(1,)))
    found = joined(fields, weights).block(np.arange(len(TITLES)))
    for i in range(len(TITLES)):
        for j in range(len(TITLES)):
            assert found[i, j] == pytest.approx(plain(fields, weights, i, j), abs=1e-5)


def test_an_item_is_wholly_like_itself_by_whatever_is_known_of_it():
    alike = joined(Fields.of(items(blind=(1, 3))), {WORDS: 1.0, KINDS: 0.5, MEANING: 1.0}).block(np.arange(6))
    np.testing.assert_allclose(np.diag(alike), [1, 1, 1, 0, 1, 1], atol=1e-6)
    assert alike.max() <= 1 + 1e-6


def test_one_item_to_others_is_a_part_of_its_row():
    fields = joined(Fields.of(items(blind=(1,))), {WORDS: 1.0, MEANING: 1.0, PICTURE: 1.0})
    others = np.array([5, 0, 2])
    np.testing.assert_allclose(fields.alike(1, others), fields.block(np.array([1]))[0, others], atol=1e-6)


def test_fields_are_named_by_what_is_known():
    assert Fields.of(items()).names == {WORDS, KINDS, ATTRIBUTES, MEANING, PICTURE}
    assert Fields.of(ItemIndex.of(["a", "b"])).names == {WORDS, KINDS}


def test_what_all_pictures_have_in_common_tells_none_apart():
    vectors = Fields.of(items()).dense[f"{PICTURE}.0"]
    assert not vectors[0].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[1:], axis=1), 1.0, rtol=1e-5)
    shifted = replace(
        items(), look=lambda: (np.where(np.arange(6)[:, None], items().pictures[0] + 3.0, 0.0),)
    )
    np.testing.assert_allclose(Fields.of(shifted).dense[f"{PICTURE}.0"], vectors, atol=1e-5)


def test_rare_words_tell_more_than_common_ones():
    titles = [f"tea {word}" for word in ("assam", "assam", "ceylon", "darjeeling")] + ["tea"] * 4
    alike = joined(Fields.of(items(titles, [None] * 8)), {WORDS: 1.0}).block(np.arange(8))
    assert alike[0, 1] > 3 * alike[0, 2]


def test_a_catalogue_without_words_has_nothing_alike():
    index = ItemIndex.of(["a", "b"])
    assert not joined(Fields.of(index), {WORDS: 1.0, KINDS: 1.0}).block(np.arange(2)).any()
