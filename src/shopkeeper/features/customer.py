"""What is known of customers as of a moment: who they are, what they buy, what they look at, and how it goes.

One function serves training, lists and a live request: given one person's events it answers as it does
within the whole log.
"""

from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.customer_log import AMOUNT, BAND, DWELL, ITEM, KIND, PLACE, CustomerLog
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.visits import FREQUENCY, LIMIT, OVERDUE, RECENCY, TENURE, USUAL, WON, Norms, rhythm

STAGE: Final = "stage"
STAGES: Final = ("prospect", "new", "active", "at risk", "lapsed", "won back")
"""Prospects did not buy yet. Whoever stays away longer than usual is at risk, twice as long is lapsed; who
came back after such a time is won back; a first or second purchase that is still fresh is new."""
ABOUT: Final = "customer."
"""Before the name of an attribute that was told of the customer."""
FAVOURITES: Final = (c.CATEGORY, c.CATEGORY2, c.BRAND, PLACE, "hour")
_LAPSED: Final = 2.0
_NEW_VISITS: Final = 2
_MONTH: Final = 28
_LOOKS: Final = (EventType.view_item, EventType.select_item, EventType.search, EventType.view_item_list)
_CARTS: Final = (EventType.add_to_cart, EventType.begin_checkout, EventType.add_to_wishlist)


def profiles(log: CustomerLog, as_of: int, norms: Norms | None = None) -> pl.DataFrame:
    """Profiles of everybody who did anything before a moment.

    Parameters
    ----------
    log
        What they did; later events are not looked at.
    as_of
        The moment, epoch milliseconds.
    norms
        What is usual in the shop, see `Norms.of`; None learns it from ``log``, which must then be whole.

    Returns
    -------
    A row a person by rising ``person`` (code): ``customer_id``, the columns of `visits.rhythm`, of `tastes`
    and of `attention`, ``stage`` (one of `STAGES`), and a text column for each attribute told, named with
    `ABOUT`. Null where something cannot be said.
    """
    past = log.before(as_of)
    norms = norms or Norms.of(past, as_of)
    everyone = past.events.select(pl.col(PERSON).unique().sort())
    told = everyone.with_columns(
        log.people.gather(everyone[PERSON]).alias(c.CUSTOMER_ID), *_about(log, everyone[PERSON])
    )
    for table in (rhythm(past, as_of, norms), tastes(past), attention(past, as_of)):
        told = told.join(table, on=PERSON, how="left", maintain_order="left")
    return told.with_columns(pl.col(FREQUENCY).fill_null(0.0), stage().alias(STAGE))


def stage() -> pl.Expr:
    """Place in the life of a customer, from the columns of `visits.rhythm`."""
    overdue = pl.col(OVERDUE)
    fresh = (pl.col(FREQUENCY) <= _NEW_VISITS) & (
        pl.col(TENURE) <= pl.max_horizontal(LIMIT, pl.col(USUAL) * 2)
    )
    return (
        pl.when(pl.col(RECENCY).is_null())
        .then(pl.lit("prospect"))
        .when(overdue > _LAPSED)
        .then(pl.lit("lapsed"))
        .when(overdue > 1)
        .then(pl.lit("at risk"))
        .when(fresh)
        .then(pl.lit("new"))
        .when(pl.col(WON) > _LAPSED)
        .then(pl.lit("won back"))
        .otherwise(pl.lit("active"))
    )


