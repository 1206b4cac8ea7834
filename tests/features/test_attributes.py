"""Values of attributes as rows."""

import json

import numpy as np
import polars as pl

from shopkeeper.features.attributes import attribute_rows


def rows(*attributes):
    texts = [None if one is None else json.dumps(one) for one in attributes]
    return attribute_rows(pl.DataFrame({"attributes": pl.Series(texts, dtype=pl.String)})).toarray()


def test_what_is_shared_counts_by_how_rare_it_is():
    found = rows({"a": "x", "b": 1}, {"a": "x", "b": 1}, {"a": "x"}, {"a": "y", "b": 2}, None)
    cosine = found @ found.T
    np.testing.assert_allclose(np.diag(cosine), [1, 1, 1, 0, 0], atol=1e-6)
    common, rare = np.log(5 / 3), np.log(5 / 2)
    assert np.isclose(cosine[0, 2], common / np.hypot(common, rare), rtol=1e-5)


def test_lists_derived_values_and_marks():
    found = rows(
        {"tags": ["New", "warm"], "discreet": True},
        {"tags": ["warm "], "derived": {"tags": {"value": ["new"]}, "style": {"value": "plain"}}},
        {"style": "Plain", "discreet": True},
        {},
    )
    cosine = found @ found.T
    assert cosine[0, 1] > 0
    assert cosine[1, 2] > 0
    assert cosine[0, 2] == 0


def test_a_catalogue_without_attributes_has_none():
    assert attribute_rows(pl.DataFrame({"item_id": ["a", "b"]})).shape == (2, 0)
