"""The journal of a generated shop as events in our columns."""

from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.synthetic import vocabulary as words
from shopkeeper.data.synthetic.goods import Goods, Ints, Reals
from shopkeeper.data.synthetic.offers import Offer
from shopkeeper.data.synthetic.tables import CURRENCY, OPENED, campaign_ids, customer_ids, item_ids
from shopkeeper.data.synthetic.visits import Visits

_PAUSE_MS: Final = 25_000
_LONGEST_PAUSE_MS: Final = 60_000
_GUESTS: Final = 0.15
_REVIEWS: Final = {
    True: ("Exactly what I hoped for.", "Would buy it again.", "很满意，会回购。", "质量很好。"),
    False: ("Not what I expected.", "Too dear for what it is.", "不太满意。", "一般般。"),
}


def events_frame(
    rng: np.random.Generator,
    rows: Ints,
    visits: Visits,
    goods: Goods,
    offers: list[Offer],
    likes: Reals,
    *,
    n_customers: int,
    days: int,
) -> pl.DataFrame:
    """Turn the journal into events by rising time.

    ``likes`` is the utility of the item of each row to its customer, on which ratings and refunds depend.
    """
    session, _, kind, item, quantity, campaign, detail = rows.T
    customer = visits.customer[session]
    now = pl.DataFrame(
        {
            "customer": customer,
            "session": session,
            "kind": kind,
            "item": item,
            "quantity": quantity,
            "campaign": campaign,
            "detail": detail,
            c.TIMESTAMP: OPENED
            + visits.day[session] * DAY_MS
            + visits.moment[session]
            + _elapsed(rng, session),
        }
    )
    now = now.with_columns(guest=pl.Series(_guests(rng, rows, len(visits.day)))[session])
    bought = np.flatnonzero(kind == EventType.purchase)
    later = _afterwards(rng, now[bought], likes[bought], OPENED + days * DAY_MS)
    events = pl.concat([now, later], how="diagonal").sort(c.TIMESTAMP, maintain_order=True)
    return _spelled(events, goods, offers, n_customers)


def _elapsed(rng: np.random.Generator, session: Ints) -> Ints:
    """Milliseconds since the session began; events of a session are at least a second apart."""
    pause = np.minimum(1_000 + rng.exponential(_PAUSE_MS, len(session)), _LONGEST_PAUSE_MS).astype(np.int64)
    total = np.cumsum(pause)
    first = np.r_[True, session[1:] != session[:-1]][: len(session)]
    base = np.maximum.accumulate(np.where(first, total - pause, 0)) if len(session) else total
    return total - base


