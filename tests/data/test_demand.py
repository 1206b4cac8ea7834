"""What becomes of the catalogue."""

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.demand import demand

ITEMS = pl.DataFrame(
    {
        c.ITEM_ID: ["sold", "seen", "dead", "cold", "newer", "gone"],
        c.TITLE: ["Sold", "Seen", "Dead", None, "Newer", "Gone"],
        c.CATEGORY: ["A"] * 6,
        c.PRICE: [1.0, 2.0, None, 4.0, 5.0, 6.0],
        c.IN_STOCK: [True, None, True, True, True, False],
        c.CREATED_AT: [0, 0, 0, 1, 2, 3],
    }
)
EVENTS = pl.DataFrame(
    {
        c.ITEM_ID: ["sold", "seen", "dead", "dead", None],
        c.EVENT_TYPE: ["purchase", "view_item", "purchase", "view_item", "search"],
        c.TIMESTAMP: [100 * DAY_MS, 99 * DAY_MS, DAY_MS, 2 * DAY_MS, 100 * DAY_MS],
    }
)


def test_every_item_in_stock_is_one_of_four():
    found = demand(EVENTS, ITEMS, days=30)
    assert (found.items, found.in_stock, found.selling, found.looked_at) == (6, 5, 1, 1)
    assert [(item.item_id, item.events, item.last) for item in found.dead] == [("dead", 2, 2 * DAY_MS)]
    assert [(item.item_id, item.title) for item in found.cold] == [("newer", "Newer"), ("cold", "")]


def test_without_events_everything_is_cold():
    found = demand(EVENTS.clear(), ITEMS, days=30)
    assert (found.selling, found.looked_at, found.dead, len(found.cold)) == (0, 0, (), 5)
