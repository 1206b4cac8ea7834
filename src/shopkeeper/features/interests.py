"""What a person likes, as vectors: one for each of their tastes, what is fresh and deliberate first.

An item of the history weighs what was done with it, each deed the less the longer ago it is:

    m_i = sum over the events e on i of w(kind of e) * 0.5 ^ (age of e / half-life)

Items are gone through by falling weight, of equals the lower code first. Each joins the interest it is most
alike to, if its cosine to it reaches ``alike`` or no further interest may be opened, and else opens one. An
interest points where the weighted sum of its items points, and weighs what they weigh. Several vectors for
one person: Pal et al. (2020), "PinnerSage"; the grouping in one pass is the leader algorithm (Hartigan 1975).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.types import DAY_MS, Floats, Histories, Ints, Longs, Ragged
from shopkeeper.encoders.base import unit

_PAIRS: Final = 20_000
"""Pairs of items whose cosines say what is usual in a catalogue."""
_USUAL: Final = 0.995
"""Share of pairs of any two items that must be less alike than two items of one taste."""


@dataclass(frozen=True, slots=True)
class InterestsConfig:
    """How a history becomes interests.

    Attributes
    ----------
    half_life_days
        Age at which a deed weighs half.
    most
        Interests of one person, at most.
    events
        Latest events that are heard.
    alike
        Cosine from which an item belongs to an interest; None asks `usual_likeness` of the catalogue, because
        encoders differ in how alike they find any two things.
    """

    half_life_days: float = 7.0
    most: int = 8
    events: int = 64
    alike: float | None = None


@dataclass(frozen=True, slots=True)
class Interests:
    """Interests of ``n`` people, the weightiest first.

    Attributes
    ----------
    vectors
        Shape ``(n, most, dim)``: unit rows; zeros from where a person has no more.
    weights
        Shape ``(n, most)``: the m of the module's formula added up, falling; 0 where there is none.
    """

    vectors: Floats
    weights: Floats

    def __len__(self) -> int:
        return len(self.weights)

    def likeness(self, vectors: Floats, candidates: Ragged) -> Floats:
        """How well items suit people, 0 to 1: the best of share ^ 0.5 times cosine over the interests.

        Parameters
        ----------
        vectors
            Shape ``(n_items, dim)``: of items, by the encoder the interests were made with.
        candidates
            Items to be judged, a row a person.

        Returns
        -------
        Aligned with ``candidates.items``; 0 where nothing speaks for an item.
        """
        share = self.weights / np.maximum(self.weights.sum(axis=1, keepdims=True), np.float32(1e-12))
        toward = self.vectors * np.sqrt(share)[:, :, None]
        out = np.zeros(len(candidates.items), np.float32)
        for row in np.flatnonzero(candidates.lengths).tolist():
            low, high = candidates.offsets[row], candidates.offsets[row + 1]
            out[low:high] = (vectors[candidates.items[low:high]] @ toward[row].T).max(axis=1)
        return np.clip(out, 0.0, 1.0)


def interests(
    histories: Histories,
    as_of: Longs,
    vectors: Floats,
    weights: Floats,
    config: InterestsConfig | None = None,
) -> Interests:
    """Interests of people, from the recent events of their histories.

    Parameters
    ----------
    histories
        What ``n`` people did; events after ``as_of`` count as of that moment.
    as_of
        Shape ``(n,)``: now, epoch milliseconds.
    vectors
        Shape ``(n_items, dim)``: unit rows; a row of zeros says nothing and takes no part.
    weights
        How strongly each kind of event speaks, indexed by `EventType`; what has none takes no part.
    config
        How.
    """
    config = config or InterestsConfig()
    items, masses = _weighed(histories, as_of, vectors, weights, config)
    alike = usual_likeness(vectors) if config.alike is None else config.alike
    sums = np.zeros((len(histories), config.most, vectors.shape[1]), np.float32)
    found = np.zeros((len(histories), config.most), np.float32)
    for step in range(int(items.lengths.max(initial=0))):
        rows = np.flatnonzero(items.lengths > step)
        places = items.offsets[rows] + step
        own = vectors[items.items[places]]
        slot = _slots(own, sums[rows], found[rows], alike)
        sums[rows, slot] += masses[places, None] * own
        found[rows, slot] += masses[places]
    order = np.argsort(-found, axis=1, kind="stable")
    directions = unit(np.take_along_axis(sums, order[:, :, None], axis=1).reshape(-1, vectors.shape[1]))
    return Interests(directions.reshape(sums.shape), np.take_along_axis(found, order, axis=1))


def usual_likeness(vectors: Floats, seed: int = 0) -> float:
    """The cosine that 995 of 1,000 pairs of different items stay below; 1 where there are no two of them.

    Taken on a sample of pairs; items without a vector, and pairs of the same vector, are left out.
    """
    said = np.flatnonzero(vectors.any(axis=1))
    if len(said) < 2:
        return 1.0
    one, other = np.random.default_rng(seed).choice(said, (2, _PAIRS))
    cosines = np.einsum("nd,nd->n", vectors[one], vectors[other])
    apart = cosines[(one != other) & (cosines < 1.0 - 1e-6)]
    return float(np.quantile(apart, _USUAL)) if len(apart) else 1.0


def _weighed(
    histories: Histories, as_of: Longs, vectors: Floats, weights: Floats, config: InterestsConfig
) -> tuple[Ragged, Floats]:
    """Distinct items of each person by falling weight, of equals the lower code first, and the weights."""
    owner = histories.recent.rows
    age = np.maximum(as_of[owner] - histories.times, 0) / DAY_MS
    mass = weights[histories.kinds] * 0.5 ** (age / config.half_life_days)
    since = histories.offsets[1:][owner] - 1 - np.arange(len(owner))
    kept = (mass > 0) & (since < config.events) & vectors[histories.items].any(axis=1)
    keys, inverse = np.unique(owner[kept] << 32 | histories.items[kept], return_inverse=True)
    total = np.bincount(inverse, mass[kept], len(keys)).astype(np.float32)
    who, item = keys >> 32, (keys & 0xFFFFFFFF).astype(np.int32)
    order = np.lexsort((item, -total, who))
    offsets = np.searchsorted(who, np.arange(len(histories) + 1)).astype(np.int64)
    return Ragged(offsets, item[order]), total[order]


def _slots(own: Floats, sums: Floats, found: Floats, alike: float) -> Ints:
    """Which interest each item joins or opens.

    Parameters
    ----------
    own
        Shape ``(n, dim)``: the item of each person.
    sums, found
        Shapes ``(n, most, dim)`` and ``(n, most)``: interests so far.
    alike
        See `InterestsConfig`.
    """
    lengths = np.linalg.norm(sums, axis=2)
    cosines = np.einsum("nd,nkd->nk", own, sums) / np.maximum(lengths, np.float32(1e-12))
    cosines = np.where(found > 0, cosines, -np.inf)
    nearest = cosines.argmax(axis=1)
    used = (found > 0).sum(axis=1)
    joins = (cosines[np.arange(len(own)), nearest] >= alike) | (used == found.shape[1])
    return np.asarray(np.where(joins, nearest, used), np.int32)
