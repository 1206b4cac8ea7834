"""How sources are fused: weights and the learned ranker, from cases the sources were not fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools, Floats, Longs, Ragged
from shopkeeper.data.split import Cases
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.blend import DEPTH, KNOWN, NEW, POPULAR, TINY, UNTOUCHED, BlendConfig, Scaled
from shopkeeper.recommenders.select import contains

_ROUNDS = 4
_WORTH = 5e-4
"""Least relative gain for which a weight moves: less is noise."""
_FOLDS = 4
_LEAST = 0.03
_GRID: Final = (0.0, 0.02, 0.06, 0.15, 0.35, 0.7, 1.0, 1.7)
_FAINT = 0.01
"""Weight of news beside the largest for what is known, where all cases would rather give them none."""
_BATCH = 512
_HAIR: Final = 0.002
"""Share of NDCG, of all answers and of news, that sources which are left out may cost together."""
_ANY: Final = -1
"""In place of a sort of candidates: all of them."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What sources say of the candidates of cases: asked once, used by everything that learns from it.

    Attributes
    ----------
    cases
        The questions.
    batches
        What was said, for `_BATCH` cases each, in order.
    """

    cases: Cases
    batches: tuple[Scaled, ...]

    @classmethod
    def of(cls, sources: tuple[Recommender, ...], cases: Cases) -> Self:
        """Ask the sources."""
        found = []
        for start in range(0, len(cases), _BATCH):
            requests = cases.take(np.arange(start, min(start + _BATCH, len(cases)))).requests
            found.append(Scaled.of(sources, requests, DEPTH))
        return cls(cases, tuple(found))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sources."""
        return self.batches[0].names

    def hits(self) -> list[Bools]:
        """Which candidates of each batch are answers."""
        truth, starts = self.cases.truth, range(0, len(self.cases), _BATCH)
        rows = [
            np.arange(start, start + len(batch.candidates))
            for start, batch in zip(starts, self.batches, strict=True)
        ]
        return [
            contains(truth.take(part), batch.candidates)
            for part, batch in zip(rows, self.batches, strict=True)
        ]


def has_news(cases: Cases) -> Bools:
    """Which cases have an answer that the person does not know."""
    fresh = ~contains(cases.requests.histories.known, cases.truth)
    return np.asarray(np.bincount(cases.truth.rows[fresh], minlength=len(cases)) > 0)


def news(cases: Cases) -> Cases:
    """The same people asked for what they do not know: known items may not be answered and do not count."""
    known, truth = cases.requests.histories.known, cases.truth
    fresh = ~contains(known, truth)
    offsets = np.append(0, np.cumsum(fresh))[truth.offsets]
    asked = Cases(replace(cases.requests, exclude=known), Ragged(offsets, truth.items[fresh]))
    return asked.take(np.flatnonzero(asked.truth.lengths > 0))


def learn_weights(
    answers: Answers, about_news: Answers | None = None, k: int = 10, grid: Sequence[float] = _GRID
) -> BlendConfig:
    """Weights that serve NDCG@k.

    Coordinate ascent from the best single source over a grid that has 0 in it, on each of a few folds of the
    cases; the mean of the folds owes less to luck than one run over all. Should the mean be worse than one
    run over all cases, that run is taken: the result is never worse on these cases than any source alone.

    Where people come back to what they know, that decides the figure, and weights for news would be left to
    chance. They are then learned from answers about news alone, and all cases choose only how news as a whole
    stand against what is known: faintly at least, for a list of news alone needs their order.

    Parameters
    ----------
    answers
        Of sources with distinct names.
    about_news
        Answers to `news`; None where hardly anybody comes back.
    k
        Length of the list that counts.
    grid
        Weights to try for each source.
    """
    every = _Hits.of(answers, k)
    if not every.n_cases:
        return BlendConfig()
    singles = every.singles()
    single = max(map(every.value, singles))
    fresh = None if about_news is None else _Hits.of(about_news, k)
    of_news = _of_news(fresh, grid) if fresh is not None and fresh.n_cases else None
    if of_news is not None:
        weights = _ordered(_apart(every, of_news, grid), of_news)
        if every.value(weights) >= single:
            return _config(weights, answers.names)
    weights = every.learned(grid, singles)
    weights = weights if every.value(weights) >= single else every.ascend(grid, singles)
    return _config(weights if of_news is None else _ordered(weights, of_news), answers.names)


def _of_news(fresh: "_Hits", grid: Sequence[float]) -> Floats:
    """Weights for what is new to the person and to everybody, from cases about news, 2 x sources."""
    n = len(fresh.values)
    alone = np.eye(n, dtype=np.float32)
    found = replace(fresh, terms=_terms(n, NEW, UNTOUCHED)).learned(grid, list(np.hstack([alone, alone])))
    return found.reshape(2, n)


