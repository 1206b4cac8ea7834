"""A second stage: trees that put the candidates of all sources in order.

What they look at: what each source said and how it ranked the candidate, the item's sales, age and price,
what the person did with it, how the last events lead to it, and who asks when (`features.candidates`).

Where people come back to what they know, that decides every list, and trees learn little else. Others, grown
from questions about news alone, then say which new item takes which of the places that the first leave to
news. They share that with the blend's own weights, as equals, and may only think better of what a source or
sales speak for: trees free to know what was taken in one month lose to the weights in the next.

What people did without help is one teacher. Where a decision log tells what they were shown and left, that is
another, and a better one: what was never shown counts as neither right nor wrong (`learn_shown`).
"""

from dataclasses import asdict, dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import Bools, Doubles, Floats, Longs, Ragged, Requests, ragged_positions
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases
from shopkeeper.features.candidates import CandidateFeatures
from shopkeeper.features.items import ItemTable
from shopkeeper.learners.appeal import learn_appeal
from shopkeeper.learners.boosting import BinaryTrees, BoostingConfig, Grouped, Matrix, RankingTrees
from shopkeeper.recommenders.cooccurrence import Cooccurrence, CooccurrenceConfig
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.select import contains

BASE: Final = "base"
"""What all candidates share, beside the names of features in `Contributions`."""
_TREES: Final = ("trees.txt", "trees_of_news.txt")
_BATCH: Final = 256
"""Requests whose columns are built at once."""
_NEIGHBOURS: Final = CooccurrenceConfig(neighbours=100)
_FEWEST: Final = 100
"""Cases with an answer among their candidates from which on trees are grown."""


@dataclass(frozen=True, slots=True)
class RankerConfig:
    """What trees are grown from, and how.

    Attributes
    ----------
    boosting
        How trees are grown.
    news
        How those of news are grown: more slowly, for a month says little of the next.
    depth
        Strongest candidates of each case that are learned from. Answers further down are not: all that would
        be learned is that only answers stand there.
    rows
        Most rows to learn from: cases are drawn where there are more.
    """

    boosting: BoostingConfig = field(default_factory=BoostingConfig)
    news: BoostingConfig = field(
        default_factory=lambda: BoostingConfig(trees=60, rate=0.05, least_in_leaf=400)
    )
    depth: int = 60
    rows: int = 300_000


@dataclass(frozen=True, slots=True)
class Signals:
    """What the sources of a blend said about candidates.

    Attributes
    ----------
    names
        The sources, in order.
    scaled
        Sources x candidates: score relative to the best score of that source for that request, 0 where it has
        nothing to say.
    fused
        The blend's own linear score of each candidate.
    """

    names: tuple[str, ...]
    scaled: NDArray[np.float32]
    fused: Floats

    def take(self, places: Longs) -> "Signals":
        """What was said about these candidates."""
        return Signals(self.names, self.scaled[:, places], self.fused[places])


@dataclass(frozen=True, slots=True)
class Lesson:
    """What trees learn from.

    Attributes
    ----------
    cases
        Questions about a time that neither the sources nor `Ranker.prepare` have seen.
    candidates
        Of each case, by rising code.
    signals
        What the sources said about them.
    """

    cases: Cases
    candidates: Ragged
    signals: Signals


