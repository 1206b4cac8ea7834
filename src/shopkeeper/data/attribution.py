"""What came of what was shown: events credited to the answers they follow from."""

from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.dataset import PERSON

CLICKED: Final = "clicked"
CARTED: Final = "carted"
BOUGHT: Final = "bought"
REVENUE: Final = "revenue"
CARRY_MS: Final = DAY_MS
"""How long a click or an addition to the cart may claim the purchase that follows."""

EVENT_COLUMNS: Final = (
    PERSON,
    c.EVENT_TYPE,
    c.ITEM_ID,
    c.TIMESTAMP,
    c.REQUEST_ID,
    c.QUANTITY,
    c.PRICE,
    c.VALUE,
)
"""What `attribute` needs of events."""
_STEPS: Final = {
    EventType.select_item.name: CLICKED,
    EventType.view_item.name: CLICKED,
    EventType.add_to_cart.name: CARTED,
    EventType.purchase.name: BOUGHT,
}
_KEY: Final = (c.REQUEST_ID, c.ITEM_ID)
_STEP, _FIRST = "step", "first"


def attribute(shown: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Shown items with what came of each: `CLICKED`, `CARTED`, `BOUGHT` and `REVENUE`.

    An event is credited to the answer whose ``request_id`` it echoes, if its item was shown there. A shop's
    checkout seldom knows that id; so a purchase without one goes to the last answer from which the same
    person clicked or carted the same item within `CARRY_MS`. Each step counts once for an item of an answer,
    however often it is told; an item that stands in several rows of one answer is credited to the first.

    Parameters
    ----------
    shown
        As `Decisions.shown` gives it.
    events
        `EVENT_COLUMNS`, at least.
    """
    told = events.filter(pl.col(c.EVENT_TYPE).is_in(list(_STEPS)) & pl.col(c.ITEM_ID).is_not_null()).select(
        *EVENT_COLUMNS, pl.col(c.EVENT_TYPE).replace_strict(_STEPS, return_dtype=pl.String).alias(_STEP)
    )
    echoed = told.join(shown.select(_KEY).unique(), on=_KEY, how="semi", nulls_equal=False)
    credited = pl.concat([echoed, _carried(told, echoed)]).sort(c.TIMESTAMP, maintain_order=True)
    spent = pl.col(c.PRICE) * pl.col(c.QUANTITY).fill_null(1.0)
    outcome = credited.group_by(_KEY).agg(
        *(pl.col(_STEP).eq(step).any().alias(step) for step in (CLICKED, CARTED, BOUGHT)),
        pl.coalesce(spent, c.VALUE).filter(pl.col(_STEP) == BOUGHT).first().alias(REVENUE),
    )
    first = pl.struct(_KEY).is_first_distinct().alias(_FIRST)
    joined = shown.with_columns(first).join(outcome, on=_KEY, how="left", maintain_order="left")
    return joined.with_columns(
        *((pl.col(step).fill_null(False) & pl.col(_FIRST)).alias(step) for step in (CLICKED, CARTED, BOUGHT)),
        pl.when(_FIRST).then(pl.col(REVENUE).fill_null(0.0)).otherwise(0.0).alias(REVENUE),
    ).drop(_FIRST)


def _carried(told: pl.DataFrame, echoed: pl.DataFrame) -> pl.DataFrame:
    """Purchases that echo no answer, under the last one from which their person touched their item."""
    by = (PERSON, c.ITEM_ID)
    touched = echoed.filter((pl.col(_STEP) != BOUGHT) & pl.col(PERSON).is_not_null())
    bought = told.filter(
        (pl.col(_STEP) == BOUGHT) & pl.col(PERSON).is_not_null() & pl.col(c.REQUEST_ID).is_null()
    )
    found = (
        bought.drop(c.REQUEST_ID)
        .sort(c.TIMESTAMP)
        .join_asof(
            touched.select(*by, c.TIMESTAMP, c.REQUEST_ID).sort(c.TIMESTAMP),
            on=c.TIMESTAMP,
            by=list(by),
            tolerance=CARRY_MS,
            check_sortedness=False,
        )
    )
    return found.filter(pl.col(c.REQUEST_ID).is_not_null()).select(told.columns)
