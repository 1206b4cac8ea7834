"""Purchases and coupon redemptions as events.

Money, after the dunnhumby guide (discounts are stored there as positive amounts): ``sales_value`` is what
the *retailer* receives for the line, manufacturers' coupons included, after the loyalty discount
``retail_disc`` and the retailer's share of a coupon ``coupon_match_disc``. So, for a line of ``quantity``
units,

- ``price`` (shelf price of one unit)   = (sales_value + retail_disc + coupon_match_disc) / quantity
- ``value`` (what the customer paid)    = max(0, sales_value - coupon_disc)
- ``discount`` (of the line)            = price x quantity - value
- ``coupon``                            = ``manufacturer`` where a paper coupon was handed in

Fuel is metered in thousandths of a gallon: its quantity is divided by 1,000 and its price is that of a
gallon. Lines with quantity 0 are coupon and correction lines, and some codes are no products at all;
`set_aside` returns both with the reason, so that lines read = events + lines set aside.
"""

from collections.abc import Iterator
from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.sources.complete_journey.files import HOME_TIME, table
from shopkeeper.data.sources.complete_journey.shelf import shelf, shelf_of

SOURCE_NAME: Final = "complete-journey"
CURRENCY: Final = "USD"
_FUEL_UNITS: Final = 1000.0
_FUEL_FROM: Final = 500
_PAPER: Final = "manufacturer"
_LINE: Final = "line_number"
_REASON: Final = "why"


def events(rows: int = 200_000) -> Iterator[pl.DataFrame]:
    """Every purchase line of a product, then every coupon redemption, in chunks of ``rows``.

    Redemptions are ``select_promotion`` events. Customer and item ids are raw; times are UTC epoch
    milliseconds. All chunks have the same columns: whoever reads the first knows them.
    ``event_id`` is the basket with the product code (the row number for a redemption), so importing twice
    adds nothing.

    Raises
    ------
    MissingDependency
        The package with the data is not installed.
    """
    frames = (purchases(), redemptions())
    types = {name: kind for frame in frames for name, kind in frame.schema.items()}
    for frame in frames:
        whole = frame.select(
            pl.col(name) if name in frame.columns else pl.lit(None, kind).alias(name)
            for name, kind in types.items()
        )
        yield from whole.iter_slices(rows)


def purchases() -> pl.DataFrame:
    """All purchase lines of products in our columns, oldest first."""
    lines = _lines().filter(pl.col(_REASON).is_null())
    pumped = pl.col("is_fuel") & (pl.col("quantity") >= _FUEL_FROM)
    quantity = (
        pl.when(pumped).then(pl.col("quantity") / _FUEL_UNITS).otherwise(pl.col("quantity").cast(pl.Float64))
    )
    shelf_value = pl.sum_horizontal("sales_value", "retail_disc", "coupon_match_disc")
    paid = (pl.col("sales_value") - pl.col("coupon_disc")).clip(lower_bound=0.0)
    return lines.select(
        pl.concat_str(pl.lit("cj"), "basket_id", "product_id", separator="-").alias(c.EVENT_ID),
        pl.col("household_id").cast(pl.String).alias(c.CUSTOMER_ID),
        pl.lit("purchase").alias(c.EVENT_TYPE),
        pl.col("item_id").alias(c.ITEM_ID),
        pl.col("transaction_timestamp").dt.epoch("ms").alias(c.TIMESTAMP),
        quantity.alias(c.QUANTITY),
        (shelf_value / quantity).round(4).alias(c.PRICE),
        pl.lit(CURRENCY).alias(c.CURRENCY),
        paid.round(2).alias(c.VALUE),
        (shelf_value - paid).round(2).alias(c.DISCOUNT),
        pl.col("basket_id").cast(pl.String).alias(c.TRANSACTION_ID),
        pl.when(pl.col("coupon_disc") > 0).then(pl.lit(_PAPER)).alias(c.COUPON),
        pl.col("store_id").cast(pl.String).alias(c.LOCATION_ID),
    )


def redemptions() -> pl.DataFrame:
    """Coupon redemptions as ``select_promotion`` events.

    Only the day is known: they stand at noon of the chain's time zone.
    """
    noon = pl.col("redemption_date").dt.offset_by("12h").dt.replace_time_zone(HOME_TIME)
    return (
        table("coupon_redemptions")
        .with_row_index(_LINE, offset=1)
        .select(
            pl.concat_str(pl.lit("cj-coupon"), _LINE, separator="-").alias(c.EVENT_ID),
            pl.col("household_id").cast(pl.String).alias(c.CUSTOMER_ID),
            pl.lit("select_promotion").alias(c.EVENT_TYPE),
            noon.dt.epoch("ms").alias(c.TIMESTAMP),
            pl.col("campaign_id").cast(pl.String).alias(c.PROMOTION_ID),
            pl.col("coupon_upc").cast(pl.String).alias(c.COUPON),
        )
    )


def set_aside() -> pl.DataFrame:
    """Transaction lines that are no purchase of a product, each with its reason.

    Columns ``source``, ``line`` (1 is the first), ``field``, ``reason`` and ``row`` (JSON).
    """
    lines = _lines().filter(pl.col(_REASON).is_not_null())
    row = pl.struct("household_id", "basket_id", "product_id", "quantity", "sales_value", "coupon_disc")
    return lines.select(
        pl.lit(SOURCE_NAME).alias(c.SOURCE),
        pl.col(_LINE).cast(pl.Int64).alias(c.LINE),
        pl.when(pl.col("quantity") == 0).then(pl.lit(c.QUANTITY)).otherwise(pl.lit(c.ITEM_ID)).alias(c.FIELD),
        pl.col(_REASON).alias(c.REASON),
        row.struct.json_encode().alias(c.ROW),
    )


def _lines() -> pl.DataFrame:
    """Transactions with line number, shelf item, and why a line is no purchase (null where it is)."""
    fuel = shelf().items.filter(pl.col("aisle") == "Fuel")["item_id"]
    lines = table("transactions").with_row_index(_LINE, offset=1)
    lines = lines.join(shelf_of(), on="product_id", how="left", maintain_order="left")
    why = (
        pl.when(pl.col("quantity") == 0).then(pl.lit("quantity is 0: a coupon or correction line"))
        .when(pl.col("item_id").is_null()).then(pl.lit("not a product: a fee, coupon, deposit or correction"))
    )  # fmt: skip
    return lines.with_columns(why.alias(_REASON), is_fuel=pl.col("item_id").is_in(fuel.implode()))
