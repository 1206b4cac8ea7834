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
    lengths = np.diff(before.offsets), np.diff(after.offsets)
    same = np.minimum(*lengths)
    # Rows from the same place of the same person on, as far as both go.
    places = np.arange(same.sum()) - np.repeat(np.cumsum(same) - same, same)
    ours, theirs = (places + np.repeat(part.offsets[:-1], same) for part in (before, after))
    agree = np.ones(len(places), bool)
    for part in ("item", "kind", "time"):
        agree &= getattr(before, part)[ours] == getattr(after, part)[theirs]
    differ = ours[~agree]
    np.minimum.at(same, before.person[differ], places[~agree])
    return _from(before, same), _from(after, same)


def _from(dataset: Dataset, same: Longs) -> Bools:
    """Rows after the first ``same`` of each person, and those of nobody."""
    changed = np.diff(dataset.offsets) - same
    runs = np.stack([same, changed], axis=1).ravel()
    known = np.repeat(np.tile([False, True], len(same)), runs)
    return np.append(np.ones(len(dataset) - len(known), bool), known)
