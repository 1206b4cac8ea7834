"""The shelf items, the households and the campaigns in our columns."""

from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.sources.complete_journey.files import HOME_TIME, table
from shopkeeper.data.sources.complete_journey.purchases import CURRENCY, purchases
from shopkeeper.data.sources.complete_journey.shelf import shelf, shelf_of

RECENT_MS: Final = 56 * DAY_MS
"""Eight weeks: an item without a sale in the last eight weeks of the data counts as delisted."""
NEW_AFTER_MS: Final = 28 * DAY_MS
"""An item first sold within the first four weeks of the data was there before; when it arrived is unknown."""
NOT_OFFERED: Final = ("Fuel",)
"""Sold at the pump only: kept in the catalogue so that purchases stay whole, never in stock for a web
page."""
AGE_RESTRICTED: Final = ("Tobacco", "Beer, wine & spirits")
DISCREET: Final = (
    "Cold & flu",
    "Digestive health",
    "Family planning",
    "Feminine care",
    "Foot care",
    "Home health care",
    "Incontinence",
    "Pain relief",
    "Pharmacy",
    "Quit-smoking aids",
    "Sinus & allergy",
)
"""Categories people would rather not have read out: not offered unasked, never named as a reason."""


def items(as_of: int | None = None) -> pl.DataFrame:
    """Shelf items that sold at least once: ``ITEM_COLUMNS`` without description and links.

    Best sellers come first. ``price`` is the median shelf price of the item's last eight weeks on sale,
    rounded to cents. ``in_stock`` is false for items without a sale in the last eight weeks of the data, and
    for fuel.
    ``created_at`` is the first sale, null within the first four weeks. ``item_group_id`` joins the sizes and
    makers of one product. ``attributes`` is JSON: department, brand_class, maker, package_size, products
    (codes collapsed), age_restricted, discreet.
    """
    known = shelf().items.join(_sales(as_of), on="item_id", how="left", maintain_order="left")
    start, end = known["first"].min(), known["last"].max()
    offered = ~pl.col("aisle").is_in(NOT_OFFERED)
    arrived = pl.when(pl.col("first") > pl.lit(start) + NEW_AFTER_MS).then("first")
    group = (
        pl.concat_str("aisle2", "name", separator=" ").str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "-")
    )
    return known.select(
        pl.col("item_id").alias(c.ITEM_ID),
        pl.col("title").alias(c.TITLE),
        pl.col("aisle").alias(c.CATEGORY),
        pl.col("aisle2").alias(c.CATEGORY2),
        pl.col("name").alias(c.CATEGORY3),
        _brand().alias(c.BRAND),
        pl.col("price").alias(c.PRICE),
        pl.lit(CURRENCY).alias(c.CURRENCY),
        (offered & (pl.col("last") > pl.lit(end) - RECENT_MS)).fill_null(value=False).alias(c.IN_STOCK),
        group.alias(c.ITEM_GROUP_ID),
        arrived.alias(c.CREATED_AT),
        _item_attributes().alias(c.ATTRIBUTES),
    )


def customers() -> pl.DataFrame:
    """All households that bought: ``customer_id`` and, for the 801 that gave them, demographics.

    The answers (age, income, home, marital status, size and make-up of the household) are JSON
    ``attributes``.
    """
    given = table("demographics").rename({"home_ownership": "home"})
    answers = pl.struct(pl.exclude("household_id")).struct.json_encode()
    given = given.select("household_id", answers.alias(c.ATTRIBUTES))
    everyone = table("transactions").select(pl.col("household_id").unique().sort())
    return everyone.join(given, on="household_id", how="left", maintain_order="left").select(
        pl.col("household_id").cast(pl.String).alias(c.CUSTOMER_ID), c.ATTRIBUTES
    )


