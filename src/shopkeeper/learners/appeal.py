"""How appealing things are to those who look at them, learned from showings: places are looked at unevenly.

What is shown is taken if it is looked at and found worth it, and whether it is looked at depends on its place
alone: the position-based click model (Craswell et al., An experimental comparison of click position-bias
models, WSDM 2008), here with trees for the appeal. A miss speaks against the appeal as far as the place was
looked at then,

    P(looked | missed) = l (1 - a) / (1 - l a),

with ``l`` the chance that the place is looked at and ``a`` the appeal: expectation maximisation (Wang et al.,
Position bias estimation for unbiased learning to rank in personal search, WSDM 2018). ``l`` is told by the
quasi-likelihood instead, takings over expected appeal, drawn towards a belief; see `examination` for why. The
first place counts as always looked at: only ratios can be known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from shopkeeper.core.types import Bools, Doubles, Longs
from shopkeeper.learners.boosting import BinaryTrees, BoostingConfig, Matrix

ROUNDS: Final = 3
"""Of trees, each with what the last ones say of places and misses."""
_BELIEF: Final = 5.0
"""How many takings a belief about a place is worth."""


@dataclass(frozen=True, slots=True)
class Appeal:
    """What showings taught.

    Attributes
    ----------
    trees
        Log-odds of being taken when looked at.
    looked
        Shape ``(n_places,)``: chance that a place is looked at.
    """

    trees: BinaryTrees
    looked: Doubles


def learn_appeal(
    matrix: Matrix,
    place: Longs,
    taken: Bools,
    belief: Doubles,
    names: Sequence[str],
    categorical: Sequence[str] = (),
    config: BoostingConfig | None = None,
) -> Appeal:
    """Trees for the appeal, and how far places are looked at.

    Parameters
    ----------
    matrix
        Showings x features, NaN for what is not known.
    place, taken
        Of each showing.
    belief
        Shape ``(n_places,)``: belief before about the chance that a place is looked at; 1 for the first.
    names, categorical
        Of the columns, and of those that hold codes.
    config
        How trees are grown.
    """
    looked = belief
    appeal = np.full(len(taken), min(taken.sum() / max(looked[place].sum(), 1.0), 0.9))
    for _ in range(ROUNDS):
        looked = _looked(place, taken, appeal, belief)
        chance = looked[place]
        weights = np.where(taken, 1.0, chance * (1.0 - appeal) / (1.0 - chance * appeal))
        trees = BinaryTrees(config).fit(matrix, taken, names, categorical, weights.astype(np.float32))
        appeal = np.clip(expit(trees.predict(matrix).astype(np.float64)), 1e-6, 1.0 - 1e-6)
    return Appeal(trees, looked)


def _looked(place: Longs, taken: Bools, appeal: Doubles, belief: Doubles) -> Doubles:
    """Takings of each place over what its items would be taken there were all looked at."""
    took = np.bincount(place[taken], minlength=len(belief)) + _BELIEF * belief
    hoped = np.bincount(place, appeal, len(belief)) + _BELIEF
    found = took / hoped
    return np.asarray(np.clip(found / found[0], 1e-3, 1.0))
