"""A second stage: trees that put the candidates of all sources in order.

What they look at: what each source said and how it ranked the candidate, the item's sales, age and price,
what the person did with it, how the last events lead to it, and who asks when (`features.candidates`).
"""

from dataclasses import asdict, dataclass, field
from itertools import compress
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import Bools, Floats, Longs, Ragged, Requests, ragged_positions
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases
from shopkeeper.features.candidates import CandidateFeatures
from shopkeeper.features.items import ItemTable
from shopkeeper.learners.boosting import BoostingConfig, Grouped, Matrix, RankingTrees
from shopkeeper.recommenders.cooccurrence import Cooccurrence, CooccurrenceConfig
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.select import contains

BASE: Final = "base"
"""What all candidates share, beside the names of features in `Contributions`."""
_TREES: Final = "trees.txt"
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
    depth
        Strongest candidates of each case that are learned from. Answers further down are not: all that would
        be learned is that only answers stand there.
    rows
        Most rows to learn from: cases are drawn where there are more.
    """

    boosting: BoostingConfig = field(default_factory=BoostingConfig)
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
        self._trees: RankingTrees | None = None
        self._layouts: dict[tuple[str, ...], Longs] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Features that the trees look at; empty before `learn`."""
        return self._names

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

    def learn(self, *lessons: Lesson) -> Self:
        """Grow trees from all lessons together."""
        self._trees, self._names, self._layouts = None, (), {}
        most = max(_FEWEST, self.config.rows // self.config.depth // max(len(lessons), 1))
        taught = [self._taught(lesson, most) for lesson in lessons]
        if sum(len(rows.sizes) for rows in taught) < _FEWEST:
            return self
        matrix = np.concatenate([rows.matrix for rows in taught])
        changing = _changing(matrix)
        self._names = tuple(compress(self._known_names(lessons[0].signals.names), changing))
        data = Grouped(
            np.ascontiguousarray(matrix[:, changing]),
            np.concatenate([rows.right for rows in taught]),
            np.concatenate([rows.sizes for rows in taught]),
        )
        codes = [name for name in self._names if name in self._prepared.categorical]
        self._trees = RankingTrees(self.config.boosting).fit(data, self._names, codes)
        return self

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
        if self._trees is None or not len(candidates.items):
            return signals.fused
        if len(requests) <= _BATCH:
            return self._trees.predict(self._columns(requests, candidates, signals))
        found = []
        for start in range(0, len(requests), _BATCH):
            rows = np.arange(start, min(start + _BATCH, len(requests)))
            places, _ = ragged_positions(candidates.offsets, rows)
            found.append(self.score(requests.take(rows), candidates.take(rows), signals.take(places)))
        return np.concatenate(found)

    def contributions(
        self, request: Requests, candidates: Ragged, signals: Signals, places: Longs
    ) -> Contributions:
        """What each feature adds to the score of the candidates at some places, beside all the others.

        Without trees it is the blend's score alone.
        """
        if self._trees is None:
            return Contributions(("fused",), signals.fused[places, None])
        values = self._trees.contributions(self._columns(request, candidates, signals)[places])
        return Contributions((*self._names, BASE), values)

    def save(self, folder: Path) -> None:
        """Write trees as LightGBM text, tables as arrays, and settings into an empty folder."""
        features = self._prepared
        settings = {
            "config": asdict(self.config),
            "names": self._names,
            "kinds": features.items.kinds,
            "fields": features.fields,
            "grown": self._trees is not None,
        }
        arrays = {"items": features.items.columns, "codes": features.items.codes}
        write_state(folder, settings, **arrays, **matrix_arrays(features.neighbours))
        if self._trees is not None:
            self._trees.save(folder / _TREES)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        config = settings["config"]
        ranker = cls(RankerConfig(**{**config, "boosting": BoostingConfig(**config["boosting"])}))
        items = ItemTable(arrays["items"], tuple(settings["kinds"]), arrays["codes"])
        ranker._features = CandidateFeatures(items, matrix_of(arrays), tuple(settings["fields"]))
        ranker._names = tuple(settings["names"])
        ranker._trees = RankingTrees.load(folder / _TREES) if settings["grown"] else None
        return ranker

    @property
    def _prepared(self) -> CandidateFeatures:
        if self._features is None:
            raise RuntimeError("prepare comes first.")
        return self._features

    def _taught(self, lesson: Lesson, most: int) -> Grouped:
        """All columns of the strongest candidates of cases, at most so many, with an answer among them."""
        cases, candidates, signals = lesson.cases, lesson.candidates, lesson.signals
        right = contains(cases.truth, candidates)
        near = ranks(candidates, signals.fused[None])[0] < self.config.depth
        kept = self._drawn(np.unique(candidates.rows[right & near]), most)
        places, _ = ragged_positions(candidates.offsets, kept)
        # Ranks are among all that will be shown, not among those that are learned from.
        said = _said(candidates.take(kept), signals.take(places))[near[places]]
        places = places[near[places]]
        shown = _among(candidates, places, kept)
        matrix = np.hstack([said, *self._prepared.blocks(cases.requests.take(kept), shown)])
        return Grouped(matrix, right[places], shown.lengths)

    def _drawn(self, rows: Longs, most: int) -> Longs:
        """As many of these cases as there is room for."""
        if len(rows) <= most:
            return rows
        rng = np.random.default_rng(self.config.boosting.seed)
        return np.sort(rng.choice(rows, most, replace=False))

    def _columns(self, requests: Requests, candidates: Ragged, signals: Signals) -> Matrix:
        """The columns that the trees look at; NaN for one that is no longer known."""
        unknown = np.full((len(candidates.items), 1), np.nan, np.float32)
        blocks = self._prepared.blocks(requests, candidates)
        matrix = np.hstack([_said(candidates, signals), *blocks, unknown])
        return matrix.take(self._places(signals.names), axis=1)

    def _known_names(self, sources: tuple[str, ...]) -> tuple[str, ...]:
        said = (*sources, "fused")
        return ("sources", *said, *(f"{name}_rank" for name in said), *self._prepared.names)

    def _places(self, sources: tuple[str, ...]) -> Longs:
        """Column of each feature of the trees among all; one past the last where it is no longer known."""
        if sources not in self._layouts:
            known = self._known_names(sources)
            place = {name: column for column, name in enumerate(known)}
            self._layouts[sources] = np.array([place.get(name, len(known)) for name in self._names], np.int64)
        return self._layouts[sources]


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
    return np.concatenate([named[None], scores + silent, ranks(candidates, scores) + silent]).T


def _among(candidates: Ragged, places: Longs, rows: Longs) -> Ragged:
    """The candidates at rising places, which all belong to ``rows``, a row of the result each."""
    owner = candidates.rows[places]
    offsets = np.append(np.searchsorted(owner, rows), len(places)).astype(np.int64)
    return Ragged(offsets, candidates.items[places])


def _changing(matrix: Matrix) -> Bools:
    """Columns that hold more than one value, unknown being one."""
    first = matrix[:1]
    return np.asarray(((matrix != first) & ~(np.isnan(matrix) & np.isnan(first))).any(axis=0))
