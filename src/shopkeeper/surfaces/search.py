"""From a query to results: found by words and by meaning, in the order that suits the person who asks."""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np

from shopkeeper.core import columns as c
from shopkeeper.core.types import Bools, Floats, Ints, Longs, Ragged
from shopkeeper.encoders.base import Encoder
from shopkeeper.features.interests import InterestsConfig, interests, usual_likeness
from shopkeeper.recommenders.base import Explains
from shopkeeper.retrieval.fusion import Found, Fused, fuse
from shopkeeper.retrieval.vectors import Neighbours
from shopkeeper.retrieval.words import Words, words_of
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.page import UNSAID, Count, Facets, Hit, PriceBand, Reason
from shopkeeper.surfaces.query import Wanted
from shopkeeper.surfaces.slate import offered
from shopkeeper.surfaces.visit import Ranked, Visit

POOL: Final = 200
"""Items found by words, and as many by meaning, among which the order is made and facets are counted."""
LEAST_LIKENESS: Final = 0.18
"""See `Index.least`: for an encoder as it is."""
_TASTE: Final = 0.2
"""How much the item that suits the person best gains, as a share of its score."""
_MOST_NAMES: Final = 10
_WHY: Final = {
    "words": Reason("Has words of your search", "包含您搜索的词"),
    "meaning": Reason("Close in meaning to your search", "与您的搜索意思相近"),
    "both": Reason("Has words of your search and its meaning", "与您的搜索词和意思都相符"),
}


@dataclass(frozen=True)
class Index:
    """What items are found by.

    Attributes
    ----------
    ids
        Item ids; the position is the code within the index.
    words
        By their words.
    neighbours
        By their meaning; None where that is not ready, or nothing reads the catalogue.
    encoder
        What made ``neighbours``, to read queries with.
    least
        Cosine to the query below which an item is not found by meaning; see decision 041.
    """

    ids: tuple[str, ...]
    words: Words
    neighbours: Neighbours | None = None
    encoder: Encoder[str] | None = None
    least: float = LEAST_LIKENESS
    _laid: dict[int, tuple[Assortment, Longs, Longs]] = field(default_factory=dict, compare=False, repr=False)

    def places(self, stock: Assortment) -> Longs:
        """Code within an assortment of each item, -1 for what it does not have; looked up once for each."""
        return self._along(stock)[1]

    def codes(self, stock: Assortment) -> Longs:
        """Code within the index of each item of an assortment, -1 for what it does not have."""
        return self._along(stock)[2]

    def _along(self, stock: Assortment) -> tuple[Assortment, Longs, Longs]:
        laid = self._laid.get(0)
        if laid is None or laid[0] is not stock:
            places = np.fromiter((stock.codes.get(item, -1) for item in self.ids), np.int64, len(self.ids))
            codes = np.full(len(stock), -1, np.int64)
            codes[places[places >= 0]] = np.flatnonzero(places >= 0)
            laid = self._laid[0] = (stock, places, codes)
        return laid

    def within(self, stock: Assortment, mask: Bools) -> Bools:
        """Those of a mask over an assortment, shape ``(len(self.ids),)``."""
        places = self.places(stock)
        inside = places >= 0
        inside[inside] = mask[places[inside]]
        return inside

    @cached_property
    def alike(self) -> float:
        """Cosine from which two items are of one taste; see `InterestsConfig`."""
        return 1.0 if self.neighbours is None else usual_likeness(self.neighbours.vectors)

    def liking(self, visit: Visit, items: Ints) -> Floats:
        """How near items of the assortment lie to the person's interests, 0 to 1; 0 where nothing is read."""
        liking = np.zeros(len(items), np.float32)
        if self.neighbours is None or not len(visit.histories.items):
            return liking
        codes, vectors = self.codes(visit.stock), self.neighbours.vectors
        met, events = np.unique(visit.histories.items, return_inverse=True)
        own = np.where(codes[met, None] >= 0, vectors[codes[met]], np.float32(0.0))
        history = replace(visit.histories, items=events.astype(np.int32))
        found = interests(
            history,
            np.array([visit.as_of], np.int64),
            own,
            visit.weights,
            InterestsConfig(alike=self.alike),
        )
        read = np.flatnonzero(codes[items] >= 0)
        liking[read] = found.likeness(vectors[codes[items[read]]], Ragged.of([list(range(len(read)))]))
        return liking

    def find(self, query: str, allowed: Bools, pool: int) -> Fused:
        """Items for a query, by codes of the index; none where it holds no word.

        Parameters
        ----------
        query
            What was typed.
        allowed
            Shape ``(n,)``: items that may be found.
        pool
            Most to find by words, and by meaning.
        """
        return fuse(self.words.search(query, pool, allowed), self.nearest(query, allowed, pool))

    def nearest(self, query: str, allowed: Bools, pool: int) -> Found:
        """Items by meaning alone; see `find`."""
        if self.neighbours is None or self.encoder is None or not words_of(query) or not allowed.any():
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        codes, likeness = self.neighbours.search(self.encoder.encode([query]), pool, allowed)
        near = likeness[0] >= self.least
        return codes[0][near], likeness[0][near]


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found, best first.

    Attributes
    ----------
    items, scores
        Shape ``(n,)``: code within the assortment, and score.
    matched
        Shape ``(n,)``: ``words``, ``meaning`` or ``both``.
    """

    items: Ints
    scores: Floats
    matched: np.ndarray


def search(visit: Visit, index: Index, wanted: Wanted, k: int) -> tuple[tuple[Hit, ...], Facets, int]:
    """The best ``k`` for a person, counts over all that was found, and how many that is.

    Raises
    ------
    NotFound
        The category of the bounds is not in the catalogue.
    """
    found = matches(visit, index, wanted, k)
    hits = _hits(visit, found.items[:k], found.scores[:k], found.matched[:k])
    return hits, _facets(visit.stock, found.items), len(found.items)


def matches(visit: Visit, index: Index, wanted: Wanted, k: int, allowed: Bools | None = None) -> Matches:
    """Everything that is found for a person, best first; at least ``k`` where there are as many.

    Parameters
    ----------
    allowed
        Shape ``(len(visit.stock),)``: what may be found; None for all within the bounds.
    """
    places, within = index.places(visit.stock), wanted.bounds.within(visit.stock)
    inside = index.within(visit.stock, within if allowed is None else within & allowed)
    pool = max(POOL, k)
    found = (
        _listed(visit, places, inside, pool)
        if wanted.names_prices_only
        else index.find(wanted.words, inside, pool)
    )
    items = places[found.codes].astype(np.int32)
    scores = found.scores * (1 + _TASTE * _interest(visit, index, items))
    best = np.argsort(-scores, kind="stable")
    matched = np.where(found.by_words, np.where(found.by_meaning, "both", "words"), "meaning")
    return Matches(items[best], scores[best], matched[best])


def _listed(visit: Visit, places: Longs, allowed: Bools, pool: int) -> Fused:
    """What lies within bounds, where nothing else was asked for: the model's ranking, then the rest."""
    inside = np.flatnonzero(allowed)
    mask = np.zeros(len(visit.stock), bool)
    mask[places[inside]] = True
    ranked = visit.ask(visit.default(), pool, allowed=mask[: visit.stock.known] & offered(visit.stock))
    within = dict(zip(places[inside].tolist(), inside.tolist(), strict=True))
    first = [within.pop(item) for item in ranked.items]
    order = np.array([*first, *within.values()][:pool], np.int32)
    everywhere = np.ones(len(order), bool)
    return Fused(order, everywhere.astype(np.float32), everywhere, ~everywhere)


