"""How well labels are told, and whether a confidence means what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools

BINS = 10
Values = NDArray[np.floating[Any]]


def accuracy(truth: Sequence[str], told: Sequence[str]) -> float:
    """Share of labels told right; NaN for none."""
    return float(np.mean([a == b for a, b in zip(truth, told, strict=True)])) if truth else float("nan")


def macro_f1(truth: Sequence[str], told: Sequence[str]) -> float:
    """Mean of ``2 tp / (2 tp + fp + fn)`` over the labels that are true or told; NaN for none."""
    from sklearn.metrics import f1_score  # a second to load

    return float(f1_score(truth, told, average="macro", zero_division=0.0)) if truth else float("nan")


def expected_calibration_error(confidence: Values, right: Bools, bins: int = BINS) -> float:
    """How far confidence and accuracy lie apart, on average: ``sum_b n_b / n |accuracy_b - confidence_b|``.

    Over bins of equal width (Naeini, Cooper and Hauskrecht, Obtaining well calibrated probabilities using
    Bayesian binning, 2015). Even a perfect confidence has an error above zero on few cases.

    Parameters
    ----------
    confidence
        Shape ``(n,)``: of the label that was told, 0 to 1.
    right
        Shape ``(n,)``: whether it is the true one.
    bins
        How many.
    """
    if not len(confidence):
        return float("nan")
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(place, weights=right - confidence.astype(np.float64), minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def auc(scores: Values, truth: Bools) -> float:
    """Probability that a true case scores above a false one, ties half; NaN where either is missing.

    The area under the receiver operating characteristic, by ranks (Mann and Whitney 1947).

    Parameters
    ----------
    scores
        Shape ``(n,)``, higher for what is more likely true.
    truth
        Shape ``(n,)``.
    """
    positive = int(truth.sum())
    negative = len(truth) - positive
    if not positive or not negative:
        return float("nan")
    from scipy.stats import rankdata  # slow to load

    above = rankdata(scores)[truth].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


@dataclass(frozen=True, slots=True)
class Reliability:
    """What was told and what came true, in bins of equal width.

    Attributes
    ----------
    told, came
        Mean probability told in each bin, and the share that came true; NaN in an empty one.
    cases
        How many.
    """

    told: Values
    came: Values
    cases: NDArray[np.int64]


def reliability(confidence: Values, truth: Bools, bins: int = BINS) -> Reliability:
    """The points of a reliability diagram; arguments as of `expected_calibration_error`."""
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    cases = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, weights=values, minlength=bins) for values in (confidence, truth)]
    told, came = (np.where(cases > 0, total / np.maximum(cases, 1), np.nan) for total in sums)
    return Reliability(told, came, cases)


@dataclass(frozen=True, slots=True)
class Gains:
    """What the highest scores hold.

    Attributes
    ----------
    share
        Of all cases, the highest first.
    gain
        Share of all true cases among them.
    lift
        How many times more often they are true than cases are at large.
    """

    share: Values
    gain: Values
    lift: Values


def gains(scores: Values, truth: Bools, steps: int = BINS) -> Gains:
    """The points of a gain and a lift chart at ``steps`` equal shares; NaN where nothing is true.

    Tied cases count by their mean, so that the order of rows says nothing.
    """
    order = np.argsort(-scores, kind="stable")
    _, group = np.unique(-scores[order], return_inverse=True)
    even = (np.bincount(group, truth[order]) / np.maximum(np.bincount(group), 1))[group]
    found = np.append(0.0, np.cumsum(even))
    share = np.arange(1, steps + 1) / steps
    total = found[-1] if len(truth) and found[-1] > 0 else np.nan
    gain = np.interp(share * len(truth), np.arange(len(found)), found) / total
    return Gains(share, gain, gain / share)
