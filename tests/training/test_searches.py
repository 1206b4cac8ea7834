"""What people look at after a search teaches what they mean, and is believed only where it helps."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.searches import SEARCH
from shopkeeper.encoders.base import unit
from shopkeeper.learners.queries import Adapted
from shopkeeper.training.searches import learn_searches

KINDS, ITEMS, SEARCHES = 12, 240, 1500
RNG = np.random.default_rng(4)
MEANT = unit(RNG.standard_normal((KINDS, 8)).astype(np.float32))


class Reader:
    """Hears the kind in the first letter of a text, and noise in all of it."""

    id, dim = "reader", 24

    def encode(self, values):
        rows = []
        for value in values:
            noise = np.random.default_rng(sum(map(ord, value)) * len(value)).standard_normal(16)
            rows.append([*MEANT[ord(value[0].lower()) - ord("a")], *(0.5 * noise)])
        return unit(np.array(rows, np.float32))


def shop(seed, knows):
    """Searches for a kind, then clicks on goods of that kind, or on any where people do not know."""
    rng = np.random.default_rng(seed)
    kinds = np.arange(ITEMS) % KINDS
    titles = [f"{chr(97 + kind)}{number:03}" for number, kind in enumerate(kinds)]
    table = pl.DataFrame({c.ITEM_ID: [f"i{n:03}" for n in range(ITEMS)], c.TITLE: titles})
    items = ItemIndex(tuple(table[c.ITEM_ID]), table, read=lambda: Reader().encode(titles))
    rows = []
    for search in range(SEARCHES):
        kind = int(rng.integers(KINDS))
        goods = np.flatnonzero(kinds == kind) if knows else np.arange(ITEMS)
        term = chr(65 + kind) + "x" * int(rng.integers(6))
        rows += [(search, term, f"i{item:03}", search) for item in rng.choice(goods, 4, replace=False)]
    return pl.DataFrame(rows, schema=[SEARCH, c.SEARCH_TERM, c.ITEM_ID, c.TIMESTAMP], orient="row"), items


@pytest.fixture(scope="module")
def judged():
    pairs, items = shop(1, knows=True)
    return learn_searches(pairs, items, Reader())


def test_what_helps_later_searches_is_kept(judged):
    _, items = shop(1, knows=True)
    assert judged.searches == SEARCHES / 5
    assert judged.gain.low > 0.02
    adaptation = judged.adaptation
    assert adaptation.encoder == "reader"
    encoder = Adapted(Reader(), adaptation)
    assert encoder.id == f"reader/adapted-{adaptation.name}"
    titles = items.table[c.TITLE].to_list()
    found = np.argsort(-(encoder.encode(["Dxxxxxxxx"]) @ encoder.encode(titles).T)[0])[:10]
    assert np.mean(found % KINDS == 3) > 0.8
    assert judged.record()["kept"]


def test_what_does_not_help_is_not_kept():
    pairs, items = shop(2, knows=False)
    judged = learn_searches(pairs, items, Reader())
    assert judged is not None
    assert judged.adaptation is None
    assert not judged.record()["kept"]


def test_as_little_is_found_below_the_least_cosine_as_before(judged):
    pairs, items = shop(1, knows=True)
    adaptation = judged.adaptation
    queries, titles = pairs[c.SEARCH_TERM].unique().to_list(), items.table[c.TITLE].to_list()
    readers = Reader(), Adapted(Reader(), adaptation)
    plain, adapted = (reader.encode(queries) @ reader.encode(titles).T for reader in readers)
    assert (adapted < adaptation.least).mean() == pytest.approx((plain < 0.18).mean(), abs=0.01)


@pytest.mark.parametrize("rows", [0, 100, 1100])
def test_few_searches_teach_nothing(rows):
    pairs, items = shop(1, knows=True)
    assert learn_searches(pairs.head(rows), items, Reader()) is None


def test_a_catalogue_that_nobody_reads_teaches_nothing():
    pairs, items = shop(1, knows=True)
    assert learn_searches(pairs, ItemIndex(items.ids, items.table), Reader()) is None
