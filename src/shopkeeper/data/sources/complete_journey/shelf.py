"""From 92,000 product codes to the items on the shelf.

Products that nobody could tell apart become one item: same name, package size, brand class and maker. Its
``item_id`` is the code of the best seller among them; `shelf_of` maps every code to it, and events and
coupons go through that map. Fresh departments (produce, meat, seafood, deli, bakery, flowers) do not show a
grower or packer, so there the maker does not count. Codes that are not products (coupons, deposits, sales
corrections, tickets) map to no item.

What is left to tell apart is told by the label, in this order: size, store brand or not, and the maker's
number for all but the best-selling national maker.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import polars as pl

from shopkeeper.data.sources.complete_journey.files import table
from shopkeeper.data.sources.complete_journey.sizes import readable_size
from shopkeeper.data.sources.complete_journey.words import aisle_of, title_of

LONGEST_TITLE: Final = 60

_NO_PRODUCT_DEPARTMENTS: Final = ("COUPON", "CHARITABLE CONT", "CNTRL/STORE SUP", "POSTAL CENTER")
_NO_PRODUCT_CATEGORIES: Final = ("COUPON", "COUPONS/STORE & MFG", "BOTTLE DEPOSITS", "TICKETS")
_NO_PRODUCT_TYPES: Final = (
    "MISC SALES TRANS", "MEAT SUPPLIES", "PRODUCE DEPT KEY RING", "FLORAL DEPT KEY RING",
    "CENTRAL SUPPLIES", "PEYTON/GM EXPENSE ITEMS", "TICKETS", "ELECTRONIC GIFT CARDS REFRESH",
    "MISC GREETING CARD SHOP", "COUPONS/STORE & MFG",
)  # fmt: skip
_MAKER_UNSEEN: Final = (
    "PRODUCE", "MEAT", "SEAFOOD", "DELI", "PASTRY", "FLORAL", "SALAD BAR", "CHEF SHOPPE", "FUEL",
    "TRAVEL & LEISURE", "FROZEN GROCERY", "RESTAURANT", "GARDEN CENTER",
)  # fmt: skip
_PACK_RANGE: Final = r", \d+–\d+ pack$"
_FUEL: Final = "Fuel"
_NAME, _SIZE, _AISLE, _AISLE2, _MAKER, _SOLD = "name", "size", "aisle", "aisle2", "maker", "sold"
_KEY: Final = [_NAME, _SIZE, "brand", _MAKER]


@dataclass(frozen=True)
class Shelf:
    """The items, and the way from a product code to its item.

    Attributes
    ----------
    map
        Columns ``product_id`` (i64) and ``item_id`` (text; null where the code is no product).
    items
        One row an item: ``item_id``, ``title``, ``name``, ``size``, ``aisle``, ``aisle2``, ``brand``
        (class), ``maker``,
        ``department``, ``products`` (codes collapsed) and ``sold`` (purchase lines).
    """

    map: pl.DataFrame
    items: pl.DataFrame


@cache
def shelf() -> Shelf:
    """Collapse the product table; computed once a process."""
    products = _described(table("products"))
    best = pl.col("product_id").sort_by([_SOLD, "product_id"], descending=[True, False]).first()
    products = products.with_columns(item_id=best.over(_KEY).cast(pl.String))
    real = pl.col("is_product")
    mapping = products.select("product_id", item_id=pl.when(real).then("item_id"))
    lead = products.filter(real, pl.col("item_id") == pl.col("product_id").cast(pl.String))
    totals = products.filter(real).group_by("item_id").agg(pl.len().alias("products"), pl.col(_SOLD).sum())
    items = _titled(lead.drop(_SOLD).join(totals, on="item_id").filter(pl.col(_SOLD) > 0))
    return Shelf(mapping, items.sort(_SOLD, "item_id", descending=[True, False]))


def shelf_of() -> pl.DataFrame:
    """Map product codes to shelf items: ``product_id`` and ``item_id``, null for what is no product."""
    return shelf().map


def _described(products: pl.DataFrame) -> pl.DataFrame:
    sold = table("transactions").filter(pl.col("quantity") > 0)["product_id"].value_counts(name=_SOLD)
    products = products.join(sold, on="product_id", how="left").with_columns(pl.col(_SOLD).fill_null(0))
    for columns, describe in ((_NAMED_BY, _names), (_SIZED_BY, _sizes)):
        described = describe(products.select(columns).unique())
        products = products.join(described, on=columns, how="left", nulls_equal=True)
    counted = pl.col(_SIZE).str.contains("×|-pack")
    name = pl.when(counted).then(pl.col(_NAME).str.replace(_PACK_RANGE, "")).otherwise(_NAME)
    maker_seen = ~pl.col("department").is_in(_MAKER_UNSEEN) & (pl.col(_AISLE) != _FUEL)
    maker = pl.when(maker_seen).then("manufacturer_id")
    return products.with_columns(name.alias(_NAME), maker.alias(_MAKER), is_product=_is_product())


_NAMED_BY: Final = ["department", "product_category", "product_type"]
_SIZED_BY: Final = ["package_size", "product_category", "department"]


def _names(kinds: pl.DataFrame) -> pl.DataFrame:
    rows = kinds.rows()
    aisles = [_aisle(department, category, kind) for department, category, kind in rows]
    return kinds.with_columns(
        pl.Series(_NAME, [title_of(category, kind) for _, category, kind in rows]),
        pl.Series(_AISLE, [aisle for aisle, _ in aisles]),
        pl.Series(_AISLE2, [aisle for _, aisle in aisles]),
    )


def _aisle(department: str, category: str | None, kind: str | None) -> tuple[str, str]:
    if kind is not None and kind.startswith("GASOLINE"):
        return (_FUEL, "Gasoline")
    return aisle_of(category, department)


def _sizes(sizes: pl.DataFrame) -> pl.DataFrame:
    spelled = [
        readable_size(size, category=category, department=part) for size, category, part in sizes.rows()
    ]
    return sizes.with_columns(pl.Series(_SIZE, spelled))


def _is_product() -> pl.Expr:
    nameless = pl.col("product_type").is_null() & pl.col("product_category").is_null()
    excluded = (
        pl.col("department").is_in(_NO_PRODUCT_DEPARTMENTS)
        | pl.col("product_category").is_in(_NO_PRODUCT_CATEGORIES)
        | pl.col("product_type").is_in(_NO_PRODUCT_TYPES)
    )
    return ~(nameless | excluded.fill_null(value=False))


def _titled(items: pl.DataFrame) -> pl.DataFrame:
    same_label = [_NAME, _SIZE]
    private = pl.col("brand") == "Private"
    by_sales = pl.col(_SOLD).rank("ordinal", descending=True).over([*same_label, "brand"])
    lead = by_sales == 1
    number = pl.col(_MAKER).cast(pl.String)
    elsewhere = (
        " · " + pl.col(_AISLE).str.to_lowercase()
    )  # the same label in a department that shows no maker
    suffix = (
        pl.when(pl.len().over(same_label) == 1).then(pl.lit(""))
        .when(private & lead).then(pl.lit(" · store brand"))
        .when(private).then((" · store brand " + number).fill_null(elsewhere))
        .when(lead).then(pl.lit(""))
        .otherwise((" · maker " + number).fill_null(elsewhere))
    )  # fmt: skip
    size = pl.when(pl.col(_SIZE) != "").then(", " + pl.col(_SIZE)).otherwise(pl.lit(""))
    items = items.sort(_SOLD, "item_id", descending=[True, False]).with_columns(tail=size + suffix)
    titles = [_fitted(name, tail) for name, tail in items.select(_NAME, "tail").rows()]
    return items.drop("tail").with_columns(pl.Series("title", titles))


def _fitted(name: str, tail: str) -> str:
    room = LONGEST_TITLE - len(tail)
    if len(name) > room:
        name = name[: room + 1].rsplit(" ", 1)[0].rstrip(" ,&")
    return name + tail
