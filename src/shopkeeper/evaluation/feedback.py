"""Results of what was shown: click-through, additions to the cart, purchases and revenue of each row."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.attribution import BOUGHT, CARTED, CLICKED, REVENUE, attribute
from shopkeeper.data.dataset import PERSON
from shopkeeper.metrics.rates import Rate, mean_per, share

_BUNCH, _SHOWN = "bunch", "shown"
_GROUP: Final = (c.SURFACE, c.ROW, c.MODEL_VERSION)
_COUNTED: Final = (CLICKED, CARTED, BOUGHT, REVENUE)


@dataclass(frozen=True, slots=True)
class RowResult:
    """What came of one row of one surface, under one model.

    Attributes
    ----------
    surface, row, model_version
        As in the decision log.
    impressions
        Items shown.
    people
        Distinct people they were shown to; an answer for nobody known counts as a person of its own.
    clicks, carts, purchases
        Items of answers that were clicked, put into a cart, bought; once each.
    revenue
        Of those purchases.
    click_through, add_to_cart, conversion
        Shares of impressions, with intervals over people.
    revenue_per_thousand
        Revenue of a thousand impressions.
    """

    surface: str
    row: str
    model_version: str
    impressions: int
    people: int
    clicks: int
    carts: int
    purchases: int
    revenue: float
    click_through: Rate
    add_to_cart: Rate
    conversion: Rate
    revenue_per_thousand: Rate


def results(shown: pl.DataFrame, events: pl.DataFrame) -> tuple[RowResult, ...]:
    """Results by surface, row and model version, the most shown first; see `data.attribution.attribute`."""
    person = pl.coalesce(PERSON, c.REQUEST_ID).alias(_BUNCH)
    bunches = (
        attribute(shown, events)
        .group_by(*_GROUP, person)
        .agg(pl.len().alias(_SHOWN), *(pl.col(name).sum() for name in _COUNTED))
        .sort(*_GROUP, _BUNCH)
    )
    found = [_result(bunch) for bunch in bunches.partition_by(_GROUP, maintain_order=True)]
    return tuple(sorted(found, key=lambda one: -one.impressions))


def _result(bunches: pl.DataFrame) -> RowResult:
    surface, row, version = bunches.row(0)[: len(_GROUP)]
    shown = bunches[_SHOWN].cast(pl.Float64).to_numpy()
    clicks, carts, purchases, revenue = (bunches[name].cast(pl.Float64).to_numpy() for name in _COUNTED)
    return RowResult(
        surface,
        row,
        version,
        impressions=int(shown.sum()),
        people=len(bunches),
        clicks=int(clicks.sum()),
        carts=int(carts.sum()),
        purchases=int(purchases.sum()),
        revenue=round(float(revenue.sum()), 2),
        click_through=share(clicks, shown),
        add_to_cart=share(carts, shown),
        conversion=share(purchases, shown),
        revenue_per_thousand=mean_per(1000 * revenue, shown),
    )
