"""How well labels are told, and whether a confidence means what it says."""

from collections.abc import Sequence

import numpy as np

from shopkeeper.core.types import Bools, Floats

BINS = 10


def accuracy(truth: Sequence[str], told: Sequence[str]) -> float:
    """Share of labels told right; NaN for none."""
    return float(np.mean([a == b for a, b in zip(truth, told, strict=True)])) if truth else float("nan")


def macro_f1(truth: Sequence[str], told: Sequence[str]) -> float:
    """Mean of ``2 tp / (2 tp + fp + fn)`` over the labels that are true or told; NaN for none."""
    from sklearn.metrics import f1_score  # a second to load

    return float(f1_score(truth, told, average="macro", zero_division=0.0)) if truth else float("nan")


def expected_calibration_error(confidence: Floats, right: Bools, bins: int = BINS) -> float:
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