def tastes(past: CustomerLog) -> pl.DataFrame:
    """What people buy: favourites with their share of the lines, breadth, price band, place and time of day.

    Returns
    -------
    A row a buyer: ``favourite_X`` and ``favourite_X_share`` for each of `FAVOURITES`; ``items``,
    ``categories``, ``brands`` and ``places``, how many; ``repeat_share`` of lines on items had before;
    ``low_price_share`` and ``high_price_share`` of lines in the lower and the upper third of their category;
    ``weekend_share``; ``refund_share`` of what was spent that came back.
    """
    when = pl.from_epoch(c.TIMESTAMP, time_unit="ms")
    lines = (
        past.events.filter(pl.col(KIND) == int(EventType.purchase))
        .join(past.items.with_row_index(ITEM), on=ITEM, how="left", maintain_order="left")
        .with_columns(when.dt.hour().cast(pl.String).alias("hour"), (when.dt.weekday() > 5).alias("weekend"))
    )
    table = lines.group_by(PERSON, maintain_order=True).agg(
        _distinct(ITEM).alias("items"),
        _distinct(c.CATEGORY2).alias("categories"),
        _distinct(c.BRAND).alias("brands"),
        _distinct(PLACE).alias("places"),
        (1 - _distinct(ITEM) / pl.len()).alias("repeat_share"),
        (pl.col(BAND) == 0).mean().alias("low_price_share"),
        (pl.col(BAND) == 2).mean().alias("high_price_share"),
        pl.col("weekend").mean().alias("weekend_share"),
    )
    for name in FAVOURITES:
        table = table.join(_favourite(lines, name), on=PERSON, how="left", maintain_order="left")
    return table.join(_refunds(past), on=PERSON, how="left", maintain_order="left")


def attention(past: CustomerLog, as_of: int) -> pl.DataFrame:
    """What people do beside buying.

    Returns
    -------
    A row a person: ``days_since_seen``; ``looks_28d`` and ``carts_28d``, how often they looked at something
    and put something aside in the last four weeks; ``redemptions``, promotions taken; ``dwell_seconds``, the
    mean time on a page.
    """
    recent = pl.col(c.TIMESTAMP) >= as_of - _MONTH * DAY_MS
    kinds = {
        "looks_28d": recent & pl.col(KIND).is_in([int(kind) for kind in _LOOKS]),
        "carts_28d": recent & pl.col(KIND).is_in([int(kind) for kind in _CARTS]),
        "redemptions": pl.col(KIND) == int(EventType.select_promotion),
    }
    return past.events.group_by(PERSON, maintain_order=True).agg(
        ((as_of - pl.col(c.TIMESTAMP).max()) / DAY_MS).alias("days_since_seen"),
        *(rows.sum().cast(pl.Float64).alias(name) for name, rows in kinds.items()),
        (pl.col(DWELL).mean() / 1000).alias("dwell_seconds"),
    )


def _distinct(name: str) -> pl.Expr:
    return pl.col(name).drop_nulls().n_unique().cast(pl.Float64)


def _favourite(lines: pl.DataFrame, name: str) -> pl.DataFrame:
    """The most frequent value of each person, the first by name among equals, and its share."""
    favourite, share = f"favourite_{name}", f"favourite_{name}_share"
    return (
        lines.lazy()
        .filter(pl.col(name).is_not_null())
        .group_by(PERSON, name)
        .len("times")
        .sort(PERSON, "times", name, descending=[False, True, False])
        .group_by(PERSON, maintain_order=True)
        .agg(
            pl.col(name).first().alias(favourite),
            (pl.col("times").first() / pl.col("times").sum()).alias(share),
        )
        .collect()
    )


def _refunds(past: CustomerLog) -> pl.DataFrame:
    bought, back = (
        pl.col(AMOUNT).filter(pl.col(KIND) == int(kind)).sum()
        for kind in (EventType.purchase, EventType.refund)
    )
    return past.events.group_by(PERSON, maintain_order=True).agg(
        pl.when(bought > 0).then(-back / bought).alias("refund_share")
    )


def _about(log: CustomerLog, people: pl.Series) -> list[pl.Series]:
    """Attributes that customers share, as text."""
    codes = log.person_attributes[people.to_numpy()]
    return [
        pl.Series(
            ABOUT + field,
            [values[code] if code >= 0 else None for code in codes[:, place].tolist()],
            pl.String,
        )
        for place, (field, values) in enumerate(
            zip(log.attributes.fields, log.attributes.values, strict=True)
        )
    ]
