"""What changed in what people did: the rows in which two states of the same people differ."""

import numpy as np

from shopkeeper.core.types import Bools, Longs
from shopkeeper.data.dataset import Dataset


def changed_rows(before: Dataset, after: Dataset) -> tuple[Bools, Bools]:
    """Which rows of two datasets over the same people and catalogue are not in both.

    A person's rows are compared from the oldest on; from the first that differs, all count as changed. So a
    late event changes what comes after it as well, which is right where order matters. Rows of nobody known
    are changed as a rule.
    """
    if before.people != after.people or before.items.ids != after.items.ids:
        raise ValueError("Both states must be over the same people and items.")
    n = len(before.people)
    places, starts = (_places(before), _places(after)), (before.offsets, after.offsets)
    same = _agrees(before, after, places[0], starts[1])
    length = np.minimum(np.diff(starts[0]), np.diff(starts[1]))
    differs = (before.person >= 0) & ~same
    np.minimum.at(length, before.person[differs], places[0][differs])
    bound = np.append(length, 0)  # nobody's code is -1, the last entry
    return places[0] >= bound[before.person], places[1] >= bound[after.person] if n else np.ones(
        len(after), bool
    )


def _places(dataset: Dataset) -> Longs:
    """Place of each row among its person's."""
    starts = np.append(dataset.offsets[:-1], 0)
    return np.asarray(np.arange(len(dataset)) - starts[dataset.person], np.int64)


def _agrees(before: Dataset, after: Dataset, place: Longs, starts: Longs) -> Bools:
    """Whether the row at the same place of the same person is the same."""
    if not len(after):
        return np.zeros(len(before), bool)
    row = starts[before.person] + place
    inside = row < starts[before.person + 1]
    row = np.where(inside, row, 0)
    equal = [getattr(before, part) == getattr(after, part)[row] for part in ("item", "kind", "time")]
    return np.asarray(inside & np.logical_and.reduce(equal))
