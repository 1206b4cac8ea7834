"""From the decision log to `Showings`: which item stood where, for whom, and whether it was taken."""

from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import Ragged
from shopkeeper.data.attribution import BOUGHT, CARTED, CLICKED, attribute
from shopkeeper.data.dataset import ANONYMOUS, PERSON, Dataset
from shopkeeper.data.showings import ROWS, SLOTS, Showings

OWN: Final = ("homepage", "recommendations")
"""Where a person's own list is shown."""
SURFACES: Final = (*OWN, "product")
"""Where items are shown unasked; what stands first in a search is what was searched for."""
MOST_SHOWN: Final = 100_000
"""Answers that are looked at, the newest."""
_PLACE, _TAKEN, _ITEM = "place", "taken", "item"


def showings(shown: pl.DataFrame, events: pl.DataFrame, dataset: Dataset) -> Showings:
    """What was shown on `SURFACES`.

    Items that the catalogue does not know are passed over; people without an event, and those who were
    erased, are nobody known.

    Parameters
    ----------
    shown
        As `Decisions.shown` gives it: in the order things stood on the page.
    events
        See `data.attribution.attribute`.
    dataset
        Gives the codes.
    """
    pages = shown.filter(pl.col(c.SURFACE).is_in(SURFACES))
    if pages.is_empty():
        return Showings()
    row = ((pl.col(c.SLOT) == 0).cum_sum().over(c.REQUEST_ID) - 1).clip(0, ROWS - 1)
    found = (
        attribute(pages, events)
        .with_columns(
            (row * SLOTS + pl.col(c.SLOT).clip(0, SLOTS - 1)).alias(_PLACE),
            pl.any_horizontal(CLICKED, CARTED, BOUGHT).alias(_TAKEN),
            pl.Series(_ITEM, dataset.items.encode(pages[c.ITEM_ID].to_list())),
        )
        .filter(pl.col(_ITEM) >= 0)
        .unique([c.REQUEST_ID, c.ITEM_ID], keep="first", maintain_order=True)
        .sort(c.TIMESTAMP, c.REQUEST_ID, _ITEM)
    )
    answers = found.group_by(c.REQUEST_ID, maintain_order=True).agg(
        pl.col(PERSON, c.TIMESTAMP, c.SURFACE).first(), pl.len()
    )
    lengths = answers["len"].to_numpy()
    codes = {name: code for code, name in enumerate(dataset.people)}
    people = [codes.get(name, ANONYMOUS) for name in answers[PERSON]]
    return Showings(
        np.array(people, np.int32),
        answers[c.TIMESTAMP].to_numpy().astype(np.int64),
        Ragged(np.append(0, np.cumsum(lengths)).astype(np.int64), found[_ITEM].to_numpy().astype(np.int32)),
        found[_PLACE].to_numpy().astype(np.int64),
        found[_TAKEN].to_numpy().astype(bool),
        answers[c.SURFACE].is_in(OWN).to_numpy(),
    )
