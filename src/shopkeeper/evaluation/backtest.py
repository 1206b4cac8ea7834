"""Replay a split: ask a fitted recommender every case over the full catalogue and keep what came of each."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import Longs, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases
from shopkeeper.evaluation.lists import measure_lists, measure_union
from shopkeeper.evaluation.result import Measured, Result
from shopkeeper.evaluation.slices import SLICES, WHOLE_LIST, Slice, View
from shopkeeper.metrics.ranking import hits
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.select import top_k

KS: Final = (10, 20)
"""Lengths of lists that are reported."""

BATCH: Final = 512
"""Requests asked at once: bounds the memory of an answer."""


class Progress(Protocol):
    """Told how far a long piece of work has come."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """``done`` of ``total`` steps of ``stage`` are behind us."""
        ...


def no_progress(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


def backtest(
    recommender: Recommender,
    cases: Cases,
    train: Dataset,
    ks: Sequence[int] = KS,
    slices: Sequence[str] = WHOLE_LIST,
    *,
    name: str = "",
    progress: Progress = no_progress,
) -> Result:
    """Ask every case and measure the answers.

    Parameters
    ----------
    recommender
        Fitted on ``train``.
    cases
        Questions with known answers; they may restrict or exclude items.
    train
        What tells new items, popularity and kinship of items.
    ks
        Lengths of lists to report.
    slices
        Names in `slices.SLICES`. Views other than the whole list ask the model again.
    name
        Name in the result; the recommender's own unless given.
    progress
        Told after every batch.

    Raises
    ------
    InvalidRequest
        A length is below 1, or a slice unknown.
    """
    ks = _checked(ks, slices)
    lists, seconds = _answers(recommender, cases.requests, max(ks), progress)
    parts = {part: SLICES[part](cases, train) for part in dict.fromkeys(("all", *slices))}
    return Result(
        name=name or recommender.name,
        ks=ks,
        slices={part: _measure(recommender, cases, lists, chosen, max(ks)) for part, chosen in parts.items()},
        lists=measure_lists(lists, train, ks),
        union=measure_union(lists, train.n_items, ks),
        predict_seconds=seconds,
    )


def _checked(ks: Sequence[int], slices: Sequence[str]) -> tuple[int, ...]:
    if not ks or min(ks) < 1:
        raise InvalidRequest(f"ks = {tuple(ks)}: every length must be at least 1.")
    unknown = [part for part in slices if part not in SLICES]
    if unknown:
        raise InvalidRequest(f"slices = {unknown}: unknown.", hint=f"Known: {', '.join(SLICES)}.")
    return tuple(sorted(set(ks)))


def _answers(
    recommender: Recommender, requests: Requests, k: int, progress: Progress
) -> tuple[Ragged, float]:
    """Lists of all requests, and the seconds the recommender took."""
    parts, seconds = [], 0.0
    for rows in _batches(len(requests)):
        batch = requests.take(rows)
        start = time.perf_counter()
        answer = recommender.recommend(batch, k)
        seconds += time.perf_counter() - start
        parts.append(answer.lists)
        progress("predict", int(rows[-1]) + 1, len(requests))
    return Ragged.joined(parts), seconds


def _measure(recommender: Recommender, cases: Cases, lists: Ragged, chosen: Slice, k: int) -> Measured:
    """Hits of one slice in the list it looks at."""
    if chosen.view is View.whole:
        seen = lists.take(chosen.rows)
    else:
        asked = cases.requests.take(chosen.rows)
        batches = [asked.take(rows) for rows in _batches(len(asked))]
        answer = _known_only if chosen.view is View.known else _unknown_only
        seen = Ragged.joined([answer(recommender, batch, k).lists for batch in batches])
    return Measured(chosen.rows, seen, hits(seen, chosen.truth, k))


def _known_only(recommender: Recommender, requests: Requests, k: int) -> Recommendations:
    """Items of the person's own history by the recommender's score."""
    known = requests.histories.known
    return top_k(known, recommender.score(requests, known), requests, k, recommender.name)


def _unknown_only(recommender: Recommender, requests: Requests, k: int) -> Recommendations:
    """An answer without what the person knows."""
    known, exclude = requests.histories.known, requests.exclude
    if exclude is not None:
        known = Ragged.of([np.union1d(known[row], exclude[row]) for row in range(len(known))])
    return recommender.recommend(replace(requests, exclude=known), k)


def _batches(n: int) -> Iterator[Longs]:
    for start in range(0, n, BATCH):
        yield np.arange(start, min(start + BATCH, n), dtype=np.int64)
