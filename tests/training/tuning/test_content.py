"""Weights of fields follow what people do, on a bounded number of items."""

from dataclasses import replace

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.split import last_out_split
from shopkeeper.recommenders.content import Content, ContentConfig
from shopkeeper.training.tuning import trials
from shopkeeper.training.tuning.content import heard_rows, tune_content
from tests.training.shops import chains, ids


def styled():
    """Everybody walks along the catalogue, which tells the way by an attribute; titles say nothing of it."""
    dataset = chains(120)
    rng = np.random.default_rng(0)
    table = pl.DataFrame(
        {
            c.ITEM_ID: ids(),
            c.TITLE: [" ".join(rng.choice(["tea", "cup", "pot", "tin", "jar", "mug"], 3)) for _ in ids()],
            c.ATTRIBUTES: [f'{{"style": {place // 6}}}' for place in range(len(ids()))],
        }
    )
    return replace(dataset, items=ItemIndex(dataset.items.ids, table))


def test_what_tells_more_weighs_more():
    split = last_out_split(styled(), hold=2, ask=2)
    trial = tune_content(split, split.test, 3)
    assert trial == tune_content(split, split.test, 3)
    assert trial.config.attributes > trial.config.words
    start = Content(ContentConfig(seen=trial.config.seen)).fit(split.train)
    assert trial.value > 1.2 * trials.value_of(start, split.test)
    again = Content(trial.config).fit(split.train)
    assert trials.value_of(again, split.test) == trial.value


CASES = last_out_split(chains(40), hold=2, ask=2).test


@given(st.integers(1, 80))
@settings(max_examples=20, deadline=None)
def test_items_heard_are_bounded_and_those_of_the_cases(most):
    rows, asked = heard_rows(CASES, most)
    assert len(asked) >= 1
    assert len(rows) <= most or len(asked) == 1
    assert set(rows.tolist()) == set(asked.requests.histories.items.tolist())
    if len(asked) < len(CASES):
        more = CASES.take(np.arange(len(asked) + 1))
        assert len(np.unique(more.requests.histories.items)) > most
