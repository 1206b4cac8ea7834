"""How often each row of a page stood at each place, and was clicked there, counted from the decision log."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import Doubles
from shopkeeper.data.attribution import CLICKED, attribute
from shopkeeper.data.dataset import PERSON

_PLACE: Final = "place"
_LOOKS: Final = "looks"


def row_counts(
    shown: pl.DataFrame, events: pl.DataFrame, surface: str, rows: Sequence[str], n_places: int
) -> tuple[Doubles, Doubles]:
    """Showings and clicks of rows by place, both of shape ``(len(rows), n_places)``.

    A row counts once for a page and is clicked if any of its items is; other rows take up a place and are not
    counted themselves. Whatever stands lower than the last place counts there.

    Parameters
    ----------
    shown
        As `Decisions.shown` gives it: in the order things stood on the page.
    events
        See `data.attribution.attribute`.
    surface
        The kind of page.
    rows
        Names of rows.
    n_places
        Places that are told apart.
    """
    counts = (
        _each(shown, events, surface, rows, n_places)
        .group_by(c.ROW, _PLACE)
        .agg(pl.len().alias(c.SHOWN), pl.col(CLICKED).sum())
    )
    found = np.zeros((2, len(rows), n_places))
    at = ([rows.index(name) for name in counts[c.ROW]], counts[_PLACE].to_numpy())
    found[0][at], found[1][at] = counts[c.SHOWN].to_numpy(), counts[CLICKED].to_numpy()
    return found[0], found[1]


def own_counts(
    shown: pl.DataFrame, events: pl.DataFrame, surface: str, rows: Sequence[str], looked: Doubles
) -> tuple[list[str], Doubles, Doubles]:
    """Who was shown rows, and of each how often each row was looked at, and clicked, both people x rows.

    Parameters
    ----------
    shown, events, surface, rows
        See `row_counts`.
    looked
        Shape ``(n_places,)``: chance that a place is looked at.
    """
    each = _each(shown, events, surface, rows, len(looked)).filter(pl.col(PERSON).is_not_null())
    counts = (
        each.with_columns(pl.Series(_LOOKS, looked[each[_PLACE].to_numpy()]))
        .group_by(PERSON, c.ROW)
        .agg(pl.col(_LOOKS, CLICKED).sum())
    )
    people = counts[PERSON].unique().sort().to_list()
    codes = {person: code for code, person in enumerate(people)}
    found = np.zeros((2, len(people), len(rows)))
    at = ([codes[person] for person in counts[PERSON]], [rows.index(name) for name in counts[c.ROW]])
    found[0][at], found[1][at] = counts[_LOOKS].to_numpy(), counts[CLICKED].to_numpy()
    return people, found[0], found[1]


def _each(
    shown: pl.DataFrame, events: pl.DataFrame, surface: str, rows: Sequence[str], n_places: int
) -> pl.DataFrame:
    """Each row of each page: where it stood, for whom, and whether it was clicked."""
    pages = shown.filter(pl.col(c.SURFACE) == surface)
    place = (pl.col(c.SLOT) == 0).cum_sum().over(c.REQUEST_ID) - 1
    return (
        attribute(pages, events)
        .with_columns(place.clip(0, n_places - 1).alias(_PLACE))
        .group_by(c.REQUEST_ID, PERSON, c.ROW, _PLACE)
        .agg(pl.col(CLICKED).any())
        .filter(pl.col(c.ROW).is_in(list(rows)))
    )