def _ordered(weights: Floats, of_news: Floats) -> Floats:
    """The same weights; where news count for nothing, they stand last, yet in their own order."""
    new, known, _ = weights.reshape(3, -1)
    if new.any():
        return weights
    faint_new, faint_untouched = np.float32(_FAINT) * (known.max() or np.float32(1.0)) * of_news
    return np.concatenate([faint_new, known, faint_untouched]).astype(np.float32)


def _apart(every: "_Hits", of_news: Floats, grid: Sequence[float]) -> Floats:
    """With these weights for news, those for what is known, and the balance, from all cases."""
    n = len(every.values)
    alone = np.eye(n, dtype=np.float32)
    new, untouched = of_news
    none = np.zeros(n, np.float32)
    together = every.scores(np.concatenate([new, none, untouched])) - every.base
    both = replace(
        every,
        values=np.concatenate([every.values, together[None]]),
        terms=((_ANY, n), *_terms(n, KNOWN)),
    )
    starts = [np.append(np.float32(balance), known) for balance in (0.0, 1.0) for known in alone]
    balance, *known = both.learned(grid, starts)
    return np.concatenate([balance * new, known, balance * untouched]).astype(np.float32)


def _terms(n: int, *sorts: int) -> tuple[tuple[int, int], ...]:
    """A term for each source on each of some sorts of candidates."""
    return tuple((sort, source) for sort in sorts for source in range(n))


def only(name: str) -> BlendConfig:
    """One source and nothing else."""
    return BlendConfig({name: 1.0}, {name: 1.0}, untouched={name: 1.0})


def frugal(
    config: BlendConfig, answers: Answers, about_news: Answers | None, dispensable: Sequence[str], k: int = 10
) -> BlendConfig:
    """The same without what helps by less than a hair: each source that is asked costs every request time.

    Parameters
    ----------
    config
        Weights.
    answers, about_news
        What they were learned from.
    dispensable
        Sources that may be left out, in the order in which that is tried.
    k
        Length of the list that counts.
    """
    parts = [_Hits.of(part, k) for part in (answers, about_news) if part is not None]
    parts = [part for part in parts if part.n_cases]
    floors = [(1.0 - _HAIR) * part.value(config.of(answers.names).ravel()) for part in parts]
    for name in dispensable:
        rest = config.without(name)
        weights = rest.of(answers.names).ravel()
        if all(part.value(weights) >= floor for part, floor in zip(parts, floors, strict=True)):
            config = rest
    return config


def value(answers: Answers, config: BlendConfig, k: int = 10) -> float:
    """Mean NDCG@k of the linear blend over all cases."""
    every = _Hits.of(answers, k)
    return every.value(config.of(answers.names).ravel()) if every.n_cases else 0.0


