"""Untouched items in lists: which, how often, and told as what they are."""

from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import build_dataset
from shopkeeper.data.histories import build_histories
from shopkeeper.recommenders.blend import Blend
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.fresh import CHOICES, LEAST, MOST, PLACE, Seen, Tried, rate
from shopkeeper.recommenders.model import Model
from shopkeeper.surfaces import homepage
from shopkeeper.surfaces.assortment import lay_out
from shopkeeper.surfaces.fresh import EXPLORE, Drawn, draw, tried_in, untouched
from shopkeeper.surfaces.visit import Ranked, Visit
from tests.surfaces import stock as made

NEW = [f"{group}-{i:02}" for group in range(6) for i in (16, 17)]
"""Items nobody bought."""
LATER = pl.DataFrame(
    [
        {
            **row,
            c.ITEM_ID: f"later-{row[c.ITEM_ID]}",
            c.TITLE: f"Later {row[c.TITLE]}",
            c.CREATED_AT: place,
            c.IN_STOCK: True,
        }
        for place, row in enumerate(made.catalogue().to_dicts()[:40])
    ]
)
LOVED = Tried(Seen(100, 50), Seen(100, 5))


def world():
    data = made.dataset()
    data = data.where(~np.isin(np.array(data.items.ids)[data.item], NEW))
    blend = Blend().fit(data)
    parts = {source.name: source for source in (*blend.sources, Content().fit(data))}
    return data, Model("v1", data.items, blend, parts, tried=LOVED)


DATA, MODEL = world()
LIVE = pl.concat(
    [made.catalogue().with_columns(pl.lit(0).alias(c.CREATED_AT)), LATER], how="diagonal_relaxed"
)


def visit(person, model=MODEL):
    histories = build_histories(
        DATA, np.array([person or 0]), np.array([made.NOW if person is not None else 0])
    )
    return Visit(model, lay_out(model.items, LIVE, currency="EUR"), histories, made.NOW)


def ids(visit, codes):
    return [visit.stock.ids[code] for code in codes]


def test_untouched_are_the_model_s_by_content_and_newer_ones_of_known_kinds():
    seen = visit(3)
    chosen = ids(seen, untouched(seen, seen.open))
    known = [name for name in chosen if not name.startswith("later-")]
    newer = [name for name in chosen if name.startswith("later-")]
    assert known
    assert set(known) <= set(NEW)
    assert len(known) <= CHOICES
    assert len(newer) <= CHOICES
    kinds = {seen.stock.kind[item] for item in seen.met}
    assert all(seen.stock.kind[seen.stock.codes[name]] in kinds for name in newer)
    created = [seen.stock.created_at[seen.stock.codes[name]] for name in newer]
    assert created == sorted(created, reverse=True)
    nobody = visit(None)
    assert untouched(nobody, nobody.open) == []
    assert untouched(seen, np.zeros(len(seen.stock), bool)) == []


def test_each_is_drawn_as_often_as_is_told():
    seen, chance, n = visit(3), np.random.default_rng(1), 1500
    choices = untouched(seen, seen.open)
    drawn = [draw(seen, lambda: seen.open, chance) for _ in range(n)]
    hits = Counter(one.item for one in drawn if one is not None)
    assert rate(MODEL.tried) == MOST
    assert sum(hits.values()) / n == pytest.approx(MOST, abs=0.04)
    assert set(hits) == set(choices)
    for one in drawn:
        if one is not None:
            assert one.probability == pytest.approx(MOST / len(choices))
            assert hits[one.item] / n == pytest.approx(one.probability, abs=0.03)
    assert draw(seen, lambda: seen.open, np.random.default_rng(7)) == draw(
        seen, lambda: seen.open, np.random.default_rng(7)
    )
    unsure = visit(3, replace(MODEL, tried=Tried()))
    some = [draw(unsure, lambda: unsure.open, chance) for _ in range(n)]
    assert sum(one is not None for one in some) / n == pytest.approx(LEAST, abs=0.01)


def test_it_stands_in_its_place_and_says_what_it_is():
    seen = visit(3)
    for item in untouched(seen, seen.open)[:1] + untouched(seen, seen.open)[-1:]:
        first = homepage.compose(seen, 12, (), Drawn(item, 0.02))[0]
        card = next(card for card in first.cards if card.source == EXPLORE)
        assert (card.item_id, card.probability) == (seen.stock.ids[item], 0.02)
        assert first.cards.index(card) == pytest.approx(PLACE, abs=1)
        assert {other.probability for other in first.cards if other is not card} == {1.0}
        assert set(card.evidence_item_ids) <= {seen.stock.ids[code] for code in seen.met}


def test_a_list_keeps_its_items_and_its_order():
    ranked = Ranked(list(range(8)), [8.0 - i for i in range(8)], ["a"] * 8)
    assert tried_in(ranked, None) is ranked
    assert tried_in(ranked, Drawn(2, 0.1)) is ranked
    assert tried_in(ranked.only([0, 1, 2]), Drawn(9, 0.1)).items == [0, 1, 2]
    fresh, later = tried_in(ranked, Drawn(9, 0.1)), tried_in(ranked, Drawn(6, 0.1))
    assert fresh.items == [0, 1, 2, 3, 9, 4, 5, 6, 7]
    assert later.items == [0, 1, 2, 3, 6, 4, 5, 7]
    assert fresh.sources[PLACE] == later.sources[PLACE] == EXPLORE
    assert fresh.scores == sorted(fresh.scores, reverse=True)
    assert fresh.chances == {9: 0.1}


def test_touched_once_it_is_tried_no_more():
    seen = visit(3)
    item = untouched(seen, seen.open)[0]
    events = pl.DataFrame(
        {
            "person": ["p00"],
            c.ITEM_ID: [seen.stock.ids[item]],
            c.TIMESTAMP: [made.NOW - 1],
            c.EVENT_TYPE: ["purchase"],
        }
    )
    more = build_dataset(events, made.catalogue()).over(DATA.items)
    popular = type(MODEL.parts["popular"])().fit(DATA).add(more)
    after = Model("v2", MODEL.items, MODEL.default, {**MODEL.parts, "popular": popular}, tried=LOVED)
    again = visit(3, after)
    assert item not in untouched(again, again.open)
