"""Many sources, one ranked list, always filled.

    score_j = sum over sources of w_s * score_sj / best_s  +  v * exp(r_j - best r)
              + tiny * popular_j / best_popular

``best_s`` is the best score source ``s`` gives to any candidate of the same request, so that sources speak on
one scale. ``w_s`` is one of three weights: what a person knows, what is new to them, and what nobody has
touched yet are different questions, and a source may be good at one of them only. ``r`` is what the learned
ranker, if there is one, says of the strongest candidates. The last term is the fallback chain: whatever the
sources leave open, popularity fills. A linear combination of normalised scores is CombSUM with weights (Fox
and Shaw 1994).
"""

from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import (
    Bools,
    Evidence,
    Floats,
    Ints,
    Longs,
    Ragged,
    Recommendations,
    Requests,
    distinct,
)
from shopkeeper.data.dataset import Dataset
from shopkeeper.recommenders.base import Recommender, retrieves, says_all
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.popular import Popular
from shopkeeper.recommenders.ranker import BASE, Ranker, Signals
from shopkeeper.recommenders.registry import BASIC, RECOMMENDERS
from shopkeeper.recommenders.select import at, contains, leading, strongest, taken, top_k

Facts = tuple[tuple[str, float], ...]
POPULAR = "popular"
RANKER = "ranker"
TINY = np.float32(1e-6)
NEW, KNOWN, UNTOUCHED = range(3)
"""Sorts of candidates: new to the person, known to them, and known to nobody."""
DEPTH = 100
"""Candidates each source brings, or ``k`` where that is more."""
RANKED = 60
"""Strongest candidates that the ranker looks at: as many as its trees have learned to order."""


@dataclass(frozen=True, slots=True)
class BlendConfig:
    """How sources are fused.

    Attributes
    ----------
    weights
        Weight of each source, by name, for items that are new to the person.
    known
        The same for items the person already knows.
    untouched
        The same for items that nobody had touched when the sources were fitted.
    ranker
        Weight of the learned ranker.

    A source without any weight is not asked.
    """

    weights: dict[str, float] = field(default_factory=lambda: {"cooccurrence": 1.0, "popular": 0.05})
    known: dict[str, float] = field(
        default_factory=lambda: {"cooccurrence": 1.0, "repeat": 1.0, "popular": 0.05}
    )
    ranker: float = 0.0
    untouched: dict[str, float] = field(default_factory=dict)

    def uses(self, name: str) -> bool:
        """Whether a source has any weight."""
        return any(part.get(name, 0.0) > 0 for part in (self.weights, self.known, self.untouched))

    def without(self, name: str) -> "BlendConfig":
        """The same without a source."""
        new, known, untouched = (
            {other: weight for other, weight in part.items() if other != name}
            for part in (self.weights, self.known, self.untouched)
        )
        return BlendConfig(new, known, self.ranker, untouched)

    def of(self, names: tuple[str, ...]) -> NDArray[np.float32]:
        """Weights as an array, 3 x sources: for items that are `NEW`, `KNOWN` and `UNTOUCHED`."""
        parts = (self.weights, self.known, self.untouched)
        return np.array([[part.get(name, 0.0) for name in names] for part in parts], np.float32)


@dataclass(frozen=True, slots=True)
class Fused:
    """Candidates of requests and what each source adds to them.

    Attributes
    ----------
    signals
        What the sources said.
    parts
        Sources x candidates: the terms of the module's formula, without the ranker's.
    scores
        The sum of all terms.
    """

    signals: "Scaled"
    parts: NDArray[np.float32]
    scores: Floats

    @property
    def candidates(self) -> Ragged:
        """Distinct items, by rising code within a request."""
        return self.signals.candidates