def _interest(visit: Visit, index: Index, items: Ints) -> Floats:
    """How well each item suits the person among these, 0 to 1; 0 where nothing is known of them.

    By rank where the model has something to say, else by how near it lies to the person's interests: what is
    new to the shop can suit somebody too.
    """
    interest = index.liking(visit, items)
    known = np.flatnonzero(items < visit.stock.known)
    recommender = visit.default()
    if recommender is None or not visit.is_known or not len(known):
        return interest
    order = known[np.argsort(items[known], kind="stable")]
    scores = recommender.score(visit.request, Ragged.of([items[order]]))
    ranks = np.searchsorted(np.sort(scores), scores, side="right") / len(scores)
    interest[order] = np.where(scores > 0, ranks, interest[order])
    return interest


def _hits(visit: Visit, items: Ints, scores: Floats, matched: np.ndarray) -> tuple[Hit, ...]:
    """Cards of results: for the person where their own history speaks for an item, else by what matched."""
    by = visit.default() if visit.is_known else None
    known = [int(item) for item in items if item < visit.stock.known]
    ranked = Ranked(known, [0.0] * len(known), [""] * len(known), by if isinstance(by, Explains) else None)
    personal = dict(zip(known, visit.cards(ranked, known), strict=True))
    hits = []
    for item, score, how in zip(items.tolist(), scores.tolist(), matched.tolist(), strict=True):
        card = personal.get(item) or visit.stock.card(item)
        own = card.evidence_item_ids and card.reason != UNSAID
        card = replace(card, score=round(score, 6), source="search", reason=card.reason if own else _WHY[how])
        hits.append(Hit(**{name: getattr(card, name) for name in type(card).__slots__}, matched=how))
    return tuple(hits)


def _facets(stock: Assortment, items: Ints) -> Facets:
    def counts(column: str) -> tuple[Count, ...]:
        told = Counter(text for item in items.tolist() if (text := stock.texts[column][item]))
        best = sorted(told.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(Count(name, count) for name, count in best[:_MOST_NAMES])

    return Facets(counts(c.CATEGORY), counts(c.BRAND), _bands(stock.prices[items]))


def _bands(prices: Floats) -> tuple[PriceBand, ...]:
    """Bands from 1, 2 and 5 times powers of ten; what costs just as much as an edge lies in both."""
    prices = prices[prices >= 0]
    edges = [0.0] + [float(f"{step}e{power}") for power in range(9) for step in (1, 2, 5)]
    bands = (
        PriceBand(low, high, int(((prices >= low) & (prices <= high)).sum())) for low, high in pairwise(edges)
    )
    return tuple(band for band in bands if band.count)
