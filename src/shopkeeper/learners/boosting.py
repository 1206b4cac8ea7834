"""Boosted trees that rank, tell yes from no, or tell amounts: a thin, typed face over LightGBM.

Ke et al. 2017, "LightGBM: a highly efficient gradient boosting decision tree"; ranking by LambdaMART (Burges
2010, "From RankNet to LambdaRank to LambdaMART").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools, Floats, Longs
from shopkeeper.learners.tree_tables import TreeTables

if TYPE_CHECKING:
    from lightgbm import Booster

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BoostingConfig:
    """How trees are grown.

    Attributes
    ----------
    trees
        How many.
    rate
        How much each tree counts.
    leaves
        Most leaves a tree.
    least_in_leaf
        Fewest rows in a leaf.
    share_of_features, share_of_rows
        Drawn for each tree.
    shrink
        L2 penalty on the values of leaves.
    truncation
        Of ranking: pairs count where one of them stands above this rank.
    threads
        Used while growing; predicting uses one.
    seed
        Of everything drawn.
    """

    trees: int = 100
    rate: float = 0.08
    leaves: int = 8
    least_in_leaf: int = 100
    share_of_features: float = 0.6
    share_of_rows: float = 0.7
    shrink: float = 5.0
    truncation: int = 20
    threads: int = 2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Grouped:
    """Rows of several groups, one after another, and which of them are right.

    Attributes
    ----------
    matrix
        Rows x features, NaN for what is not known.
    right
        Shape ``(n_rows,)``.
    sizes
        Rows of each group, shape ``(n_groups,)``.
    """

    matrix: Matrix
    right: Bools
    sizes: Longs


class _Trees:
    """Grown trees, whatever they were grown for."""

    _objective: ClassVar[dict[str, Any]]

    def __init__(self, config: BoostingConfig | None = None) -> None:
        self.config = config or BoostingConfig()
        self._text: str | None = None

    def predict(self, matrix: Matrix) -> Floats:
        """What the trees' values of each row sum to; see the class."""
        if self._tables is not None:
            return self._tables.predict(matrix).astype(np.float32)
        return np.asarray(self._booster.predict(matrix, raw_score=True, **_FAST), np.float32)

    def contributions(self, matrix: Matrix) -> Matrix:
        """SHAP value of each feature for each row, rows x (features + 1); the last is what all rows share.

        Each row sums to its prediction. Lundberg et al. 2020, "From local explanations to global
        understanding with explainable AI for trees".
        """
        return np.asarray(self._booster.predict(matrix, pred_contrib=True, **_FAST), np.float32)

    @property
    def gains(self) -> dict[str, float]:
        """Total gain of all splits on each feature."""
        gain = self._booster.feature_importance("gain")
        return dict(zip(self._booster.feature_name(), gain.tolist(), strict=True))

    def save(self, path: Path) -> None:
        """Write LightGBM's own text form."""
        path.write_text(self._fitted, encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; for predicting, not for growing further."""
        trees = cls()
        trees._text = path.read_text(encoding="utf-8")
        return trees

    @property
    def _fitted(self) -> str:
        if self._text is None:
            raise RuntimeError("The trees were not grown.")
        return self._text

    @cached_property
    def _tables(self) -> TreeTables | None:
        return TreeTables.of_text(self._fitted)

    @cached_property
    def _booster(self) -> "Booster":
        """Made when it is first asked for: what only predicts from tables does without LightGBM."""
        import lightgbm as lgb

        return lgb.Booster(model_str=self._fitted)

    def _grow(
        self,
        matrix: Matrix,
        told: Floats,
        names: Sequence[str],
        categorical: Sequence[str],
        *,
        sizes: Longs | None = None,
        weights: Floats | None = None,
        rising: Longs | None = None,
    ) -> None:
        import lightgbm as lgb

        bound = {} if rising is None else {"monotone_constraints": rising.tolist()}

        data = lgb.Dataset(
            matrix,
            told,
            group=sizes,
            weight=weights,
            feature_name=list(names),
            categorical_feature=list(categorical),
            params=self._parameters() | bound,
        )
        self.__dict__.pop("_tables", None)
        self.__dict__.pop("_booster", None)
        self._text = lgb.train(self._parameters() | bound, data, self.config.trees).model_to_string()

    def _parameters(self) -> dict[str, Any]:
        config = self.config
        return {
            **self._objective,
            "learning_rate": config.rate,
            "num_leaves": config.leaves,
            "min_data_in_leaf": config.least_in_leaf,
            "feature_fraction": config.share_of_features,
            "bagging_fraction": config.share_of_rows,
            "bagging_freq": 1,
            "lambda_l2": config.shrink,
            "max_bin": 63,
            "num_threads": config.threads,
            "seed": config.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


class RankingTrees(_Trees):
    """Trees that put right rows above wrong ones of the same group.

    Predictions are higher for better rows; only differences within a group mean anything.
    """

    _objective: ClassVar[dict[str, Any]] = {"objective": "lambdarank", "bagging_by_query": True}

    def fit(
        self,
        rows: Grouped,
        names: Sequence[str],
        categorical: Sequence[str] = (),
        rising: Longs | None = None,
    ) -> Self:
        """Grow trees.

        Parameters
        ----------
        rows
            What to learn from; no group may have more than 10,000 rows.
        names
            Of the columns.
        categorical
            Names of columns that hold codes.
        rising
            For each column: 1 where predictions may only rise with it, -1 where only fall, 0 where they are
            free; None leaves all free.
        """
        right = rows.right.astype(np.float32)
        self._grow(rows.matrix, right, names, categorical, sizes=rows.sizes, rising=rising)
        return self

    def _parameters(self) -> dict[str, Any]:
        return super()._parameters() | {"lambdarank_truncation_level": self.config.truncation}


class BinaryTrees(_Trees):
    """Trees that tell yes from no; predictions are log-odds."""

    _objective: ClassVar[dict[str, Any]] = {"objective": "binary"}

    def fit(
        self,
        matrix: Matrix,
        truth: Bools,
        names: Sequence[str],
        categorical: Sequence[str] = (),
        weights: Floats | None = None,
    ) -> Self:
        """Grow trees.

        Parameters
        ----------
        matrix
            Rows x features, NaN for what is not known.
        truth
            Shape ``(n_rows,)``.
        names
            Of the columns.
        categorical
            Names of columns that hold codes.
        weights
            How much each row counts; equally where None.
        """
        self._grow(matrix, truth.astype(np.float32), names, categorical, weights=weights)
        return self


class AmountTrees(_Trees):
    """Trees that tell amounts, many of them zero; predictions are logarithms of the expected amount.

    By the Tweedie distribution (Jorgensen 1987, Exponential dispersion models), between counts and amounts.
    """

    _objective: ClassVar[dict[str, Any]] = {"objective": "tweedie", "tweedie_variance_power": 1.5}

    def fit(self, matrix: Matrix, amounts: Floats, names: Sequence[str]) -> Self:
        """Grow trees on rows of ``matrix`` and amounts, not negative, of shape ``(n_rows,)``."""
        self._grow(matrix, amounts, names, ())
        return self


class NumberTrees(_Trees):
    """Trees that tell numbers of any sign by least squares; predictions are expected numbers."""

    _objective: ClassVar[dict[str, Any]] = {"objective": "regression"}

    def fit(
        self, matrix: Matrix, numbers: Floats, names: Sequence[str], categorical: Sequence[str] = ()
    ) -> Self:
        """Grow trees on rows and numbers of shape ``(n_rows,)``; ``categorical`` hold codes."""
        self._grow(matrix, numbers, names, categorical)
        return self


_FAST: dict[str, Any] = {"num_threads": 1, "predict_disable_shape_check": True}
"""A request has few rows: starting threads would cost more than they save."""
