"""What interests a person, in words: tags of the items they touched, fresh deeds first, against everybody's.

With m = the sum over a person's events of weight(kind) * 0.5 ^ (age / half-life) on items with the tag, and
the share s of it in all they did:

    score = s * log(1 + s / share of the tag in what everybody did)
    confidence = m / (1 + m)

The score is high for what fills a person's days and what tells them from others; the confidence of a tag
that rests on one purchase of today is a half, and falls as the purchase ages.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from shopkeeper.core.types import DAY_MS, Floats, Longs
from shopkeeper.data.dataset import Dataset

HALF_LIFE_DAYS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Interest:
    """One tag of a person.

    Attributes
    ----------
    tag
        In words.
    confidence
        Above 0 and below 1: how much speaks for it.
    """

    tag: str
    confidence: float


def interest_tags(
    dataset: Dataset, people: Longs, tags: Sequence[Sequence[str]], as_of: int, most: int
) -> list[tuple[Interest, ...]]:
    """Tags of these people, the strongest first.

    Parameters
    ----------
    dataset
        What everybody did.
    people
        Codes of people, distinct.
    tags
        Tags of each item; items without one say nothing.
    as_of
        Now, epoch milliseconds; what comes later is not read.
    most
        Length of a list.
    """
    names = sorted({tag for of_item in tags for tag in of_item})
    codes = {name: code for code, name in enumerate(names)}
    columns = [np.array(sorted({codes[tag] for tag in of_item}), np.int32) for of_item in tags]
    lengths = np.array([len(column) for column in columns], np.int64)
    carries = sparse.csr_array(
        (
            np.ones(lengths.sum(), np.float32),
            np.concatenate([*columns, np.empty(0, np.int32)]),
            np.concatenate([[0], np.cumsum(lengths)]),
        ),
        shape=(dataset.n_items, len(names)),
    )
    deeds = _deeds(dataset, as_of)
    crowd = np.asarray(deeds.sum(axis=0) @ carries / max(float(deeds.sum()), 1e-12), np.float32)
    touched = deeds[people]
    done = np.asarray(touched.sum(axis=1))
    masses = sparse.csr_array(touched @ carries)
    return [_strongest(masses[[row]], done[row], crowd, names, most) for row in range(len(people))]


def apart(tags: Iterable[str], most: int) -> list[str]:
    """The first ``most`` tags; none that holds or is part of an earlier one (``green tea`` and ``tea``)."""
    kept: list[str] = []
    said: list[str] = []
    for tag in tags:
        text = _padded(tag)
        if not any(text in other or other in text for other in said):
            kept.append(tag)
            said.append(text)
        if len(kept) == most:
            break
    return kept


def _deeds(dataset: Dataset, as_of: int) -> sparse.csr_array:
    """Weight of fresh events, person by item."""
    rows = np.flatnonzero((dataset.person >= 0) & (dataset.time <= as_of))
    fresh = 0.5 ** ((as_of - dataset.time[rows]) / DAY_MS / HALF_LIFE_DAYS)
    weights = (dataset.weights[dataset.kind[rows]] * fresh).astype(np.float32)
    where = (dataset.person[rows], dataset.item[rows])
    return sparse.csr_array((weights, where), shape=(len(dataset.people), dataset.n_items))


def _strongest(
    masses: sparse.csr_array, done: float, crowd: Floats, names: list[str], most: int
) -> tuple[Interest, ...]:
    mass = dict(zip(masses.indices.tolist(), masses.data.tolist(), strict=True))
    share = masses.data / max(done, 1e-12)
    scores = share * np.log1p(share / np.maximum(crowd[masses.indices], 1e-12))
    ranked = masses.indices[np.lexsort((masses.indices, -scores))].tolist()
    by_name = {names[code]: mass[code] for code in ranked if mass[code] > 0}
    return tuple(Interest(tag, by_name[tag] / (1.0 + by_name[tag])) for tag in apart(by_name, most))


def _padded(tag: str) -> str:
    """Words within blanks, so that only whole ones are found in one another; Chinese has no blanks."""
    return tag.casefold() if not tag.isascii() else f" {tag.casefold()} "
