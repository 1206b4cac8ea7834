"""Segments: who is in them, how large they are, what they share, and who moved."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.core.types import DAY_MS
from shopkeeper.features.clusters import Clusters
from shopkeeper.features.customer import profiles
from shopkeeper.features.segments import (
    by_likeness,
    by_rfm,
    by_rule,
    by_stage,
    movement,
    overlap,
    sizes,
)
from tests.features.people import bought, log_of, logs

NOW = 45 * DAY_MS


def members(**segments):
    rows = [(person, name) for name, people in segments.items() for person in people]
    return pl.DataFrame(rows, {"person": pl.UInt32, "segment": pl.String}, orient="row")


@given(logs)
def test_everybody_is_in_one_stage_and_every_buyer_in_one_rfm_segment(rows):
    told = profiles(log_of(rows), NOW)
    assert by_stage(told)["person"].to_list() == told["person"].to_list()
    buyers = told.filter(pl.col("recency_days").is_not_null())
    found = by_rfm(told)
    assert found["person"].to_list() == buyers["person"].to_list()
    assert sizes(found, len(told))["size"].sum() == len(buyers)


def test_rfm_names_say_what_they_mean():
    rows = [bought("c_a", day) for day in range(0, 40, 2)]
    rows += [bought("c_b", 0), bought("c_c", 39)]
    rows += [bought(f"c_{name}", day) for name, day in zip("defghi", range(5, 35, 5), strict=True)]
    told = profiles(log_of(rows), 40 * DAY_MS)
    found = by_rfm(told).join(told.select("person", "customer_id"), on="person")
    named = dict(found.select("customer_id", "segment").rows())
    assert named["c_a"] in ("champions", "loyal")
    assert named["c_b"] == "hibernating"
    assert named["c_c"] in ("champions", "potential loyalists", "promising", "new")


def test_rules_may_overlap_and_say_which_is_broken():
    told = profiles(log_of([bought("c_a", 1), bought("c_a", 9), bought("c_b", 40)]), NOW)
    rules = {"buyers": "frequency >= 1", "twice": "frequency = 2", "nobody": "frequency > 9"}
    found = by_rule(told, rules)
    assert dict(sizes(found, len(told)).select("segment", "size").rows()) == {"buyers": 2, "twice": 1}
    with pytest.raises(InvalidRequest, match="Segment 'odd'"):
        by_rule(told, {"odd": "frequency >"})
    with pytest.raises(InvalidRequest, match="no rule"):
        by_rule(told, {})


def test_overlap_and_movement_are_counted():
    before, after = members(x=[1, 2, 3], y=[3, 4]), members(x=[2, 3], z=[1, 5])
    shared = {row[:2]: row[2:] for row in overlap(before).rows()}
    assert shared[("x", "y")] == (1, pytest.approx(1 / 3))
    assert shared[("y", "x")] == (1, 0.5)
    assert len(shared) == 2
    moved = {row[:2]: row[2] for row in movement(before, after).rows()}
    assert moved == {
        ("x", "x"): 2,
        ("x", "z"): 1,
        ("y", "x"): 1,
        ("y", None): 1,
        (None, "z"): 1,
    }


def crowd(seed=0):
    """Two kinds of customers: weekly small baskets, and large ones twice in forty days."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(20):
        rows += [
            bought(f"c_small{number}", day + rng.random(), "tea", 4 + rng.random()) for day in range(0, 44, 4)
        ]
        rows += [
            bought(f"c_large{number}", day + 2 * rng.random(), "pot", 150 + 40 * rng.random())
            for day in (3, 30)
        ]
    return rows


def test_clusters_find_kinds_of_customers_and_name_them():
    told = profiles(log_of(crowd()), NOW)
    clusters = Clusters.fit(told)
    assert len(set(clusters.names)) == len(clusters.names)
    found = by_likeness(told, clusters).join(told.select("person", "customer_id"), on="person")
    kinds = found.with_columns(kind=pl.col("customer_id").str.slice(0, 7))
    assert (
        kinds.group_by("segment").agg(pl.col("kind").n_unique())["kind"].to_list()
        == [1] * kinds["segment"].n_unique()
    )
    small = kinds.filter(pl.col("kind") == "c_small")["segment"].unique().to_list()
    assert any("frequent" in name or "small" in name or "close" in name for name in small)
    assert Clusters.fit(told).names == clusters.names


def test_few_buyers_have_no_clusters():
    with pytest.raises(TooLittleData, match="too few"):
        Clusters.fit(profiles(log_of([bought("c_a", 1)]), NOW))