class Blend:
    """Sources fused by weight; popularity fills what they leave open."""

    name: ClassVar[str] = "shopkeeper"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = True

    def __init__(
        self,
        config: BlendConfig | None = None,
        sources: tuple[Recommender, ...] | None = None,
        ranker: Ranker | None = None,
    ) -> None:
        self.config = config or BlendConfig()
        self.sources = sources if sources is not None else tuple(source() for source in BASIC)
        self.ranker = ranker

    def fit(self, dataset: Dataset) -> Self:
        """Fit every source and renew what the ranker knows of items; weights and trees stay."""
        for source in self.sources:
            source.fit(dataset)
        if self.ranker is not None:
            self.ranker.prepare(dataset)
        return self

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Ask the sources, fuse, rank, fill; see `Recommender.recommend`."""
        asked = self.asked
        fused = self._fused(asked, requests, max(k, DEPTH))
        ranked = top_k(fused.candidates, fused.scores, requests, k, self.name)
        return _with_sources(ranked, fused, tuple(source.name for source in asked))

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        fused = self._fused(self.asked, requests, DEPTH, candidates)
        return at(fused.candidates, fused.scores, candidates)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Evidence of the source that carried each item most."""
        if not len(items):
            return ()
        signals = Scaled.of(self.asked, request, DEPTH, Ragged.of([items]))
        places = signals.candidates.items.searchsorted(items)
        carriers = signals.weighed(self._terms)[:, places].argmax(axis=0)
        return tuple(_told(self.asked, carriers, request, items))

    def moved(self, request: Requests, items: Ints) -> tuple[Facts, ...]:
        """The three features that moved the ranker most about each item either way, by SHAP value."""
        fused = self._fused(self.asked, request, DEPTH, Ragged.of([items]))
        return tuple(self._moved(request, fused, np.searchsorted(fused.candidates.items, items)))

    def save(self, folder: Path) -> None:
        """Write the weights here, and each source and the ranker into folders of their own names."""
        names = [source.name for source in self.sources]
        write_state(folder, {**asdict(self.config), "sources": names, "ranked": self.ranker is not None})
        for source in self.sources:
            source.save(folder / source.name)
        if self.ranker is not None:
            self.ranker.save(folder / RANKER)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, _ = read_state(folder)
        sources = tuple(RECOMMENDERS[name].load(folder / name) for name in settings["sources"])
        config = BlendConfig(**{name.name: settings[name.name] for name in fields(BlendConfig)})
        return cls(config, sources, Ranker.load(folder / RANKER) if settings["ranked"] else None)

    @property
    def reads_looks(self) -> bool:
        """Whether the ranker has a use for what the asker was shown."""
        return self.ranker is not None and self.config.ranker > 0 and self.ranker.reads_looks

    @cached_property
    def asked(self) -> tuple[Recommender, ...]:
        """Sources with a weight, and popularity, which closes the fallback chain."""
        return tuple(
            source for source in self.sources if self.config.uses(source.name) or source.name == POPULAR
        )

    @cached_property
    def _terms(self) -> NDArray[np.float32]:
        return terms(self.config, tuple(source.name for source in self.asked))

    def _moved(self, request: Requests, fused: Fused, places: Longs) -> list[Facts]:
        """The features that moved the ranker most about candidates at these places, by SHAP value."""
        facts: list[Facts] = [()] * len(places)
        if self.ranker is None or not self.config.ranker:
            return facts
        linear = fused.parts.sum(axis=0)
        shortlist = fused.signals.shortlist(linear)
        shown = np.flatnonzero(np.isin(places, shortlist))
        if len(shown):
            told = self.ranker.contributions(
                request,
                taken(fused.candidates, shortlist),
                fused.signals.said(shortlist, linear),
                np.searchsorted(shortlist, places[shown]),
            )
            for row, values in zip(shown.tolist(), told.values, strict=True):
                facts[row] = _strongest_facts(told.names, values)
        return facts

    def _fused(
        self,
        asked: tuple[Recommender, ...],
        requests: Requests,
        depth: int,
        also: Ragged | None = None,
    ) -> Fused:
        """Fuse what sources bring, and score what else is asked for on the same scale."""
        signals = Scaled.of(asked, requests, depth, also)
        parts = signals.weighed(self._terms)
        scores = parts.sum(axis=0)
        if self.ranker is not None and self.config.ranker > 0:
            scores = signals.joined(scores, signals.ranked(self.ranker, requests, scores), self.config.ranker)
        return Fused(signals, parts, scores)


