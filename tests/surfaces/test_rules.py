"""Rules against a slow, plain reading of them, over random catalogues, rankings and rules."""

from collections import Counter
from dataclasses import replace
from typing import Any, ClassVar, cast

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.rules import Rule, contradictions
from shopkeeper.core.types import Ragged
from shopkeeper.recommenders.select import top_k
from shopkeeper.surfaces import homepage
from shopkeeper.surfaces.effects import effects, ids_by_row
from shopkeeper.surfaces.favour import DEEP, Factors, favoured
from shopkeeper.surfaces.listing import Asked, listed
from shopkeeper.surfaces.rules import NO_RULES, Ruled, capped, lay
from shopkeeper.surfaces.slate import eligible
from shopkeeper.surfaces.visit import Visit
from tests.surfaces import stock as made

DATA = made.dataset()
MODEL = made.model(DATA)


class Fixed:
    """Scores that are the same for everybody: what comes out can be worked out by hand."""

    name: ClassVar[str] = "fixed"

    def __init__(self, scores):
        self.scores = scores

    def recommend(self, requests, k):
        everything = Ragged.of([np.arange(len(self.scores), dtype=np.int32)])
        return top_k(everything, self.scores, requests, k, self.name)

    def score(self, requests, candidates):
        return self.scores[candidates.items]


def rule(name: str, action: str, **fields: object) -> Rule:
    return Rule.model_validate({"name": name, "action": action, **fields})


def ruled(rules: list[Rule], person: int | None = 3) -> Visit:
    visit = made.visit(DATA, MODEL, person)
    return replace(visit, ruled=lay(rules, visit.stock))


def answer(visit: Visit, k: int = 8, part: Any = None, surface: str = "popular"):
    asked = Asked(surface, part or visit.default(), k, eligible(visit.stock))
    return listed(visit, asked, visit.open, (), lambda: np.random.default_rng(3))


def ids(found) -> list[str]:
    return [card.item_id for card in found.cards]


@given(
    st.lists(st.integers(1, 40), min_size=DEEP + 20, max_size=DEEP + 60),
    st.integers(0, 1_000),
    st.integers(1, 15),
)
def test_favoured_lists_are_those_of_score_times_factor(scores, seed, k):
    """The very list that sorting the whole catalogue gives, however deep a favourite lies."""
    values = np.array(scores, np.float32)
    chance = np.random.default_rng(seed)
    factors = Factors.of(
        chance.choice(np.array([1, 0.25, 4, 20], np.float32), len(values), p=[0.7, 0.1, 0.1, 0.1])
    )
    allowed = chance.random(len(values)) < 0.9
    requests = made.visit(DATA, MODEL, 3).request
    found = favoured(cast(Any, Fixed(values)), requests, allowed, k, factors)
    total = values * factors.values
    expected = sorted(np.flatnonzero(allowed).tolist(), key=lambda item: (-total[item], item))[:k]
    assert found.items.tolist() == expected
    assert np.allclose(found.scores, total[expected])


selections = st.fixed_dictionaries(
    {},
    optional={
        "brand": st.lists(st.sampled_from(["House", "Name", "None such"]), min_size=1, max_size=2),
        "category": st.lists(
            st.sampled_from(["Category 1", "Category 2", "Kind 3 1", "Sort 0 2"]), min_size=1, max_size=2
        ),
        "max_price": st.integers(2, 20),
        "item_ids": st.lists(st.sampled_from([f"{g}-0{i}" for g in range(6) for i in range(5)]), min_size=1),
    },
).filter(bool)
rules = (
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["exclude", "boost", "bury", "filter"]), selections),
            st.builds(
                lambda per, most: ("cap", {"per": per, "most": most}),
                st.sampled_from(["brand", "category", c.CATEGORY2]),
                st.integers(1, 3),
            ),
            st.builds(
                lambda item, slot: ("pin", {"item_ids": [item], "slot": slot}),
                st.sampled_from(["0-00", "3-04", "5-09"]),
                st.integers(1, 9),
            ),
        ),
        max_size=4,
    )
    .map(lambda told: [rule(f"r{n}", action, **fields) for n, (action, fields) in enumerate(told)])
    .filter(lambda told: not contradictions(told))
)


