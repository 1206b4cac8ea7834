"""A generated shop whose customers' true preferences are known.

It is made from a choice model that is none of the families we train (see `taste` and `shopping`): needs that
come up as packs run out, missions that bring needs together, elimination by aspects, budgets, loyalty to
brands, friends, seasons, offers to a random half of the customers. So a recommender can be judged against
the truth, and a closed loop be run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.data.synthetic import tables, taste
from shopkeeper.data.synthetic.events import events_frame
from shopkeeper.data.synthetic.goods import Goods, make_goods
from shopkeeper.data.synthetic.offers import make_offers
from shopkeeper.data.synthetic.people import People, make_people
from shopkeeper.data.synthetic.shopping import Shopping
from shopkeeper.data.synthetic.visits import make_visits

__all__ = ["GeneratedShop", "generate", "write"]

TABLES: Final = ("events", "items", "customers", "campaigns", "ties")


@dataclass(frozen=True)
class GeneratedShop:
    """Tables in our columns, and the truth they came from.

    Attributes
    ----------
    events
        ``EVENT_COLUMNS`` by rising time, UTC epoch milliseconds from 2024-01-01 on, with explicit ids.
    items, customers, campaigns
        ``ITEM_COLUMNS`` (Chinese words in ``attributes``), ``CUSTOMER_COLUMNS``, ``CAMPAIGN_COLUMNS``.
    ties
        Friendships, each once, as ``TIE_COLUMNS`` without times.
    people, goods
        What nobody in the shop can see: true tastes and true qualities.
    """

    events: pl.DataFrame
    items: pl.DataFrame
    customers: pl.DataFrame
    campaigns: pl.DataFrame
    ties: pl.DataFrame
    people: People
    goods: Goods

    def utility(self, customer_index: int) -> NDArray[np.float64]:
        """True long-run utility of every item to one customer.

        Parameters
        ----------
        customer_index
            Row of the customer in ``customers``.

        Returns
        -------
        NDArray[np.float64]
            Shape ``(n_items,)``, in the order of ``items``: taste, and how often the kind of goods is
            needed. Only differences within a customer mean anything.

        Raises
        ------
        InvalidRequest
            There is no such row.
        """
        if not 0 <= customer_index < len(self.people):
            raise InvalidRequest(
                f"customer_index = {customer_index}: must be 0 to {len(self.people) - 1}.",
                hint="It is a row of the customers table.",
            )
        return taste.utility(self.people, self.goods, customer_index)


def generate(customers: int, items: int, days: int, seed: int) -> GeneratedShop:
    """Generate a shop; the same arguments give the same bytes.

    Parameters
    ----------
    customers, items, days
        How many; a customer makes about 550 events a year.
    seed
        Of all that is drawn.

    Raises
    ------
    InvalidRequest
        A number is out of range.
    """
    for name, value in (("customers", customers), ("items", items), ("days", days)):
        if value < 1:
            raise InvalidRequest(f"{name} = {value}: must be at least 1.")
    if seed < 0:
        raise InvalidRequest(f"seed = {seed}: must not be negative.")
    rng = np.random.default_rng(seed)
    goods = make_goods(rng, items, days)
    people = make_people(rng, customers, days, goods)
    offers = make_offers(rng, goods, customers, days)
    visits = make_visits(rng, people, days)
    rows = Shopping(rng, goods, people, offers, visits).run(days).rows()
    likes = taste.taste(people, goods, visits.customer[rows[:, 0]], np.maximum(rows[:, 3], 0))
    return GeneratedShop(
        events=events_frame(rng, rows, visits, goods, offers, likes, n_customers=customers, days=days),
        items=tables.items_frame(goods, days),
        customers=tables.customers_frame(people),
        campaigns=tables.campaigns_frame(offers, items, customers),
        ties=tables.ties_frame(people),
        people=people,
        goods=goods,
    )


def write(shop: GeneratedShop, folder: Path, form: Literal["parquet", "csv"] = "parquet") -> list[Path]:
    """Write the tables of a shop, one file each, into a folder (made if missing).

    Returns
    -------
    list[Path]
        events, items, customers, campaigns and ties.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{form}" for name in TABLES]
    for name, path in zip(TABLES, paths, strict=True):
        table: pl.DataFrame = getattr(shop, name)
        if form == "csv":
            table.write_csv(path)
        else:
            table.write_parquet(path)
    return paths
