"""What customers will spend within a horizon: boosted trees over what they did, and BG/NBD among it.

BG/NBD with Gamma-Gamma alone (`probabilistic`) is the rival, and what answers where the log is too short to
learn from.
"""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core.errors import TooLittleData
from shopkeeper.data.customer_log import CustomerLog
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.visits import FREQUENCY, MONETARY
from shopkeeper.learners.boosting import AmountTrees, BoostingConfig
from shopkeeper.learners.repeat_buying import GammaGamma
from shopkeeper.propensity.cuts import check_as_of, cut_offs
from shopkeeper.propensity.examples import COMING, Observed, Progress, gather, observe
from shopkeeper.propensity.labels import check_days, spent

Doubles = NDArray[np.float64]

_TREES: Final = BoostingConfig(
    trees=150, rate=0.06, leaves=8, least_in_leaf=60, share_of_features=0.4, share_of_rows=0.6, threads=1
)
_FEWEST_SPENDERS: Final = 50


def lifetime(log: CustomerLog, as_of: int, days: int, progress: Progress) -> tuple[pl.DataFrame, Doubles]:
    """Everybody who had bought before a moment, and what each is expected to spend within ``days`` from it.

    Returns
    -------
    Profiles (see `examples.Observed`) and amounts of shape ``(n,)``, before refunds.

    Raises
    ------
    InvalidRequest
        The horizon is out of bounds, or the log says nothing of the moment.
    """
    check_days("horizon", days)
    check_as_of(log, as_of, days)
    past = log.before(as_of)
    seen = observe(past, as_of, days)
    try:
        moments = cut_offs(past, as_of, days)
    except TooLittleData:
        return seen.profiles, probabilistic(seen)

    def tell(known: CustomerLog, moment: int, profiles: pl.DataFrame) -> NDArray[np.float32]:
        return np.asarray(spent(known, moment, days)[profiles[PERSON].to_numpy()])

    examples = gather(past, moments, days, tell, progress)
    if (examples.truth > 0).sum() < _FEWEST_SPENDERS:
        return seen.profiles, probabilistic(seen)
    trees = AmountTrees(_TREES).fit(examples.matrix, np.maximum(examples.truth, 0), examples.names)
    return seen.profiles, np.exp(trees.predict(seen.matrix).astype(np.float64))


def probabilistic(seen: Observed) -> Doubles:
    """Expected purchases by BG/NBD times their expected amount by Gamma-Gamma."""
    visits, mean = (seen.profiles[name].to_numpy() for name in (FREQUENCY, MONETARY))
    amount = GammaGamma.fit(visits, mean).amount(visits, np.maximum(mean, 0))
    return np.asarray(seen.profiles[COMING].to_numpy() * amount)
