"""Parts of a test told apart: repeats, news to the person, new items, new customers.

A slice keeps the requests that have some truth of its kind and restricts their truth to it. The list is the
whole answer of the model, so slices add up to what a person sees. The two ``..._only`` views restrict the
ranking as well: they show how well a model orders what a person knows, and how well it finds what they do
not, apart from how it shares the list between the two.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from shopkeeper.core.types import Bools, Longs, Ragged
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases
from shopkeeper.recommenders.select import contains


class View(Enum):
    """Which list a slice looks at."""

    whole = "the model's answer"
    known = "only items the person already knows, by the model's score"
    unknown = "only items new to the person"


@dataclass(frozen=True, slots=True)
class Slice:
    """Some cases with part of their truth.

    Attributes
    ----------
    rows
        Shape ``(m,)``: positions of the cases that are asked.
    truth
        Their truth, ``m`` rows, none empty.
    view
        Which list is compared with it.
    """

    rows: Longs
    truth: Ragged
    view: View


def _everything(cases: Cases, train: Dataset) -> Slice:
    return _keep(cases, np.ones(len(cases.truth.items), np.bool_), View.whole)


def _repeats(cases: Cases, train: Dataset) -> Slice:
    return _keep(cases, _known(cases), View.whole)


def _new_to_person(cases: Cases, train: Dataset) -> Slice:
    return _keep(cases, ~_known(cases), View.whole)


def _new_items(cases: Cases, train: Dataset) -> Slice:
    return _keep(cases, train.popularity[cases.truth.items] == 0, View.whole)


def _new_customers(cases: Cases, train: Dataset) -> Slice:
    empty = np.diff(cases.requests.histories.summary_offsets) == 0
    return _keep(cases, empty[cases.truth.rows], View.whole)


def _repeats_only(cases: Cases, train: Dataset) -> Slice:
    return _keep(cases, _known(cases), View.known)


def _new_to_person_only(cases: Cases, train: Dataset) -> Slice:
    return _keep(cases, ~_known(cases), View.unknown)


SLICES: Final[Mapping[str, Callable[[Cases, Dataset], Slice]]] = {
    "all": _everything,
    "repeats": _repeats,
    "new_to_person": _new_to_person,
    "new_items": _new_items,
    "new_customers": _new_customers,
    "repeats_only": _repeats_only,
    "new_to_person_only": _new_to_person_only,
}
"""Every slice by the name it has in files and reports."""

WHOLE_LIST: Final = ("all", "repeats", "new_to_person", "new_items", "new_customers")
"""Slices of the whole list: they cost no further answers of the model."""


def _known(cases: Cases) -> Bools:
    """Which truth items stand in the person's history."""
    return contains(cases.requests.histories.known, cases.truth)


def _keep(cases: Cases, entries: Bools, view: View) -> Slice:
    """The cases with any of these truth entries, and those entries."""
    counts = np.bincount(cases.truth.rows[entries], minlength=len(cases))
    rows = np.flatnonzero(counts)
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(counts[rows], out=offsets[1:])
    return Slice(rows, Ragged(offsets, cases.truth.items[entries]), view)
