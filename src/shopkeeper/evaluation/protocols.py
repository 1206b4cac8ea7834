"""The three ways of asking: ``last-out``, ``time`` and ``sessions``, and what a model is handed to fit on.

last-out
    Learns from all but each person's last two events, and asks for the last one with the last but one in the
    history. Tuning asks for the last but one.
time
    Learns from all before the last N days, and asks every person active in them for all they touched. Tuning
    asks about the N days before those.
sessions
    Learns from the whole first file, and asks every prefix of every session of the second for the next item.
    Tuning asks the prefixes of the latest sessions of the first file.

Items a person already knows are never taken out: whether repeats come back is for the model to learn.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol, runtime_checkable

import numpy as np

from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.core.types import DAY_MS, Longs
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases, Split, last_out_split, prefix_cases, time_split
from shopkeeper.recommenders.base import Recommender

TEST_DAYS: Final = 28.0
"""Length of the test period of the ``time`` protocol unless told otherwise: whole weekly rhythms."""

TEST_SHARE: Final = 0.2
"""The test period is at most this share of the span of the data unless told otherwise."""

TUNING_SHARE: Final = 0.08
"""Share of the training sessions, the latest, kept for tuning in the ``sessions`` protocol."""

TUNING_SESSIONS: Final = 10_000
"""Most training sessions kept for tuning."""


class Fitter(Protocol):
    """Turns training data into a recommender that can be asked; the layers above bring these."""

    def __call__(self, train: Dataset, tuning: Split | None) -> Recommender:
        """Fit, and tune where there is something to tune on.

        Parameters
        ----------
        train
            What the final model is fitted on.
        tuning
            A smaller dataset and cases that lie wholly before the test questions: fit candidates on
            ``tuning.train``, measure them on ``tuning.test``, then fit the winner on ``train``. In the
            ``last-out`` protocol ``tuning.train`` is ``train`` itself, the same object, so the winner need
            not be fitted again. None where the data are too small to set anything aside.
        """
        ...


@runtime_checkable
class Timed(Protocol):
    """A fitted recommender that knows how its fit time was spent; `evaluate` then reports the two parts."""

    tune_seconds: float
    final_fit_seconds: float


@dataclass(frozen=True, slots=True)
class Task:
    """One protocol applied to one set of data.

    Attributes
    ----------
    protocol
        Name of the protocol.
    train
        What models are fitted on.
    tuning
        See `Fitter`.
    test
        The questions that count.
    test_days
        Length of the test period; None where the protocol has none.
    """

    protocol: str
    train: Dataset
    tuning: Split | None
    test: Cases
    test_days: float | None = None


def last_out_task(dataset: Dataset, *, refit: bool = False) -> Task:
    """Ask for each person's last event; people with fewer than three events are learned from and not asked.

    Parameters
    ----------
    dataset
        All events.
    refit
        Whether the final fit learns from the last but one event too, as a shop would; tuning never does. The
        sequence literature does not: figures with and without it must not be compared.

    Raises
    ------
    TooLittleData
        Nobody has three events.
    """
    final = last_out_split(dataset, hold=2, ask=1)
    before = last_out_split(dataset, hold=2, ask=2)
    # The same people are asked: with one event held back, those with two events would be asked as well.
    train = _without_last(dataset) if refit else final.train
    return Task("last-out", train, Split(final.train, before.test), final.test)


def _without_last(dataset: Dataset) -> Dataset:
    """All but the last event of everybody who is asked."""
    asked = np.flatnonzero(np.diff(dataset.offsets) > 2)
    kept = np.ones(len(dataset), bool)
    kept[dataset.offsets[1:][asked] - 1] = False
    return dataset.where(kept)


def time_task(dataset: Dataset, days: float | None = None) -> Task:
    """Ask about the last days; tune on as many days before them.

    Parameters
    ----------
    dataset
        All events.
    days
        Length of the test period; `TEST_DAYS`, or `TEST_SHARE` of the span where that is shorter.

    Raises
    ------
    InvalidRequest
        ``days`` is not a positive number.
    TooLittleData
        Nothing would be learned from, or nobody asked.
    """
    if days is not None and not (np.isfinite(days) and days > 0):
        raise InvalidRequest(f"test_days = {days}: must be a positive number of days.")
    length = default_test_days(dataset) if days is None else days
    final = time_split(dataset, length)
    return Task("time", final.train, _or_none(lambda: time_split(final.train, length)), final.test, length)


def default_test_days(dataset: Dataset) -> float:
    """Four weeks, or a fifth of the span of the data where that is shorter."""
    return min(TEST_DAYS, TEST_SHARE * (dataset.end - dataset.start) / DAY_MS)


def sessions_task(dataset: Dataset, test_people: Longs) -> Task:
    """Ask every prefix of the test sessions for the item that follows.

    Parameters
    ----------
    dataset
        Training and test sessions over one catalogue; the test sessions' codes come last.
    test_people
        Codes of the test sessions, the highest of the dataset.

    Raises
    ------
    TooLittleData
        No test session has two events, or there is nothing to learn from.
    """
    n_train = len(dataset.people) - len(test_people)
    rows = dataset.person < n_train
    train = replace(dataset.where(rows), people=dataset.people[:n_train])
    if not len(train):
        raise TooLittleData("The events file has nothing to learn from.", hint="Give sessions with items.")
    return Task("sessions", train, _or_none(lambda: latest_sessions(train)), _prefixes(dataset, test_people))


def latest_sessions(train: Dataset) -> Split:
    """Set the latest sessions of a training set aside for tuning.

    Raises
    ------
    TooLittleData
        No session could be asked, or none would be left to learn from.
    """
    lengths = np.diff(train.offsets)
    active = np.flatnonzero(lengths > 0)
    begun = train.time[train.offsets[active]]
    n = min(int(np.ceil(TUNING_SHARE * len(active))), TUNING_SESSIONS)
    held = np.sort(active[np.argsort(begun, kind="stable")[len(active) - n :]])
    rows = ~np.isin(train.person, held)
    if not rows.any():
        raise TooLittleData("There are too few sessions to set any aside.", hint="Give more sessions.")
    return Split(train.where(rows), _prefixes(train, held))


def _prefixes(dataset: Dataset, people: Longs) -> Cases:
    cases = prefix_cases(dataset, people)
    if not len(cases):
        raise TooLittleData(
            f"None of {len(people)} sessions has two events.", hint="Give sessions with at least two events."
        )
    return cases


def _or_none(split: Callable[[], Split]) -> Split | None:
    """A tuning split, or None where the data are too small for one."""
    try:
        return split()
    except TooLittleData:
        return None