@dataclass(frozen=True, slots=True)
class Heard:
    """What sources brought for requests.

    Attributes
    ----------
    sources
        Who was asked.
    retrieved
        Everything somebody brought, by rising code within a request.
    said
        All that a source of the kind `Scores` has to say; None for the others.
    """

    sources: tuple[Recommender, ...]
    retrieved: Ragged
    said: tuple[tuple[Ragged, Floats] | None, ...]

    def scores(self, requests: Requests, candidates: Ragged) -> NDArray[np.float32]:
        """Score of each candidate by each source, sources x candidates."""
        return np.stack(
            [
                source.score(requests, candidates) if said is None else at(*said, candidates)
                for source, said in zip(self.sources, self.said, strict=True)
            ]
        )


@dataclass(frozen=True, slots=True)
class Scaled:
    """What sources say of candidates, on one scale.

    Attributes
    ----------
    names
        The sources.
    candidates
        Distinct items, by rising code within a request.
    retrieved
        Which candidates some source brought by itself.
    sorts
        `NEW`, `KNOWN` or `UNTOUCHED`, for each candidate.
    values
        Sources x candidates: score relative to the source's best for a retrieved item of the same request.
    """

    names: tuple[str, ...]
    candidates: Ragged
    retrieved: Bools
    sorts: NDArray[np.int8]
    values: NDArray[np.float32]

    @classmethod
    def of(
        cls, sources: tuple[Recommender, ...], requests: Requests, depth: int, also: Ragged | None = None
    ) -> Self:
        """Ask the sources for candidates, and about what else is wanted."""
        heard = listen(sources, requests, depth)
        candidates = heard.retrieved if also is None else union([heard.retrieved, also], len(requests))
        raw = heard.scores(requests, candidates)
        own = np.ones(len(candidates.items), bool) if also is None else contains(heard.retrieved, candidates)
        bests = _bests(raw if also is None else raw * own, candidates)
        if len(requests) > 1:
            bests = np.repeat(bests, candidates.lengths, axis=1)
        names = tuple(source.name for source in sources)
        sorts = _sorts(sources, requests, candidates)
        return cls(names, candidates, own, sorts, np.asarray(raw / bests))

    def parts(self, config: BlendConfig) -> NDArray[np.float32]:
        """The terms of the formula but the ranker's, sources x candidates."""
        return self.weighed(terms(config, self.names))

    def weighed(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """`parts` with weights that `terms` gave."""
        return self.values * weights.take(self.sorts, axis=1)

    def ranked(self, ranker: Ranker, requests: Requests, fused: Floats) -> Floats:
        """exp(r - best r) of the strongest retrieved candidates of each request, 0 elsewhere."""
        places = self.shortlist(fused)
        out = np.zeros(len(fused), np.float32)
        if len(places):
            chosen = taken(self.candidates, places)
            found = ranker.score(requests, chosen, self.said(places, fused))
            some = chosen.lengths > 0
            tops = np.maximum.reduceat(found, chosen.offsets[:-1][some]).repeat(chosen.lengths[some])
            out[places] = np.exp(found - tops)
        return out

    def joined(self, fused: Floats, ranked: Floats, weight: float) -> Floats:
        """Linear scores and the ranker's as one.

        Trees learn from what was taken, and know of what nobody has touched that nobody took it: such an item
        keeps the place among the others that its own weights gave it.
        """
        scores = fused + np.float32(weight) * ranked
        untouched = self.sorts == UNTOUCHED
        if not untouched.any():
            return scores
        for row in np.unique(self.candidates.rows[untouched]):
            place = slice(self.candidates.offsets[row], self.candidates.offsets[row + 1])
            others = self.retrieved[place] & ~untouched[place]
            if others.any():
                before, after = np.sort(fused[place][others]), np.sort(scores[place][others])
                own = fused[place][untouched[place]]
                beyond = own - np.clip(own, before[0], before[-1])
                scores[place][untouched[place]] = np.interp(own, before, after) + beyond
        return scores

    def shortlist(self, fused: Floats) -> Longs:
        """Places of the retrieved candidates that a ranker looks at, in rising order."""
        return strongest(self.candidates, fused * self.retrieved, RANKED)

    def said(self, places: Longs, fused: Floats) -> Signals:
        """What is said of the candidates at these places, as a ranker takes it."""
        return Signals(self.names, self.values.take(places, axis=1), fused.take(places))


def terms(config: BlendConfig, names: tuple[str, ...]) -> NDArray[np.float32]:
    """What each source is times for each sort of candidate, sources x sorts; the last resort is in it."""
    weights = config.of(names)
    weights[:, [name == POPULAR for name in names]] += TINY
    return np.ascontiguousarray(weights.T)


def listen(sources: tuple[Recommender, ...], requests: Requests, depth: int) -> "Heard":
    """Ask sources for what they bring; those that say all at once are not asked again."""
    lists, said = [Ragged.empty(len(requests))], []
    for source in sources:
        scored = says_all(source, requests)
        said.append(scored)
        if scored is not None:
            lists.append(taken(scored[0], leading(*scored, requests, depth)))
        elif retrieves(source):
            lists.append(source.recommend(requests, depth).lists)
    return Heard(sources, union(lists, len(requests)), tuple(said))


def union(lists: list[Ragged], n: int) -> Ragged:
    """Distinct items of several lists a row, by rising code."""
    if n == 1:
        items = distinct(np.concatenate([part.items for part in lists]))
        return Ragged(np.array([0, len(items)], np.int64), items)
    keys = distinct(np.concatenate([part.keys for part in lists]))
    offsets = np.searchsorted(keys, np.arange(n + 1, dtype=np.int64) << 32).astype(np.int64)
    return Ragged(offsets, (keys & 0xFFFFFFFF).astype(np.int32))


def _sorts(sources: tuple[Recommender, ...], requests: Requests, candidates: Ragged) -> NDArray[np.int8]:
    """`NEW`, `KNOWN` or `UNTOUCHED` for each candidate."""
    sorts = np.full(len(candidates.items), NEW, np.int8)
    for source in sources:
        if isinstance(source, Popular):
            sorts[source.events(candidates.items) == 0] = UNTOUCHED
    sorts[contains(requests.histories.known, candidates)] = KNOWN
    return sorts


def _bests(scores: NDArray[np.float32], candidates: Ragged) -> NDArray[np.float32]:
    """Best score of each row, sources x rows; 1 where there is none, so that nothing is divided by zero."""
    if len(candidates) == 1:
        best = scores.max(axis=1, initial=0.0, keepdims=True)
        return np.where(best > 0, best, np.float32(1.0))
    out = np.zeros((len(scores), len(candidates)), np.float32)
    filled = candidates.lengths > 0
    if filled.any():
        out[:, filled] = np.maximum.reduceat(scores, candidates.offsets[:-1][filled], axis=1)
    return np.where(out > 0, out, np.float32(1.0))


def _with_sources(ranked: Recommendations, fused: Fused, names: tuple[str, ...]) -> Recommendations:
    """Name the source that carried each entry most."""
    places = np.searchsorted(fused.candidates.keys, ranked.lists.keys)
    carrier = fused.parts[:, places].argmax(axis=0).astype(np.int8)
    return Recommendations(ranked.offsets, ranked.items, ranked.scores, carrier, names)


def _strongest_facts(names: tuple[str, ...], values: NDArray[np.float32]) -> Facts:
    """The three features with the largest values either way; what all candidates share is no reason."""
    own = [place for place, name in enumerate(names) if name != BASE]
    order = sorted(own, key=lambda place: -abs(values[place]))[:3]
    return tuple((f"{RANKER}:{names[place]}", float(values[place])) for place in order)


def _told(
    sources: tuple[Recommender, ...], carriers: Longs, request: Requests, items: Ints
) -> list[Evidence]:
    """What the source that carries each item says of it; each source is asked once for all of its own."""
    told = [Evidence("")] * len(items)
    for who, source in enumerate(sources):
        own = np.flatnonzero(carriers == who)
        if not len(own):
            continue
        explain = getattr(source, "explain", None)  # by name, as `says_all` does
        said = (Evidence(source.name),) * len(own) if explain is None else explain(request, items[own])
        for place, evidence in zip(own.tolist(), said, strict=True):
            told[place] = evidence
    return told
