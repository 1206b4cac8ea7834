"""What follows from everything done lately, with what other items explain already taken out.

B and the three ways to it are in `learners.linear`; it is W of `item_rows`. Steck (2019) has all events speak
alike; decay is worth a fifth where order matters. A sum below 0 says nothing.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Longs
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.linear import Form, Problem, choose_form, forms, solve, stacked, strongest
from shopkeeper.learners.pairs import Kernel, count_pairs
from shopkeeper.learners.past import past_of
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.item_rows import ItemRows

_FOLLOWERS = 300
"""Entries of a row of C that are used, the strongest."""


@dataclass(frozen=True, slots=True)
class LinearConfig:
    """What is learned, how it is solved, and how a history is read.

    Attributes
    ----------
    ordered
        Whether to learn what came next, by ``reach``, ``tau`` and ``symmetry`` as in co-occurrence; if not,
        what goes together (EASE).
    reach, tau, symmetry
        Most events between two that count as a pair, distance at which a pair counts 1/e, and how much a
        pair counts backwards.
    ridge
        Strength of the penalty relative to what an average item has.
    recency
        Weight of an event relative to the one after it, above 0 and at most 1.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    neighbours
        Most items kept for each item.
    form
        One of `learners.linear`; empty takes the cheapest exact one within ``seconds`` and ``megabytes``,
        or else the local one.
    seconds, megabytes
        What an exact form may cost.
    candidates
        Items that may speak for one in the local form.
    """

    ordered: bool = True
    reach: int = 20
    tau: float = 6.0
    symmetry: float = 0.3
    ridge: float = 8.0
    recency: float = 0.65
    seen: float = 1.0
    neighbours: int = 100
    form: str = ""
    seconds: float = 20.0
    megabytes: float = 2000.0
    candidates: int = 32


class Linear(ItemRows):
    """What follows from the history, each item speaking only for what the others do not say.

    Attributes
    ----------
    form_
        How it was solved, and what that was expected to cost.
    """

    name: ClassVar[str] = "linear"
    config: LinearConfig

    def __init__(self, config: LinearConfig | None = None) -> None:
        self.config = config or LinearConfig()
        self.form_ = Form("", 0.0, 0.0)
        self._take_nothing()

    def fit(self, dataset: Dataset) -> Self:
        """Count what follows what, and solve."""
        return self.fit_parts(dataset, *self.parts(dataset))

    def parts(self, dataset: Dataset) -> tuple[sparse.csr_array, sparse.csr_array | None]:
        """X and C, for trials that share them."""
        following = None
        if self.config.ordered:
            kernel = Kernel(self.config.reach, self.config.tau, self.config.symmetry, dataset.weights)
            following = _following(dataset, kernel)
        return past_of(dataset), following

    def fit_parts(self, dataset: Dataset, past: sparse.csr_array, following: sparse.csr_array | None) -> Self:
        """Fit from what `parts` gave."""
        config = self.config
        items = np.flatnonzero(dataset.popularity)
        past = past[:, items]
        past = past[np.diff(past.indptr) > 0]
        self.form_ = self._form(*past.shape, past.nnz)
        if following is not None:
            following = sparse.csr_array(following[items][:, items])
        problem = Problem(past, following, config.ridge, config.neighbours)
        found = solve(problem, self.form_.name, config.candidates)
        return self._take(_spread(found, items, dataset.n_items), dataset.weights)

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        settings = {"config": asdict(self.config), "form": asdict(self.form_)}
        write_state(folder, settings, weights=self.weights_, **matrix_arrays(self.matrix_))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(LinearConfig(**settings["config"]))
        model.form_ = Form(**settings["form"])
        return model._take(matrix_of(arrays), arrays["weights"])

    def _form(self, people: int, items: int, entries: int) -> Form:
        config = self.config
        if not config.form:
            return choose_form(people, items, entries, config.candidates, config.seconds, config.megabytes)
        found = {form.name: form for form in forms(people, items, entries, config.candidates)}
        return found[config.form]


def _following(dataset: Dataset, kernel: Kernel) -> sparse.csr_array:
    """C: pairs counted by order and distance, without pairs of an item with itself."""
    parts = []
    for low, block in count_pairs(dataset, kernel).parts():
        rows = sparse.csr_array(
            (block.data * np.float32(kernel.unit), block.indices, block.indptr), shape=block.shape
        )
        rows.data[rows.indices == low + np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))] = 0.0
        rows.eliminate_zeros()
        parts.append(strongest(rows, _FOLLOWERS))
    return stacked(parts, dataset.n_items)


def _spread(matrix: sparse.csr_array, items: Longs, n_items: int) -> sparse.csr_array:
    """The same entries over the whole catalogue."""
    indptr = np.zeros(n_items + 1, np.int32)
    indptr[items + 1] = np.diff(matrix.indptr)
    indices = items[matrix.indices].astype(np.int32)
    return sparse.csr_array(
        (matrix.data, indices, np.cumsum(indptr, dtype=np.int32)), shape=(n_items, n_items)
    )
