"""What was told of the rows of a file, and how well where the truth is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from shopkeeper.catalog.classifier import Verdicts
from shopkeeper.catalog.tags import TagVerdicts
from shopkeeper.core.types import Longs
from shopkeeper.metrics.classification import accuracy, expected_calibration_error, macro_f1

SEVERAL: Final = "|"
"""Between the tags of a product."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The label told of one row.

    Attributes
    ----------
    row
        Number of the row in the test file, from 0.
    label
        The label, or several tags with ``|`` between them.
    confidence
        Probability that it is the true one.
    tags
        Each tag with its probability, where products have several.
    """

    row: int
    label: str
    confidence: float
    tags: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Tagging:
    """What was told, and how well where the truth is known.

    Attributes
    ----------
    accuracy, macro_f1, ece
        Share of rows told right, mean F1 of labels, and expected calibration error, over the rows of the test
        file that have the target; None where none has. Of several tags: rows with exactly the right tags,
        mean F1 of tags, and calibration of each tag of each row.
    predictions
        One a row of the test file.
    notes
        What was guessed, missing or left out, in words.
    """

    accuracy: float | None
    macro_f1: float | None
    ece: float | None
    predictions: tuple[Prediction, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain values: ``accuracy``, ``macro_f1``, ``ece``, ``predictions`` and ``notes``."""
        figures = {"accuracy": self.accuracy, "macro_f1": self.macro_f1, "ece": self.ece}
        rows = [
            {"row": one.row, "label": one.label, "confidence": round(one.confidence, 6)}
            | ({"tags": [{"tag": tag, "confidence": round(p, 6)} for tag, p in one.tags]} if one.tags else {})
            for one in self.predictions
        ]
        return {**figures, "predictions": rows, "notes": list(self.notes)}


def single(verdicts: Verdicts, truth: Sequence[str | None], rows: Longs, notes: Sequence[str]) -> Tagging:
    """One label for each row of the test file.

    Parameters
    ----------
    verdicts
        Of these rows.
    truth
        The true labels, None where they are not known.
    rows
        Numbers of the rows in their file.
    notes
        What was guessed, missing or left out.
    """
    best, confidence = verdicts.best, verdicts.confidence
    predictions = tuple(
        Prediction(int(row), label, float(sure))
        for row, label, sure in zip(rows, best, confidence, strict=True)
    )
    known = [row for row, label in enumerate(truth) if label is not None]
    if not known:
        return Tagging(None, None, None, predictions, tuple(notes))
    wanted, told = [truth[row] or "" for row in known], [best[row] for row in known]
    right = np.array(wanted, object) == np.array(told, object)
    return Tagging(
        accuracy(wanted, told),
        macro_f1(wanted, told),
        expected_calibration_error(confidence[known], right),
        predictions,
        tuple(notes),
    )


def several_tags(
    verdicts: TagVerdicts, truth: Sequence[Sequence[str]], rows: Longs, notes: Sequence[str]
) -> Tagging:
    """Several tags for each row of the test file; see `single`."""
    told = verdicts.probabilities
    predictions = []
    for place, row in enumerate(rows):
        chosen = tuple(verdicts.chosen(place))
        sure = float(np.maximum(told[place], 1 - told[place]).prod())
        predictions.append(Prediction(int(row), SEVERAL.join(tag for tag, _ in chosen), sure, chosen))
    known = [row for row, tags in enumerate(truth) if tags]
    if not known:
        return Tagging(None, None, None, tuple(predictions), tuple(notes))
    wanted = np.array([[tag in truth[row] for tag in verdicts.tags] for row in known])
    picked = told[known] >= 0.5
    exact = [set(truth[row]) == {tag for tag, _ in predictions[row].tags} for row in known]
    both = (wanted & picked).sum(axis=0)
    either = wanted.sum(axis=0) + picked.sum(axis=0)
    scores = 2 * both[either > 0] / either[either > 0]
    certain = np.maximum(told[known], 1 - told[known])
    return Tagging(
        float(np.mean(exact)),
        float(scores.mean()) if len(scores) else 0.0,
        expected_calibration_error(certain.ravel(), (wanted == picked).ravel()),
        tuple(predictions),
        tuple(notes),
    )