@dataclass(frozen=True, slots=True)
class ShownLesson:
    """What trees learn from what people were shown.

    Attributes
    ----------
    requests
        Of each answer, about a time that neither the sources nor `Ranker.prepare` have seen.
    candidates
        What the ranker would order there, by rising code.
    signals
        What the sources said about them.
    shown
        Places among the candidates of what was shown, rising.
    place, taken
        Of each of these: where it stood, and whether it was taken.
    belief
        See `learners.appeal.learn_appeal`.
    """

    requests: Requests
    candidates: Ragged
    signals: Signals
    shown: Longs
    place: Longs
    taken: Bools
    belief: Doubles


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each feature adds to the score of each candidate.

    Attributes
    ----------
    names
        The features, and last ``base``, which all candidates share.
    values
        Candidates x names, SHAP values; a row sums to the score.
    """

    names: tuple[str, ...]
    values: Matrix


class Ranker:
    """Puts candidates of a blend in order.

    Attributes
    ----------
    config
        What trees are grown from, and how.
    """

    def __init__(self, config: RankerConfig | None = None) -> None:
        self.config = config or RankerConfig()
        self._features: CandidateFeatures | None = None
        self._names: tuple[str, ...] = ()
        self._trees: tuple[RankingTrees | BinaryTrees, ...] = ()
        self._layouts: dict[tuple[str, ...], Longs] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Features that the trees look at; empty before `learn`."""
        return self._names

    @property
    def reads_looks(self) -> bool:
        """Whether the trees look at what people were shown."""
        return not set(self._prepared.of_looks).isdisjoint(self._names)

    def prepare(self, dataset: Dataset, similarity: sparse.csr_array | None = None) -> Self:
        """Take item statistics as of the end of a dataset; trees stay.

        Parameters
        ----------
        dataset
            Ends before the requests that will be asked.
        similarity
            Items x items: how strongly one leads to another, of the same making each time; None counts
            co-occurrence here.
        """
        if similarity is None:
            similarity = Cooccurrence(_NEIGHBOURS).fit(dataset).next_
        self._features = CandidateFeatures(ItemTable.of(dataset), similarity, dataset.attributes.fields)
        self._layouts = {}
        return self

    def learn(self, lesson: Lesson, about_news: Lesson | None = None) -> Self:
        """Grow trees; see the module for what those of news are for."""
        self._trees, self._names, self._layouts = (), (), {}
        taught = [self._taught(part) for part in (lesson, about_news) if part is not None]
        if len(taught[0].sizes) < _FEWEST:
            return self
        taught = [rows for rows in taught if len(rows.sizes) >= _FEWEST]
        changing = np.any([_changing(rows.matrix) for rows in taught], axis=0)
        self._names = tuple(compress(self._known_names(lesson.signals.names), changing))
        codes = [name for name in self._names if name in self._prepared.categorical]
        speaking = self._speaking(lesson.signals.names)[changing]
        ways = ((self.config.boosting, None), (self.config.news, speaking))
        self._trees = tuple(
            RankingTrees(boosting).fit(
                replace(rows, matrix=np.ascontiguousarray(rows.matrix[:, changing])),
                self._names,
                codes,
                rising,
            )
            for rows, (boosting, rising) in zip(taught, ways, strict=False)
        )
        return self

    def learn_shown(self, lesson: ShownLesson) -> Doubles:
        """Grow trees from what was shown and taken or left; how far each place is looked at."""
        said = _said(lesson.candidates, lesson.signals)[lesson.shown]
        rows = np.arange(len(lesson.candidates))
        shown = _among(lesson.candidates, lesson.shown, rows)
        matrix = np.hstack([said, *self._prepared.blocks(lesson.requests, shown)])
        changing = _changing(matrix)
        self._layouts = {}
        self._names = tuple(compress(self._known_names(lesson.signals.names), changing))
        codes = [name for name in self._names if name in self._prepared.categorical]
        appeal = learn_appeal(
            np.ascontiguousarray(matrix[:, changing]),
            lesson.place,
            lesson.taken,
            lesson.belief,
            self._names,
            codes,
            self.config.boosting,
        )
        self._trees = (appeal.trees,)
        return appeal.looked

    def score(self, requests: Requests, candidates: Ragged, signals: Signals) -> Floats:
        """Score of each candidate, aligned with ``candidates.items``; higher is better.

        Scores compare within a request only. Before `learn`, or where that had too little to learn from, they
        are the blend's own.

        Parameters
        ----------
        requests
            The questions.
        candidates
            Of each request, distinct, by rising code.
        signals
            What the sources said about them.
        """
        if not self._trees or not len(candidates.items):
            return signals.fused
        if len(requests) <= _BATCH:
            columns = self._columns(requests, candidates, signals)
            return self._predicted(requests, candidates, columns, signals.fused)
        found = []
        for start in range(0, len(requests), _BATCH):
            rows = np.arange(start, min(start + _BATCH, len(requests)))
            places, _ = ragged_positions(candidates.offsets, rows)
            found.append(self.score(requests.take(rows), candidates.take(rows), signals.take(places)))
        return np.concatenate(found)

    def contributions(
        self, request: Requests, candidates: Ragged, signals: Signals, places: Longs
    ) -> Contributions:
        """What each feature adds to what the trees of its sort say of the candidates at some places.

        Without trees it is the blend's score alone.
        """
        if not self._trees:
            return Contributions(("fused",), signals.fused[places, None])
        columns = self._columns(request, candidates, signals)[places]
        values = self._trees[0].contributions(columns)
        new = ~contains(request.histories.known, candidates)[places]
        if len(self._trees) > 1 and new.any():
            values[new] = self._trees[1].contributions(columns[new])
        return Contributions((*self._names, BASE), values)

    def save(self, folder: Path) -> None:
        """Write trees as LightGBM text, tables as arrays, and settings into an empty folder."""
        features = self._prepared
        settings = {
            "config": asdict(self.config),
            "names": self._names,
            "kinds": features.items.kinds,
            "fields": features.fields,
            "grown": len(self._trees),
        }
        arrays = {"items": features.items.columns, "codes": features.items.codes}
        write_state(folder, settings, **arrays, **matrix_arrays(features.neighbours))
        for trees, name in zip(self._trees, _TREES, strict=False):
            trees.save(folder / name)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        config = settings["config"]
        grown = {name: BoostingConfig(**config[name]) for name in ("boosting", "news") if name in config}
        ranker = cls(RankerConfig(**{**config, **grown}))
        items = ItemTable(arrays["items"], tuple(settings["kinds"]), arrays["codes"])
        ranker._features = CandidateFeatures(items, matrix_of(arrays), tuple(settings["fields"]))
        ranker._names = tuple(settings["names"])
        ranker._trees = tuple(RankingTrees.load(folder / name) for name in _TREES[: settings["grown"]])
        return ranker

    @property
    def _prepared(self) -> CandidateFeatures:
        if self._features is None:
            raise RuntimeError("prepare comes first.")
        return self._features

    def _predicted(self, requests: Requests, candidates: Ragged, columns: Matrix, fused: Floats) -> Floats:
        """What the trees say; what those of all said of news is handed out anew; see the module."""
        scores = self._trees[0].predict(columns)
        new = np.flatnonzero(~contains(requests.histories.known, candidates))
        if len(self._trees) > 1 and len(new):
            rows = candidates.rows[new]
            order = _together(rows, fused[new], self._trees[1].predict(columns[new]))
            scores[new[np.lexsort((-order, rows))]] = scores[new[np.lexsort((-scores[new], rows))]]
        return scores

    def _taught(self, lesson: Lesson) -> Grouped:
        """All columns of the strongest candidates of cases that have an answer among them."""
        cases, candidates, signals = lesson.cases, lesson.candidates, lesson.signals
        right = contains(cases.truth, candidates)
        near = ranks(candidates, signals.fused[None])[0] < self.config.depth
        kept = self._drawn(np.unique(candidates.rows[right & near]))
        places, _ = ragged_positions(candidates.offsets, kept)
        # Ranks are among all that will be shown, not among those that are learned from.
        said = _said(candidates.take(kept), signals.take(places))[near[places]]
        places = places[near[places]]
        shown = _among(candidates, places, kept)
        matrix = np.hstack([said, *self._prepared.blocks(cases.requests.take(kept), shown)])
        return Grouped(matrix, right[places], shown.lengths)

    def _drawn(self, rows: Longs) -> Longs:
        """As many of these cases as there is room for."""
        most = max(_FEWEST, self.config.rows // self.config.depth)
        if len(rows) <= most:
            return rows
        rng = np.random.default_rng(self.config.boosting.seed)
        return np.sort(rng.choice(rows, most, replace=False))

    def _columns(self, requests: Requests, candidates: Ragged, signals: Signals) -> Matrix:
        """The columns that the trees look at; NaN for one that is no longer known."""
        unknown = np.full((1, len(candidates.items)), np.nan, np.float32)
        blocks = self._prepared.blocks(requests, candidates)
        # Columns lie side by side in memory, as the trees look at them.
        rows = np.concatenate([part.T for part in (_said(candidates, signals), *blocks)] + [unknown])
        return rows.take(self._places(signals.names), axis=0).T

    def _known_names(self, sources: tuple[str, ...]) -> tuple[str, ...]:
        said = (*sources, "fused")
        return ("sources", *said, *(f"{name}_rank" for name in said), *self._prepared.names)

    def _speaking(self, sources: tuple[str, ...]) -> Longs:
        """Which columns speak for a candidate as they rise, 1, which as they fall, -1, and the others, 0."""
        said = {*sources, "fused", "sources"}
        ways = [
            1 if name in said or name.startswith("sales") else -1 if name.removesuffix("_rank") in said else 0
            for name in self._known_names(sources)
        ]
        return np.array(ways, np.int64)

    def _places(self, sources: tuple[str, ...]) -> Longs:
        """Column of each feature of the trees among all; one past the last where it is no longer known."""
        if sources not in self._layouts:
            known = self._known_names(sources)
            place = {name: column for column, name in enumerate(known)}
            self._layouts[sources] = np.array([place.get(name, len(known)) for name in self._names], np.int64)
        return self._layouts[sources]


def _together(rows: Longs, fused: Floats, told: Floats) -> Floats:
    """Sums fused / best fused + exp(told - best told), rows rising, bests of the row."""
    firsts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    lengths = np.diff(np.append(firsts, len(rows)))
    best_fused, best_told = (np.maximum.reduceat(said, firsts).repeat(lengths) for said in (fused, told))
    weighed = fused / np.where(best_fused > 0, best_fused, np.float32(1.0))
    return np.asarray(weighed + np.exp(told - best_told))


def ranks(candidates: Ragged, scores: NDArray[np.float32]) -> Longs:
    """Place of each candidate among those of its row by each of several scores, 0 for the highest.

    ``scores`` and the result are scores x candidates; equal scores stand by their order.
    """
    n, width = len(candidates), int(candidates.lengths.max(initial=0))
    even = n * width == scores.shape[1]
    rows = candidates.rows
    inside = np.arange(len(rows)) - candidates.offsets[rows]
    if even:
        table = -scores.reshape(len(scores), n, width)
    else:
        table = np.full((len(scores), n, width), np.inf, np.float32)
        table[:, rows, inside] = -scores
    place = table.argsort(axis=-1, kind="stable").argsort(axis=-1)
    return place.reshape(scores.shape) if even else place[:, rows, inside]


def _said(candidates: Ragged, signals: Signals) -> Matrix:
    """How many sources name a candidate, what each said, and how each ranks it; NaN where it said nothing."""
    scores = np.concatenate([signals.scaled, signals.fused[None]])
    silent = np.where(scores > 0, np.float32(0.0), np.float32(np.nan))
    named = (signals.scaled > 0).sum(axis=0, dtype=np.float32)
    return np.concatenate(
        [named[None], scores + silent, ranks(candidates, scores).astype(np.float32) + silent]
    ).T


def _among(candidates: Ragged, places: Longs, rows: Longs) -> Ragged:
    """The candidates at rising places, which all belong to ``rows``, a row of the result each."""
    owner = candidates.rows[places]
    offsets = np.append(np.searchsorted(owner, rows), len(places)).astype(np.int64)
    return Ragged(offsets, candidates.items[places])


def _changing(matrix: Matrix) -> Bools:
    """Columns that hold more than one value, unknown being one."""
    first = matrix[:1]
    return np.asarray(((matrix != first) & ~(np.isnan(matrix) & np.isnan(first))).any(axis=0))