def fits(given, row):
    """One row of the catalogue under one rule, in words."""
    return (
        (not given.item_ids or row[c.ITEM_ID] in given.item_ids)
        and (not given.brand or row[c.BRAND] in given.brand)
        and (
            not given.category
            or bool({row[c.CATEGORY], row[c.CATEGORY2], row[c.CATEGORY3]} & set(given.category))
        )
        and (given.max_price is None or row[c.PRICE] <= given.max_price)
    )


def plain(given, scores, k):
    """What the rules say, item by item."""
    catalogue = {row[c.ITEM_ID]: row for row in made.catalogue().to_dicts()}

    def barred(item):
        row = catalogue[item]
        return any(
            (r.action == "exclude" and fits(r, row)) or (r.action == "filter" and not fits(r, row))
            for r in given
        )

    def total(item):
        out = np.float32(1.0)
        for r in given:
            if r.action in ("boost", "bury") and fits(r, catalogue[item]):
                out *= np.float32(r.factor)
        return float(np.float32(scores[item]) * out)

    free = [item for item, row in catalogue.items() if row[c.IN_STOCK] and not barred(item)]
    pins = {
        r.slot - 1: r.item_ids[0]
        for r in given
        if r.action == "pin" and r.item_ids[0] in free and r.slot <= k
    }
    codes = {item: code for code, item in enumerate(catalogue)}
    counts = {
        r.name: Counter(catalogue[item][r.per] for item in pins.values()) for r in given if r.action == "cap"
    }
    chosen: list[str] = []
    for item in sorted(set(free) - set(pins.values()), key=lambda item: (-total(item), codes[item])):
        caps = [r for r in given if r.action == "cap"]
        if len(chosen) + len(pins) < k and all(counts[r.name][catalogue[item][r.per]] < r.most for r in caps):
            chosen.append(item)
            for r in caps:
                counts[r.name][catalogue[item][r.per]] += 1
    for slot in sorted(pins):
        chosen.insert(slot, pins[slot])
    return chosen


@given(rules, st.integers(1, 12), st.integers(0, 50))
def test_a_list_is_what_a_plain_reading_of_its_rules_gives(given_rules, k, seed):
    visit = ruled(given_rules, None)
    scores = np.random.default_rng(seed).integers(1, 1_000, visit.stock.known).astype(np.float32)
    found = answer(visit, k, Fixed(scores), "for_you")
    told = dict(zip(visit.stock.ids, scores.tolist(), strict=True))
    expected = plain(given_rules, told, k)
    assert ids(found) == expected


@settings(max_examples=25)
@given(rules)
def test_a_page_keeps_its_rules_whatever_the_row(given_rules):
    visit = ruled(given_rules)
    page = homepage.composed(visit, 6)
    catalogue = {row[c.ITEM_ID]: row for row in made.catalogue().to_dicts()}
    shown = [card.item_id for row in page.rows for card in row.cards]
    assert len(set(shown)) == len(shown)
    for r in given_rules:
        if r.action in ("exclude", "filter"):
            assert all(fits(r, catalogue[item]) == (r.action == "filter") for item in shown)
        if r.action == "cap":
            for row in page.rows:
                held = Counter(catalogue[card.item_id][r.per] for card in row.cards if card.source != "rule")
                assert max(held.values()) <= r.most


@given(rules, st.integers(1, 8))
def test_the_effects_of_rules_add_up_to_what_they_changed_together(given_rules, k):
    visit = ruled([], 6)

    def lists(some):
        return {"list": ids(answer(replace(visit, ruled=lay(some, visit.stock)), k))}

    before, after = lists([])["list"], lists(given_rules)["list"]
    shown = set(before)
    for told in effects(given_rules, lists):
        assert told.row == "list"
        assert set(told.left) <= shown
        shown = (shown - set(told.left)) | set(told.came)
    assert shown == set(after)


