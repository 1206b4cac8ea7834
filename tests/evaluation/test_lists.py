"""What answers are made of, from what a dataset tells of its items."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.types import Ragged
from shopkeeper.data.dataset import PERSON, build_dataset
from shopkeeper.evaluation import lists
from shopkeeper.evaluation.lists import category_prefixes, dissimilarity, measure_lists, measure_union

paths = st.lists(st.tuples(*[st.sampled_from(["x", "y", None])] * 3), min_size=1, max_size=10)


@given(paths)
def test_a_prefix_number_stands_for_the_path_down_to_its_level(rows):
    table = pl.DataFrame(
        rows, schema=dict.fromkeys((c.CATEGORY, c.CATEGORY2, c.CATEGORY3), pl.String), orient="row"
    )
    found = category_prefixes(table)
    for level in range(3):
        for i, one in enumerate(rows):
            ended = None in one[: level + 1]
            assert (found[i, level] == -1) == ended
            for j, other in enumerate(rows):
                same = not ended and one[: level + 1] == other[: level + 1]
                assert (found[i, level] == found[j, level] and found[i, level] >= 0) == same


def test_a_catalogue_without_categories_has_no_paths():
    assert (category_prefixes(pl.DataFrame({c.ITEM_ID: ["a", "b"]})) == -1).all()


def world():
    events = pl.DataFrame(
        {
            PERSON: ["p", "p", "q", "q", "q", None],
            c.ITEM_ID: ["a", "b", "a", "b", "b", "c"],
            c.TIMESTAMP: [1, 2, 3, 4, 5, 6],
        }
    )
    return build_dataset(events, pl.DataFrame({c.ITEM_ID: ["d", "e"], c.CATEGORY: ["x", "x"]}))


def test_items_with_categories_are_told_by_them_and_others_by_their_people():
    apart = dissimilarity(world())
    a, b, c_, d, e = range(5)
    pairs = np.array([[a, b], [a, c_], [d, e], [a, d]], np.int32)
    assert apart(pairs[:, 0], pairs[:, 1]) == pytest.approx([0, 1, 0, 1])


def test_figures_have_one_name_for_each_length():
    answers = Ragged.of([[0, 1], [3, 4], []])
    union, values = measure_union(answers, 5, (1, 2)), measure_lists(answers, world(), (1, 2))
    assert set(union) == {"coverage@1", "coverage@2", "gini@1", "gini@2"}
    assert set(values) == {"novelty@1", "novelty@2", "diversity@1", "diversity@2"}
    assert union["coverage@2"] == 0.8
    assert values["diversity@2"][:2] == pytest.approx([0, 0])
    assert np.isnan(values["diversity@1"]).all()
    assert np.isnan(values["novelty@1"][2])


def test_large_batches_are_sampled_alike_for_every_model(monkeypatch):
    monkeypatch.setattr(lists, "SAMPLE", 4)
    one = measure_lists(Ragged.of([[0, 1]] * 9), world(), (2,))
    assert len(one["novelty@2"]) == 4
    rows = [[0] if i % 2 else [3] for i in range(9)]
    first, second = (measure_lists(Ragged.of(rows), world(), (1,))["novelty@1"] for _ in range(2))
    assert first.tolist() == second.tolist()
