"""How long a sequence model learns, and what stays when that ends: no way to run away."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shopkeeper.learners.sequence.checkpoint import read_checkpoint, write_checkpoint
from shopkeeper.learners.sequence.training import Learned, Trainer


@dataclass(frozen=True, slots=True)
class Until:
    """When learning ends at the latest.

    Attributes
    ----------
    epochs
        Passes.
    seconds
        Time after which no further pass begins.
    """

    epochs: int
    seconds: float


def learn(
    trainer: Trainer, until: Until, folder: Path | None = None, fingerprint: str = ""
) -> tuple[Learned, int]:
    """Pass after pass until they are done or time is up.

    A loss that is not finite ends learning; the state after the last whole pass stays.

    Parameters
    ----------
    trainer
        A fresh one.
    until
        When to end.
    folder
        Where a checkpoint is written after each pass, and taken up from if there is one.
    fingerprint
        What the training is of; a checkpoint of another is not taken up.

    Returns
    -------
    What was learned, and the number of passes behind it.
    """
    began = time.monotonic()
    found = None if folder is None else read_checkpoint(folder, fingerprint)
    if found is not None:
        trainer.restore(found)
    good = trainer.learned()
    while trainer.epochs < until.epochs and time.monotonic() - began < until.seconds:
        if not math.isfinite(trainer.epoch()):
            break
        good = trainer.learned()
        if folder is not None:
            write_checkpoint(folder, fingerprint, trainer.state())
    return good, trainer.epochs


def learn_watched(
    trainer: Trainer, until: Until, watch: Callable[[Learned], float], patience: int = 1
) -> tuple[Learned, int]:
    """The same, until ``patience`` passes gained nothing; the best state stays.

    Parameters
    ----------
    trainer, until
        As for `learn`.
    watch
        Measures what is learned after each pass, more is better.
    patience
        Passes without gain after which to stop.
    """
    began = time.monotonic()
    best, passes = trainer.learned(), 0
    value = watch(best)
    while trainer.epochs < min(until.epochs, passes + patience) and time.monotonic() - began < until.seconds:
        if not math.isfinite(trainer.epoch()):
            break
        found = trainer.learned()
        gained = watch(found)
        if gained > value:
            best, value, passes = found, gained, trainer.epochs
    return best, passes
