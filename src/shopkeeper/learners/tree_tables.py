"""Small trees as tables: one look-up a tree where walking down would take a step a level.

A tree of at most nine leaves asks at most eight questions. All are asked at once; the answers are the bits of
a number, and that number's leaf stands in a table. It is the idea of QuickScorer (Lucchese et al. 2015,
"QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees") for so few
leaves that no search is left.

Rows take a third of LightGBM's time or less. The sums are the same to the last bit, since they are added in
the same order.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools, Longs

Matrix = NDArray[np.float32]

_QUESTIONS: Final = 8
"""Most splits of a tree: the bits of one byte."""
_BITS: Final = (1 << np.arange(_QUESTIONS)).astype(np.uint8)[:, None, None]
_BATCH: Final = 512
"""Rows looked at at once: what is in between fits the caches."""
_CATEGORICAL, _LEFT, _MISSING_ZERO, _MISSING_NAN = 1, 2, 4, 8
"""Bits of LightGBM's ``decision_type``: a set of codes, unknown goes left, and what counts as unknown."""
_GOES_LEFT, _GOES_RIGHT, _IS_ZERO = range(3)
"""What a question takes NaN for."""


@dataclass(frozen=True, slots=True)
class TreeTables:
    """Trees of few leaves, ready to be asked.

    Attributes
    ----------
    rows
        Shape ``(questions * trees,)``: of the first question of each tree, then of the second ..., which row
        of the values it looks at; see `_values`. There are as many as the largest tree asks.
    thresholds
        Same shape: "left" is a value at most so large.
    leaves
        Shape ``(trees, 256)``: value of the leaf that each combination of answers leads to.
    sets, members
        Of questions about codes: the column of each, and which codes go left, questions x codes.
    """

    rows: Longs
    thresholds: Matrix
    leaves: NDArray[np.float64]
    sets: Longs
    members: Bools

    @classmethod
    def of_text(cls, text: str) -> Self | None:
        """Read LightGBM's text form, version 4; None where some tree is larger or of another kind."""
        head, *trees = text.split("\nTree=")
        parts = [_Tree.of_text(tree.split("\nend of trees")[0]) for tree in trees]
        if not all(tree.fits for tree in parts):
            return None
        width = int(head.split("max_feature_idx=")[1].split("\n")[0]) + 1
        sets = [(tree, split) for tree in range(len(parts)) for split in parts[tree].categorical]
        members = [parts[tree].codes(split) for tree, split in sets]
        known = np.zeros(
            (len(sets), 1 + max((int(codes.max(initial=0)) for codes in members), default=0)), bool
        )
        for row, codes in enumerate(members):
            known[row, codes] = True
        questions = max((len(part.features) for part in parts), default=0)
        rows = np.zeros((questions, len(parts)), np.int64)
        thresholds = np.full((questions, len(parts)), np.inf, np.float32)
        for tree, part in enumerate(parts):
            rows[: len(part.features), tree] = part.features + width * part.unknown
            thresholds[: len(part.features), tree] = part.thresholds
        for row, (tree, split) in enumerate(sets):
            rows[split, tree], thresholds[split, tree] = 3 * width + row, 0.0
        return cls(
            rows.ravel(),
            thresholds.reshape(-1, 1),
            np.stack([part.table() for part in parts]) if parts else np.zeros((0, 256)),
            np.array([parts[tree].features[split] for tree, split in sets], np.int64),
            known,
        )

    def predict(self, matrix: Matrix) -> NDArray[np.float64]:
        """Sum of the leaves that each row of a matrix, rows x features, falls into."""
        parts = [self._sums(matrix[low : low + _BATCH]) for low in range(0, len(matrix), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _sums(self, matrix: Matrix) -> NDArray[np.float64]:
        trees = len(self.leaves)
        questions = len(self.rows) // max(trees, 1)
        left = self._values(matrix).take(self.rows, axis=0) <= self.thresholds
        answers = left.view(np.uint8).reshape(questions, trees, len(matrix))
        answers *= _BITS[:questions]
        combination = np.bitwise_or.reduce(answers, axis=0).astype(np.int64)
        combination += np.arange(0, self.leaves.size, self.leaves.shape[1])[:, None]
        values = self.leaves.take(combination)
        # NumPy adds a single column in pairs, and all others in order.
        return np.asarray(values.sum(axis=0) if len(matrix) > 1 else values.cumsum(axis=0)[-1])

    def _values(self, matrix: Matrix) -> Matrix:
        """Columns as rows: NaN as what goes left, as what goes right, and as 0; then a row a set of codes."""
        columns = np.ascontiguousarray(matrix.T)
        unknown = np.isnan(columns)
        found = [np.where(unknown, np.float32(value), columns) for value in (-np.inf, np.inf, 0.0)]
        if len(self.sets):
            codes = np.nan_to_num(columns[self.sets], nan=-1.0, posinf=-1.0, neginf=-1.0).astype(np.int64)
            inside = (codes >= 0) & (codes < self.members.shape[1])
            member = self.members[np.arange(len(codes))[:, None], np.where(inside, codes, 0)] & inside
            found.append(np.where(member, np.float32(-1.0), np.float32(1.0)))
        return np.concatenate(found)


@dataclass(frozen=True, slots=True)
class _Tree:
    """One tree of LightGBM's text form: its lines by name."""

    lines: dict[str, str]

    @classmethod
    def of_text(cls, text: str) -> Self:
        return cls(dict(line.split("=", 1) for line in text.splitlines() if "=" in line))

    @property
    def fits(self) -> bool:
        """Whether its questions can be asked at once, and are of the kinds that are known here."""
        few = len(self.features) <= _QUESTIONS and self.lines["is_linear"] == "0"
        return few and not (self.kinds & _MISSING_ZERO).any()

    @property
    def features(self) -> Longs:
        return self._numbers("split_feature").astype(np.int64)

    @property
    def kinds(self) -> Longs:
        return self._numbers("decision_type").astype(np.int64)

    @property
    def categorical(self) -> list[int]:
        """Splits that ask for codes."""
        return np.flatnonzero(self.kinds & _CATEGORICAL).tolist()

    @property
    def unknown(self) -> Longs:
        """What each split takes NaN for."""
        side = np.where(self.kinds & _LEFT, _GOES_LEFT, _GOES_RIGHT)
        return np.where(self.kinds & _MISSING_NAN, side, _IS_ZERO).astype(np.int64)

    @property
    def thresholds(self) -> Matrix:
        """The largest float32 that still goes left: values are of that width."""
        exact = self._numbers("threshold")
        near = exact.astype(np.float32)
        return np.where(near > exact, np.nextafter(near, np.float32(-np.inf)), near)

    def codes(self, split: int) -> Longs:
        """Codes that go left at a split."""
        place = int(self._numbers("threshold")[split])
        bounds = self._numbers("cat_boundaries").astype(np.int64)
        words = self._numbers("cat_threshold").astype(np.uint32)[bounds[place] : bounds[place + 1]]
        return np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little"))

    def table(self) -> NDArray[np.float64]:
        """Value of the leaf that each combination of answers leads to, shape ``(256,)``."""
        values = self._numbers("leaf_value")
        answers = np.arange(1 << _QUESTIONS)
        left, right = (self._numbers(side).astype(np.int64) for side in ("left_child", "right_child"))
        node = np.zeros(len(answers), np.int64) if len(left) else np.full(len(answers), -1)
        for _ in range(len(left)):
            inner = node >= 0
            at = node[inner]
            node[inner] = np.where(answers[inner] >> at & 1, left[at], right[at])
        return np.asarray(values[~node])

    def _numbers(self, name: str) -> NDArray[np.float64]:
        return np.array(self.lines.get(name, "").split(), np.float64)