@dataclass(frozen=True)
class _Hits:
    """Cases with a hit among their candidates, in padded arrays, so that a trial is a few array operations.

    Attributes
    ----------
    total
        Number of all cases, those without a hit included.
    values
        Sources x cases x candidates: what each source says.
    sorts
        Cases x candidates: `NEW`, `KNOWN` or `UNTOUCHED`.
    terms
        Sort and source of each weight; `_ANY` for all sorts.
    base
        Cases x candidates: the last resort.
    row, place
        Case and candidate of each hit.
    ideal
        The best DCG each case allows.
    """

    k: int
    total: int
    values: NDArray[np.float32]
    sorts: NDArray[np.int8]
    terms: tuple[tuple[int, int], ...]
    base: Floats
    row: Longs
    place: Longs
    ideal: NDArray[np.float64]

    @property
    def n_cases(self) -> int:
        return len(self.ideal)

    @classmethod
    def of(cls, answers: Answers, k: int) -> Self:
        width = max(int(batch.candidates.lengths.max(initial=1)) for batch in answers.batches)
        parts = [
            _padded(batch, hit, width) for batch, hit in zip(answers.batches, answers.hits(), strict=True)
        ]
        values = np.concatenate([part[0] for part in parts], axis=1)
        sorts = np.concatenate([part[1] for part in parts])
        row, place = np.nonzero(np.concatenate([part[2] for part in parts]))
        base = TINY * values[answers.names.index(POPULAR) if POPULAR in answers.names else 0]
        asked = np.concatenate([part[3] + i * _BATCH for i, part in enumerate(parts)])
        wanted = answers.cases.truth.lengths[asked]
        ideal = np.cumsum(_gains(k))[np.minimum(wanted, k) - 1]
        terms = _terms(len(values), NEW, KNOWN, UNTOUCHED)
        return cls(k, len(answers.cases), values, sorts, terms, base, row, place, ideal)

    def fold(self, fold: int) -> Self:
        rows = np.arange(fold, self.n_cases, _FOLDS)
        inside = np.isin(self.row, rows)
        return replace(
            self,
            total=len(rows),
            values=self.values[:, rows],
            sorts=self.sorts[rows],
            base=self.base[rows],
            row=np.searchsorted(rows, self.row[inside]),
            place=self.place[inside],
            ideal=self.ideal[rows],
        )

    def singles(self) -> list[Floats]:
        """Each source alone, with and without what the person knows."""
        eye = np.eye(len(self.values), dtype=np.float32)
        return [*np.hstack([eye, eye, eye]), *np.hstack([eye, 0 * eye, eye])]

    def learned(self, grid: Sequence[float], starts: Sequence[Floats]) -> Floats:
        """Mean over folds of what ascent finds on each."""
        folds = [self.fold(fold) for fold in range(min(_FOLDS, self.n_cases))]
        return _mean([fold.ascend(grid, starts) for fold in folds if fold.n_cases])

    def ascend(self, grid: Sequence[float], starts: Sequence[Floats]) -> Floats:
        """From the best start, change one weight at a time while that helps."""
        value, weights = max(((self.value(start), start) for start in starts), key=lambda x: x[0])
        scores = self.scores(weights)
        for _ in range(_ROUNDS):
            before = value
            for place in range(len(weights)):
                value, weights, scores = self._along(place, value, weights, scores, grid)
            if value == before:
                break
        return weights

    def _along(
        self, place: int, value: float, weights: Floats, scores: Floats, grid: Sequence[float]
    ) -> tuple[float, Floats, Floats]:
        """The best that changing one weight gives."""
        term = self.term(place)
        if not term.any():
            return value, weights, scores
        best, step = value * (1.0 + _WORTH), 0.0
        for weight in grid:
            change = np.float32(weight - weights[place])
            found = self.ndcg(scores + change * term) if change else value
            if found > best:
                best, step = found, float(change)
        if not step:
            return value, weights, scores
        moved = weights.copy()
        moved[place] += step
        return best, moved, scores + np.float32(step) * term

    def term(self, place: int) -> Floats:
        """What one weight is times, cases x candidates."""
        sort, source = self.terms[place]
        values = self.values[source]
        return values if sort == _ANY else np.where(self.sorts == sort, values, np.float32(0.0))

    def scores(self, weights: Floats) -> Floats:
        scores = self.base.copy()
        for place in np.flatnonzero(weights):
            scores += weights[place] * self.term(int(place))
        return scores

    def value(self, weights: Floats) -> float:
        return self.ndcg(self.scores(weights))

    def ndcg(self, scores: Floats) -> float:
        """Mean NDCG@k; candidates with equal scores stand before a hit."""
        above = (scores[self.row] >= scores[self.row, self.place][:, None]).sum(axis=1) - 1
        gains = np.append(_gains(self.k), 0.0)[np.minimum(above, self.k)]
        return float((np.bincount(self.row, gains, self.n_cases) / self.ideal).sum() / self.total)


def _padded(
    batch: Scaled, hit: Bools, width: int
) -> tuple[NDArray[np.float32], NDArray[np.int8], Bools, Longs]:
    """Values, sorts and hits of those requests of a batch that have a hit, and which they are."""
    candidates = batch.candidates
    rows = candidates.rows
    kept_rows = np.unique(rows[hit])
    kept = np.isin(rows, kept_rows)
    row = np.searchsorted(kept_rows, rows[kept])
    place = (np.arange(len(rows)) - candidates.offsets[rows])[kept]
    values = np.zeros((len(batch.names), len(kept_rows), width), np.float32)
    values[:, row, place] = batch.values[:, kept]
    sorts = np.full((len(kept_rows), width), NEW, np.int8)
    sorts[row, place] = batch.sorts[kept]
    hits = np.zeros((len(kept_rows), width), bool)
    hits[row, place] = hit[kept]
    return values, sorts, hits, kept_rows


def _mean(found: Sequence[Floats]) -> Floats:
    """Mean of weights, each relative to its largest; what hardly weighs is left out.

    Weights that are all zero, where nothing beats the last resort, stay so.
    """
    mean = np.mean([weights / (weights.max() or 1.0) for weights in found], axis=0)
    return np.asarray(np.where(mean >= _LEAST * mean.max(), mean, 0.0), np.float32)


def _config(weights: Floats, names: tuple[str, ...]) -> BlendConfig:
    parts = np.round(weights.astype(np.float64), 6).reshape(3, -1).tolist()
    new, known, untouched = (dict(zip(names, part, strict=True)) for part in parts)
    return BlendConfig(new, known, untouched=untouched)


def _gains(k: int) -> NDArray[np.float64]:
    return np.asarray(1.0 / np.log2(np.arange(k) + 2.0))
