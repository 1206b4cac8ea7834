"""What vectors of people add to churn: the sequence model's representation, and interests read from texts.

    python -m benchmarks.churn_columns OUT

The shop is that of `benchmarks.response`, made in OUT, once. A network of recurrent units learns the order in
which categories were bought before the first moment that teaches; its vector of each history is one set of
columns. The other are interests (`features.interests`) over what the multilingual encoder makes of the names
of categories, weighed and added up. Eight principal components of each stand beside the columns of
`shopkeeper churn`, at every moment as of that moment. Moments of July and August 2017 are for choosing.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.response import make_shop, milliseconds
from shopkeeper.app import open_shop
from shopkeeper.core import columns as c
from shopkeeper.core.types import Bools, Floats, Requests
from shopkeeper.data.campaign_dataset import campaign_dataset, campaign_requests
from shopkeeper.data.campaign_log import CampaignLog, read_campaign_log
from shopkeeper.data.dataset import PERSON
from shopkeeper.encoders.text import Multilingual
from shopkeeper.features.interests import interests
from shopkeeper.learners.sequence.config import SequenceConfig
from shopkeeper.metrics.classification import auc
from shopkeeper.propensity.chance import Chance, ChanceConfig
from shopkeeper.propensity.cuts import cut_offs
from shopkeeper.propensity.examples import Examples, Observed, observe
from shopkeeper.propensity.labels import Silence
from shopkeeper.recommenders.sequence import GruSequence

MOMENTS: Final = (
    ("2017-07-10", 28),
    ("2017-08-07", 28),
    ("2017-07-10", 56),
    ("2017-08-07", 56),
    ("2017-12-04", 28),
    ("2017-11-06", 56),
)
FIRST: Final = "2017-03-01"
"""Before which the network learns: earlier than any moment that teaches."""
KEPT: Final = 8
RESAMPLES: Final = 300
Vectors = Callable[[Requests], Floats]


@dataclass(frozen=True)
class Seen:
    """Customers at a moment, their vectors, and what came."""

    known: Observed
    vectors: dict[str, Floats]
    truth: Bools

    def matrix(self, name: str | None) -> Floats:
        """The columns of a model, with one set of vectors or none."""
        return self.known.matrix if name is None else np.hstack([self.known.matrix, self.vectors[name]])


class Vectored:
    """Vectors of people as columns, their leading principal components."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._axes: Floats | None = None

    def of(self, requests: Requests) -> Floats:
        """Shape ``(n, KEPT)``; the axes are those of the first to be asked about."""
        found = self._vectors(requests)
        if self._axes is None:
            self._axes = np.linalg.svd(found - found.mean(axis=0), full_matrices=False)[2][:KEPT].T
        return np.asarray(found @ self._axes, np.float32)


def make(log: CampaignLog) -> tuple[dict[str, Vectored], Callable[[pl.Series, int], Requests]]:
    """Both sets of columns, and what asks for them."""
    dataset = campaign_dataset(log, milliseconds(FIRST))
    network = GruSequence(SequenceConfig(size="tiny", epochs=3, tokens=300_000)).fit(dataset)
    texts = Multilingual(1).encode(dataset.items.table[c.TITLE].fill_null("").to_list())

    def tastes(requests: Requests) -> Floats:
        told = interests(requests.histories, requests.as_of, texts, dataset.weights)
        return np.asarray((told.vectors * told.weights[:, :, None]).sum(axis=1))

    found = {"sequence": Vectored(network.represent), "interests": Vectored(tastes)}
    return found, lambda people, as_of: campaign_requests(log, dataset, people, as_of)


def measure(log: CampaignLog) -> Iterator[str]:
    """A row a moment and horizon."""
    vectors, asked = make(log)
    heads = "as of | days | AUC | with sequence | gain, 95% | with interests | gain, 95%"
    yield f"| {heads} |"
    yield "|---" * (heads.count("|") + 1) + "|"
    for day, days in MOMENTS:
        as_of = milliseconds(day)
        past, label = log.customers.before(as_of), Silence(days)
        parts = []
        for moment in (as_of, *cut_offs(past, as_of, days)):
            seen = observe(past.before(moment), moment, days)
            requests = asked(seen.profiles[c.CUSTOMER_ID], moment)
            truth = label.of(log.customers, moment, seen.profiles)
            parts.append(Seen(seen, {name: one.of(requests) for name, one in vectors.items()}, truth))
        truth = parts[0].truth
        plain = told(parts, None)
        row = f"| {day} | {days} | {auc(plain, truth):.4f} "
        for name in vectors:
            more = told(parts, name)
            low, high = gain(more, plain, truth)
            row += f"| {auc(more, truth):.4f} | {low:+.4f} to {high:+.4f} "
        yield row + "|"


def told(parts: Sequence[Seen], name: str | None) -> NDArray[np.float64]:
    """Log-odds of silence at the first moment, learned from the others."""
    matrix = np.concatenate([one.matrix(name) for one in parts[1:]])
    examples = Examples(
        matrix,
        tuple(f"column {place}" for place in range(matrix.shape[1])),
        np.concatenate([one.truth for one in parts[1:]]),
        np.concatenate([one.known.profiles[PERSON].to_numpy().astype(np.int64) for one in parts[1:]]),
        np.repeat(np.arange(len(parts) - 1), [len(one.truth) for one in parts[1:]]),
    )
    model = Chance.fit(examples, ChanceConfig(), lambda stage, done, total: None)
    return model.log_odds(parts[0].matrix(name))


def gain(more: NDArray[np.float64], plain: NDArray[np.float64], truth: Bools) -> tuple[float, float]:
    """Bootstrap interval of the gain in area, over customers."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, len(truth), len(truth))
        found.append(auc(more[rows], truth[rows]) - auc(plain[rows], truth[rows]))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    """Make the shop, learn, and print the table."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    shop = Path(sys.argv[1]) / "journey-campaigns"
    make_shop(shop)
    with open_shop(shop) as opened:
        log = read_campaign_log(opened.store, opened.store)
    for line in measure(log):
        print(line, flush=True)


if __name__ == "__main__":
    main()
