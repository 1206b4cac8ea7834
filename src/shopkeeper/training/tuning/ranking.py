"""Whether a learned ranker helps the blend, and with what weight, on cases its trees never saw."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Floats, Ragged, ragged_positions
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases
from shopkeeper.metrics.ranking import hits, ndcg
from shopkeeper.recommenders.blend import BlendConfig, Scaled
from shopkeeper.recommenders.ranker import Lesson, Ranker, Signals
from shopkeeper.recommenders.select import taken, top_k
from shopkeeper.training.tuning.fusion import Answers, has_news
from shopkeeper.training.tuning.trials import K

GRID: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 16.0, 64.0)
_JUDGES = 3
"""One case in so many, the last, decides; the others teach. Cases of one person stand side by side."""
_FEWEST = 300
"""Cases below which trees would learn noise."""
_SURE = 1.0
"""Standard errors by which the ranker must be ahead of the blend without it."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A ranker that helps.

    Attributes
    ----------
    ranker
        Taught by all cases.
    weight
        Its weight beside the linear blend.
    gain
        What it added to mean NDCG@10 on cases that its trees had not seen.
    """

    ranker: Ranker
    weight: float
    gain: float


def learn_ranker(
    answers: Answers, config: BlendConfig, train: Dataset, about_news: Answers | None = None
) -> Learned | None:
    """A ranker and its weight; None where it does not help.

    Parameters
    ----------
    answers
        Of the sources that ``config`` gives weights, which were fitted on ``train`` alone.
    config
        Weights of the linear blend.
    train
        What the sources were fitted on; it ends before the cases.
    about_news
        Answers to `fusion.news` of the same cases, where people come back to what they know.
    """
    n = len(answers.cases)
    if n < _FEWEST:
        return None
    first_judge = n - n // _JUDGES
    ranker = _taught(answers, about_news, config, train, first_judge)
    gains = _gains(answers, config, ranker, first_judge)
    means = gains.mean(axis=1)
    best = int(means.argmax())
    if means[best] <= _SURE * gains[best].std() / np.sqrt(gains.shape[1]):
        return None
    return Learned(_taught(answers, about_news, config, train, n), GRID[best], float(means[best]))


def _taught(
    answers: Answers, about_news: Answers | None, config: BlendConfig, train: Dataset, n: int
) -> Ranker:
    """A ranker that has learned from the first ``n`` cases."""
    ranker, first = Ranker().prepare(train), lesson(answers, config, n)
    if about_news is None:
        return ranker.learn(first)
    return ranker.learn(first, lesson(about_news, config, int(has_news(answers.cases)[:n].sum())))


def lesson(answers: Answers, config: BlendConfig, n: int) -> Lesson:
    """The first ``n`` cases, with the candidates that a ranker will be shown and what was said of them."""
    candidates, signals = _strongest(answers, config)
    rows = np.arange(n)
    places, _ = ragged_positions(candidates.offsets, rows)
    chosen = Signals(signals.names, np.ascontiguousarray(signals.scaled[:, places]), signals.fused[places])
    return Lesson(answers.cases.take(rows), candidates.take(rows), chosen)


def _strongest(answers: Answers, config: BlendConfig) -> tuple[Ragged, Signals]:
    """What a ranker will be shown, for all cases."""
    items, lengths, scaled, fused = [], [np.zeros(1, np.int64)], [], []
    for batch in answers.batches:
        scores = batch.parts(config).sum(axis=0)
        places = batch.shortlist(scores)
        chosen = taken(batch.candidates, places)
        items.append(chosen.items)
        lengths.append(chosen.lengths)
        scaled.append(batch.values[:, places])
        fused.append(scores[places])
    offsets = np.cumsum(np.concatenate(lengths)).astype(np.int64)
    signals = Signals(answers.names, np.concatenate(scaled, axis=1), np.concatenate(fused))
    return Ragged(offsets, np.concatenate(items)), signals


def _gains(answers: Answers, config: BlendConfig, ranker: Ranker, first: int) -> NDArray[np.float64]:
    """What each weight of the ranker adds to NDCG@10, weights x cases from ``first`` on."""
    found, end = [], 0
    for batch in answers.batches:
        start, end = end, end + len(batch.candidates)
        if end <= first:
            continue
        cases = answers.cases.take(np.arange(start, end))
        fused = batch.parts(config).sum(axis=0)
        ranked = batch.ranked(ranker, cases.requests, fused)
        values = [_ndcg(batch, cases, batch.joined(fused, ranked, weight)) for weight in (0.0, *GRID)]
        found.append((np.stack(values[1:]) - values[0])[:, max(0, first - start) :])
    return np.concatenate(found, axis=1)


def _ndcg(batch: Scaled, cases: Cases, scores: Floats) -> NDArray[np.float64]:
    lists = top_k(batch.candidates, scores, cases.requests, K, "").lists
    return np.asarray(ndcg(hits(lists, cases.truth, K)))