def campaigns() -> pl.DataFrame:
    """The 27 campaigns as ``CAMPAIGN_COLUMNS``, long: a row names one item with its coupon, or one customer.

    The customers are those addressed. Kinds are the chain's: in type A a household gets coupons chosen by its
    history, in types B and C everyone addressed gets all of them. Products that never sold are left out.
    """
    about = table("campaign_descriptions").select("campaign_id", *_campaign_fields())
    about = about.join(_themes(), on="campaign_id", how="left").with_columns(_campaign_title().alias(c.TITLE))
    offers = _offers().select(
        "campaign_id", c.ITEM_ID, c.COUPON, pl.lit(None, pl.String).alias(c.CUSTOMER_ID)
    )
    audience = table("campaigns").select(
        "campaign_id",
        pl.lit(None, pl.String).alias(c.ITEM_ID),
        pl.lit(None, pl.String).alias(c.COUPON),
        pl.col("household_id").cast(pl.String).alias(c.CUSTOMER_ID),
    )
    rows = about.join(pl.concat([offers, audience]), on="campaign_id", how="left", maintain_order="left")
    return rows.select(
        pl.col("campaign_id").cast(pl.String).alias(c.CAMPAIGN_ID),
        c.TITLE,
        c.KIND,
        c.STARTS_AT,
        c.ENDS_AT,
        c.ITEM_ID,
        c.COUPON,
        c.CUSTOMER_ID,
        pl.struct("theme").struct.json_encode().alias(c.ATTRIBUTES),
    )


def _sales(as_of: int | None) -> pl.DataFrame:
    known = pl.lit(value=True) if as_of is None else pl.col(c.TIMESTAMP) < as_of
    lines = purchases().lazy().select(c.ITEM_ID, c.TIMESTAMP, c.PRICE).filter(known)
    last = pl.col(c.TIMESTAMP).max().over(c.ITEM_ID)
    return (
        lines.with_columns(pl.when(pl.col(c.TIMESTAMP) > last - RECENT_MS).then(c.PRICE).alias("recent"))
        .group_by(c.ITEM_ID)
        .agg(
            pl.col("recent").filter(pl.col("recent") > 0).median().round(2).alias("price"),
            pl.col(c.TIMESTAMP).min().alias("first"),
            pl.col(c.TIMESTAMP).max().alias("last"),
        )
        .collect()
    )


def _brand() -> pl.Expr:
    maker = "Maker " + pl.col("maker").cast(pl.String)
    return pl.when(pl.col("brand") == "Private").then(pl.lit("Store brand")).otherwise(maker)


def _item_attributes() -> pl.Expr:
    return pl.struct(
        "department",
        pl.when(pl.col("brand") == "Private")
        .then(pl.lit("store"))
        .otherwise(pl.lit("national"))
        .alias("brand_class"),
        pl.col("maker").cast(pl.String),
        pl.col("size").alias("package_size"),
        "products",
        pl.col("aisle").is_in(AGE_RESTRICTED).alias("age_restricted"),
        pl.col("aisle2").is_in(DISCREET).alias("discreet"),
    ).struct.json_encode()


def _campaign_fields() -> list[pl.Expr]:
    local = {name: pl.col(name).dt.replace_time_zone(HOME_TIME) for name in ("start_date", "end_date")}
    return [
        pl.col("campaign_type").alias(c.KIND),
        local["start_date"].dt.epoch("ms").alias(c.STARTS_AT),
        (local["end_date"].dt.offset_by("1d").dt.epoch("ms") - 1).alias(c.ENDS_AT),
    ]


def _offers() -> pl.DataFrame:
    """Distinct campaign, shelf item and coupon."""
    on_shelf = shelf().items.select("item_id")
    coupons = table("coupons").join(shelf_of(), on="product_id").join(on_shelf, on="item_id", how="semi")
    return coupons.select(
        "campaign_id", c.ITEM_ID, pl.col("coupon_upc").cast(pl.String).alias(c.COUPON)
    ).unique(maintain_order=True)


def _themes() -> pl.DataFrame:
    """The two categories with the most offered sales in each campaign, as ``theme``."""
    known = shelf().items.select("item_id", "aisle2", "sold")
    offered = _offers().select("campaign_id", "item_id").unique().join(known, on="item_id")
    ranked = (
        offered.group_by("campaign_id", "aisle2")
        .agg(pl.col("sold").sum())
        .sort("campaign_id", "sold", "aisle2", descending=[False, True, False])
    )
    return ranked.group_by("campaign_id", maintain_order=True).agg(
        pl.col("aisle2").head(2).str.join(" and ").alias("theme")
    )


def _campaign_title() -> pl.Expr:
    number = pl.col("campaign_id").cast(pl.String)
    return pl.concat_str(
        pl.lit("Savings on "), pl.col("theme").fill_null("your favorites").str.to_lowercase()
    ) + (" (campaign " + number + ")")
