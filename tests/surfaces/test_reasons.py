from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType, Evidence, Histories
from shopkeeper.data.histories import summarise
from shopkeeper.surfaces.page import UNSAID
from shopkeeper.surfaces.reasons import Wording, goes_with, new_in
from tests.surfaces.stock import NOW, assortment

STOCK = assortment(
    [
        {c.ITEM_ID: "0", c.TITLE: "Milk", c.ATTRIBUTES: '{"title_zh": "牛奶"}'},
        {c.ITEM_ID: "1", c.TITLE: "Bread"},
        {c.ITEM_ID: "2", c.TITLE: "x" * 200},
    ]
)


def words(*events: tuple[int, str, int], older: tuple[tuple[int, int], ...] = ()) -> Wording:
    """Item, kind and age in days of each event; item and age of events too old for more."""
    items = np.array([item for item, _, _ in events], np.int32)
    times = np.array([NOW - days * DAY_MS for _, _, days in events], np.int64)
    kinds = np.array([EventType[kind] for _, kind, _ in events], np.int8)
    offsets = np.array([0, len(events)], np.int64)
    all_items = np.array([*(item for item, _ in older), *items], np.int32)
    all_times = np.array([*(NOW - days * DAY_MS for _, days in older), *times], np.int64)
    summary = summarise(1, np.zeros(len(all_items), np.int64), all_items, all_times)
    values = np.ones(len(events), np.float32)
    return Wording(STOCK, Histories(offsets, items, kinds, times, values, *summary), NOW)


@pytest.mark.parametrize(
    ("kind", "en", "zh"),
    [
        ("purchase", "Because you bought Milk", "因为您购买过牛奶"),
        ("add_to_cart", "Because you put Milk in your cart", "因为您将牛奶加入了购物车"),
        ("share", "Because you liked Milk", "因为您喜欢牛奶"),
        ("view_item", "Because you viewed Milk", "因为您浏览过牛奶"),
    ],
)
def test_because_says_the_strongest_thing_done(kind, en, zh):
    reason = words((0, "view_item", 1), (0, kind, 2)).reason(1, Evidence("cooccurrence", (0,)))
    assert (reason.en, reason.zh) == (en, zh)


def test_an_item_that_follows_from_itself_is_told_as_a_habit():
    wording = words((0, "purchase", 1), (1, "purchase", 2))
    assert wording.reason(0, Evidence("cooccurrence", (0, 1))).en == "You bought this yesterday"
    assert wording.reason(0, Evidence("cooccurrence", (1, 0))).en == "Because you bought Bread"
    assert wording.reason(0, Evidence("cooccurrence")) == UNSAID


def again(*events: tuple[int, str, int], older: tuple[tuple[int, int], ...] = ()) -> str:
    return words(*events, older=older).reason(0, Evidence("repeat", (0,))).en


def test_repeats_say_how_often_and_when():
    bought = [(0, "purchase", days) for days in (40, 30, 20, 12)]
    assert again(*bought, older=((0, 90), (0, 80), (0, 70))) == "You bought this 7 times, last 12 days ago"
    assert again((0, "purchase", 1)) == "You bought this yesterday"
    assert again((0, "purchase", 4), (0, "purchase", 0)) == "You bought this twice, last today"
    looked = [(0, "view_item", days) for days in (5, 4, 3)]
    assert again(*looked) == "You looked at this 3 times, last 3 days ago"


def test_a_look_is_never_told_as_a_purchase():
    events = [(0, "purchase", 20), (0, "purchase", 10), (0, "view_item", 0)]
    assert again(*events) == "You bought this twice, last 10 days ago"


def test_what_evidence_does_not_say_is_not_said():
    wording = words((0, "purchase", 1))
    assert wording.reason(0, Evidence("repeat")) == UNSAID
    assert wording.reason(1, Evidence("repeat", (1,))) == UNSAID


def test_what_is_older_than_the_recent_events_is_told_as_far_as_it_is_known():
    often = tuple((0, days) for days in range(308, 299, -1))
    assert again((1, "purchase", 0), older=often) == "You bought this 9 times, last 300 days ago"
    assert again((1, "view_item", 0), older=often) == "You came back to this 9 times, last 300 days ago"
    bought = words((1, "purchase", 0)).reason(1, Evidence("cooccurrence", (0,)))
    assert bought.en == "Because you bought Milk"
    seen = words((1, "view_item", 0)).reason(1, Evidence("cooccurrence", (0,)))
    assert seen.en == "Because you viewed Milk"


def test_what_is_not_personal_says_so():
    wording = words()
    assert wording.reason(0, Evidence("trending")).en == "Popular this week"
    assert wording.reason(0, Evidence("popular")).zh == "大家都在买"
    assert new_in("Dairy").en == "New in Dairy"
    assert new_in("").en == "New"


def test_long_titles_are_cut():
    assert goes_with(STOCK, 0).zh == "常与牛奶一起购买"
    assert len(goes_with(STOCK, 2).en) < 90


def test_what_is_reserved_is_never_named_as_a_reason():
    rows: list[dict[str, object]] = [
        {c.ITEM_ID: "0", c.TITLE: "Pills", c.ATTRIBUTES: '{"discreet": true}'},
        {c.ITEM_ID: "1", c.TITLE: "Bread"},
        {c.ITEM_ID: "2", c.TITLE: "Milk"},
    ]
    wording = replace(words((0, "purchase", 1), (1, "purchase", 1)), stock=assortment(rows))
    assert wording.reason(2, Evidence("cooccurrence", (0, 1))).en == "Because you bought Bread"
    assert wording.reason(2, Evidence("cooccurrence", (0,))) == UNSAID