def _guests(
    rng: np.random.Generator, rows: Ints, n_sessions: int
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Sessions in which the customer did not sign in: some of those without checkout."""
    guest = rng.random(n_sessions) < _GUESTS
    guest[rows[rows[:, 2] == EventType.begin_checkout, 0]] = False
    return guest


def _afterwards(rng: np.random.Generator, bought: pl.DataFrame, likes: Reals, end: int) -> pl.DataFrame:
    """Refunds, ratings and reviews in the two weeks after a purchase.

    The less an item is liked, the more often it is sent back.
    """
    level = (likes - likes.mean()) / (likes.std() + 1e-9) if len(likes) else likes
    disappointed = rng.random(len(likes)) < np.clip(0.02 - 0.03 * level, 0.005, 0.3)
    stars = np.clip(np.round(3.7 + 0.7 * level + rng.normal(0, 0.6, len(likes))), 1, 5)
    rated = ~disappointed & (rng.random(len(likes)) < 0.08)
    reviewed = rated & (rng.random(len(likes)) < 0.3)
    wait = (rng.uniform(1, 14, len(likes)) * DAY_MS).astype(np.int64)
    after = bought.with_columns((pl.col(c.TIMESTAMP) + pl.Series(wait)).alias(c.TIMESTAMP))
    words_of = [
        _REVIEWS[good][pick]
        for good, pick in zip(stars >= 3.5, rng.integers(4, size=len(stars)), strict=True)
    ]
    after = after.with_columns(pl.Series(c.RATING, stars, pl.Float64), pl.Series(c.TEXT, words_of, pl.String))
    none = pl.lit(None)
    parts = [
        after.filter(pl.Series(disappointed)).with_columns(
            none.alias(c.RATING), none.alias(c.TEXT), kind=pl.lit(int(EventType.refund), pl.Int64)
        ),
        after.filter(pl.Series(rated & ~reviewed)).with_columns(
            none.alias(c.TEXT), kind=pl.lit(int(EventType.rate), pl.Int64)
        ),
        after.filter(pl.Series(reviewed)).with_columns(kind=pl.lit(int(EventType.review), pl.Int64)),
    ]
    return pl.concat(parts, how="vertical_relaxed").filter(pl.col(c.TIMESTAMP) < end)


def _spelled(events: pl.DataFrame, goods: Goods, offers: list[Offer], n_customers: int) -> pl.DataFrame:
    kinds = pl.Series([kind.name for kind in EventType], dtype=pl.String)
    code = pl.col("kind")
    later = code.is_in([int(EventType.refund), int(EventType.rate), int(EventType.review)])
    money = code.is_in([int(EventType.purchase), int(EventType.refund)])
    listing = code == int(EventType.view_item_list)
    search = code == int(EventType.search)
    names = [words.kinds()[k].name for k in goods.kinds[goods.kind]]
    events = events.with_row_index("row").with_columns(
        _looked_up(customer_ids(n_customers), "customer", ~pl.col("guest")).alias(c.CUSTOMER_ID),
        _looked_up(item_ids(len(goods)), "item", ~(listing | search)).alias(c.ITEM_ID),
        _looked_up(pl.Series(goods.price.round(2)), "item", ~(listing | search)).alias(c.PRICE),
        _looked_up(
            pl.Series([chinese for _, chinese in names]), "item", search & (pl.col("detail") == 1)
        ).alias("zh"),
        _looked_up(
            pl.Series([english.lower() for english, _ in names]), "item", search & (pl.col("detail") == 0)
        ).alias("en"),
        _looked_up(pl.Series([english for english, _ in names]), "item", listing).alias(c.ITEM_LIST_ID),
        _looked_up(campaign_ids(len(offers)), "campaign", pl.lit(value=True)).alias(c.PROMOTION_ID),
        _looked_up(
            pl.Series([offer.coupon or None for offer in offers], dtype=pl.String),
            "campaign",
            pl.lit(value=True),
        ).alias(c.COUPON),
        _looked_up(pl.Series([offer.off for offer in offers], dtype=pl.Float64), "campaign", money)
        .fill_null(0.0)
        .alias("off"),
    )
    full = pl.col(c.PRICE) * pl.col("quantity")
    discount = (full * pl.col("off")).round(2)
    visit = pl.concat_str(pl.lit("visit-"), pl.col("session") + 1)
    counted = code.is_in([int(EventType.purchase), int(EventType.refund), int(EventType.add_to_cart)])
    events = events.with_columns(
        pl.concat_str(pl.lit("e-"), (pl.col("row") + 1).cast(pl.String).str.zfill(9)).alias(c.EVENT_ID),
        pl.when(~later).then(visit).alias(c.SESSION_ID),
        kinds.gather(events["kind"]).alias(c.EVENT_TYPE),
        pl.when(counted).then(pl.col("quantity").cast(pl.Float64)).alias(c.QUANTITY),
        pl.when(pl.col(c.PRICE).is_not_null()).then(pl.lit(CURRENCY)).alias(c.CURRENCY),
        pl.when(money).then((full - discount).round(2)).alias(c.VALUE),
        pl.when(money).then(discount).alias(c.DISCOUNT),
        pl.when(money).then(pl.concat_str(pl.lit("order-"), pl.col("session") + 1)).alias(c.TRANSACTION_ID),
        pl.coalesce("zh", "en").alias(c.SEARCH_TERM),
    )
    return events.select([name for name in c.EVENT_COLUMNS if name in events.columns])


def _looked_up(values: pl.Series, code: str, where: pl.Expr) -> pl.Expr:
    """The value of a code, null where the code is negative or the condition does not hold."""
    known = where & (pl.col(code) >= 0)
    if values.is_empty():
        return pl.lit(None, values.dtype)
    return pl.when(known).then(pl.lit(values).gather(pl.col(code).clip(lower_bound=0)))