def test_an_effect_names_what_left_came_and_moved():
    lists = {(): "abcd", ("one",): "abxd", ("one", "two"): "axbd"}
    told = effects(
        [rule("one", "exclude", item_ids=["c"]), rule("two", "boost", item_ids=["x"])],
        lambda some: {"for_you": list(lists[tuple(r.name for r in some)])},
    )
    assert [(e.rule, e.left, e.came, e.moved) for e in told] == [
        ("one", ("c",), ("x",), ()),
        ("two", (), (), ("b", "x")),
    ]


def test_a_rule_that_empties_a_list_is_told_and_what_it_allows_fills_the_list():
    own = {visit.stock.ids[code] for visit in [made.visit(DATA, MODEL, 3)] for code in visit.met}
    visit = ruled([rule("nothing twice", "exclude", item_ids=sorted(own))])
    found = answer(visit, 6, visit.part("repeat"), "buy_again")
    assert len(found.cards) == 6
    assert not own & set(ids(found))
    assert found.warnings == (
        "buy_again: 0 of 6 items are left by the rules 'nothing twice'; 6 more that they allow fill it",
    )
    page = homepage.composed(visit, 6)
    assert "buy_again" not in [row.name for row in page.rows]
    assert page.warnings == ("buy_again: left out, as the rules 'nothing twice' leave less than 4 items",)
    assert len(page.rows) >= 3


def test_rules_that_leave_nothing_are_told_and_nothing_is_made_up():
    visit = ruled([rule("cheap", "filter", max_price=3), rule("dear", "filter", min_price=4)])
    found = answer(visit)
    assert found.cards == ()
    assert found.warnings[0] == "rules 'cheap', 'dear' leave nothing to show"
    assert "they allow no other" in found.warnings[1]
    assert homepage.composed(visit, 6).rows == ()


def test_what_a_rule_cannot_do_is_told():
    visit = ruled(
        [
            rule("typo", "boost", brand=["Hause"]),
            rule("gone", "pin", slot=1, item_ids=["none"]),
            rule("sold out", "pin", slot=2, item_ids=["0-09"]),
            rule("star", "pin", slot=3, item_ids=["0-02"]),
            rule("no such brand", "exclude", brand=["Name"]),
        ]
    )
    assert visit.ruled.conflicts == (
        "rules 'star' and 'no such brand': 'star' pins item '0-02', which 'no such brand' leaves out",
    )
    told = " ".join(visit.ruled.warnings)
    assert "'typo' selects no item" in told
    assert "'gone' selects no item" in told
    assert "'sold out' pins item '0-09', which cannot be shown" in told
    assert not {"0-09", "0-02", "none"} & set(ids(answer(visit, 8, surface="for_you")))


def test_attributes_select_and_are_counted_by():
    seller = pl.concat_str(
        pl.lit('{"seller": ["S'), (pl.int_range(pl.len()) % 3).cast(pl.String), pl.lit('"]}')
    )
    stock = made.assortment(made.catalogue().with_columns(seller.alias(c.ATTRIBUTES)).to_dicts())
    laid = lay(
        [rule("one each", "cap", per="seller", most=1), rule("no", "exclude", attributes={"seller": ["S1"]})],
        stock,
    )
    assert laid.barred is not None
    assert np.flatnonzero(laid.barred).tolist() == list(range(1, 120, 3))
    assert capped(range(12), laid.caps) == [0, 1, 2]
    assert capped(range(12), laid.caps, held=[4]) == [0, 2]


def test_pins_stand_in_the_first_row_of_a_page_and_nowhere_else():
    for person in (None, 3):
        visit = ruled([rule("star", "pin", slot=2, item_ids=["4-04"])], person)
        rows = homepage.composed(visit, 6).rows
        assert [card.item_id for card in rows[0].cards].index("4-04") == 1
        assert sum("4-04" in items for items in ids_by_row(rows).values()) == 1


@pytest.mark.parametrize("empty", [NO_RULES, lay([], made.visit(DATA, MODEL, 3).stock)])
def test_no_rules_change_nothing(empty: Ruled):
    visit = made.visit(DATA, MODEL, 3)
    assert homepage.composed(replace(visit, ruled=empty), 6).rows == homepage.compose(visit, 6)
