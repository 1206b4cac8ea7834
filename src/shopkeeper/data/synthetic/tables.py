"""The catalogue, customers, campaigns and ties of a generated shop, in our columns."""

import json
from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, Tie
from shopkeeper.data.synthetic import vocabulary as words
from shopkeeper.data.synthetic.goods import Goods, titles
from shopkeeper.data.synthetic.offers import Offer
from shopkeeper.data.synthetic.people import People

OPENED: Final = 1_704_067_200_000
"""The first day: 2024-01-01, midnight UTC."""
CURRENCY: Final = "USD"


def item_ids(n: int) -> pl.Series:
    """Ids of items by code."""
    return pl.Series([f"item-{code + 1:05d}" for code in range(n)], dtype=pl.String)


def customer_ids(n: int) -> pl.Series:
    """Ids of customers by code."""
    return pl.Series([f"customer-{code + 1:06d}" for code in range(n)], dtype=pl.String)


def campaign_ids(n: int) -> pl.Series:
    """Ids of campaigns by number."""
    return pl.Series([f"campaign-{number + 1:02d}" for number in range(n)], dtype=pl.String)


def items_frame(goods: Goods, days: int) -> pl.DataFrame:
    """The catalogue as ``ITEM_COLUMNS`` without links; Chinese words and the style are in ``attributes``."""
    kinds = [words.kinds()[k] for k in goods.kinds[goods.kind]]
    labels = titles(goods)
    return pl.DataFrame(
        {
            c.ITEM_ID: item_ids(len(goods)),
            c.TITLE: [english for english, _ in labels],
            c.CATEGORY: [kind.department[0] for kind in kinds],
            c.CATEGORY2: [kind.category[0] for kind in kinds],
            c.CATEGORY3: [kind.name[0] for kind in kinds],
            c.BRAND: [words.brands()[brand][0] for brand in goods.brand],
            c.PRICE: goods.price.round(2),
            c.CURRENCY: CURRENCY,
            c.IN_STOCK: goods.leaves > days,
            c.ITEM_GROUP_ID: [
                f"{kind.name[0]} / {words.brands()[brand][0]}"
                for kind, brand in zip(kinds, goods.brand, strict=True)
            ],
            c.CREATED_AT: OPENED + goods.arrives * DAY_MS,
            c.ATTRIBUTES: [_item_attributes(goods, item, labels[item][1]) for item in range(len(goods))],
        }
    )


def customers_frame(people: People) -> pl.DataFrame:
    """Customers as ``CUSTOMER_COLUMNS``; only what a shop would know of them is in ``attributes``."""
    language = np.where(people.chinese, "zh", "en")
    return pl.DataFrame(
        {
            c.CUSTOMER_ID: customer_ids(len(people)),
            c.CONSENT: pl.Series([True] * len(people), dtype=pl.Boolean),
            c.CREATED_AT: OPENED + people.joined * DAY_MS,
            c.ATTRIBUTES: [json.dumps({"language": str(value)}) for value in language],
        }
    )


def campaigns_frame(offers: list[Offer], n_items: int, n_customers: int) -> pl.DataFrame:
    """Campaigns as ``CAMPAIGN_COLUMNS``, long: a row names one item with its coupon, or one customer."""
    names, items, customers = campaign_ids(len(offers)), item_ids(n_items), customer_ids(n_customers)
    parts = []
    for number, offer in enumerate(offers):
        attributes = {"title_zh": offer.title_zh, "discount": offer.off, "assigned": "at random"}
        own = pl.DataFrame(
            {
                c.CAMPAIGN_ID: [names[number]],
                c.TITLE: [offer.title],
                c.KIND: [offer.kind],
                c.STARTS_AT: [OPENED + offer.starts * DAY_MS],
                c.ENDS_AT: [OPENED + offer.ends * DAY_MS - 1],
                c.ATTRIBUTES: [json.dumps(attributes, ensure_ascii=False)],
            }
        )
        goods = pl.DataFrame({c.ITEM_ID: items.gather(offer.items)}).with_columns(
            pl.lit(offer.coupon or None, pl.String).alias(c.COUPON),
            pl.lit(None, pl.String).alias(c.CUSTOMER_ID),
        )
        audience = pl.DataFrame({c.CUSTOMER_ID: customers.gather(np.flatnonzero(offer.audience))})
        parts.append(own.join(pl.concat([goods, audience], how="diagonal"), how="cross"))
    return pl.concat(parts).select(c.CAMPAIGN_COLUMNS) if parts else _no_campaigns()


def ties_frame(people: People) -> pl.DataFrame:
    """Friendships, each once, as ``TIE_COLUMNS`` without times."""
    row, column = np.nonzero(people.friends > np.arange(len(people))[:, None])
    ids = customer_ids(len(people))
    others = ids.gather(people.friends[row, column])
    return pl.DataFrame({c.CUSTOMER_ID: ids.gather(row), c.OTHER_ID: others}).with_columns(
        pl.lit(Tie.friend.name).alias(c.KIND)
    )


def _item_attributes(goods: Goods, item: int, title_zh: str) -> str:
    kind = words.kinds()[goods.kinds[goods.kind[item]]]
    held = [name for bit, (name, _) in enumerate(words.aspects()) if goods.aspects[item] >> bit & 1]
    facts = {
        "title_zh": title_zh,
        "category_zh": kind.department[1],
        "category2_zh": kind.category[1],
        "category3_zh": kind.name[1],
        "brand_zh": words.brands()[goods.brand[item]][1],
        "style": words.styles()[goods.style[item]][0].lower(),
        "aspects": held,
    }
    return json.dumps(facts, ensure_ascii=False)


def _no_campaigns() -> pl.DataFrame:
    whole = {c.STARTS_AT, c.ENDS_AT}
    return pl.DataFrame(
        schema={name: pl.Int64 if name in whole else pl.String for name in c.CAMPAIGN_COLUMNS}
    )
