"""Small logs for tests of customers."""

import polars as pl
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.customer_log import build_customer_log
from shopkeeper.data.dataset import PERSON

ITEMS = pl.DataFrame(
    {
        c.ITEM_ID: ["tea", "pot", "cup", "jam"],
        c.CATEGORY: ["Drinks", "Kitchen", "Kitchen", "Food"],
        c.CATEGORY2: ["Tea", "Pots", "Cups", "Jam"],
        c.BRAND: ["Leaf", "Clay", "Clay", None],
        c.PRICE: [5.0, 20.0, 8.0, 3.0],
    }
)
CUSTOMERS = pl.DataFrame(
    {
        c.CUSTOMER_ID: [f"c_{name}" for name in "abcdefghij"],
        c.ATTRIBUTES: ['{"age": "old"}' if place % 2 else '{"age": "young"}' for place in range(10)],
    }
)
COLUMNS = {
    PERSON: pl.String,
    c.TIMESTAMP: pl.Int64,
    c.EVENT_TYPE: pl.String,
    c.ITEM_ID: pl.String,
    c.QUANTITY: pl.Float64,
    c.PRICE: pl.Float64,
    c.DISCOUNT: pl.Float64,
    c.LOCATION_ID: pl.String,
    c.ENGAGEMENT_TIME_MSEC: pl.Float64,
}


def log_of(rows):
    """CustomerLog of rows in the order of `COLUMNS`."""
    return build_customer_log(pl.DataFrame(rows, COLUMNS, orient="row"), ITEMS, CUSTOMERS)


def bought(person, day, item="tea", price=5.0, hour=12.0):
    """A purchase of one unit."""
    moment = int((day + hour / 24) * DAY_MS)
    return (person, moment, "purchase", item, 1.0, price, None, None, None)


rows = st.tuples(
    st.sampled_from(["c_a", "c_b", "c_c"]),
    st.integers(0, 40 * DAY_MS),
    st.sampled_from(["purchase", "purchase", "purchase", "refund", "view_item", "add_to_cart", "search"]),
    st.sampled_from(["tea", "pot", "cup", "jam", "lost", None]),
    st.sampled_from([None, 1.0, 3.0]),
    st.sampled_from([None, 2.5, 10.0]),
    st.sampled_from([None, 0.0, 1.0]),
    st.sampled_from([None, "north", "south"]),
    st.sampled_from([None, 1500.0]),
)
logs = st.lists(rows, min_size=1, max_size=40)
