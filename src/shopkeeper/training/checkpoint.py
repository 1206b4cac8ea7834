"""What a training has done so far, on disk: one that was killed goes on where it stopped.

Every step that took long, the tuning of a family or its last fit, is kept under a key of all it depends on:
data, cases, seed and settings. The same step of the same training is then read instead of done again, and
its seconds are counted all the same, so that the plan for the rest is the same too.
"""

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self
from zipfile import BadZipFile

import numpy as np

from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.registry import RECOMMENDERS
from shopkeeper.training.families import FAMILIES
from shopkeeper.training.promote import FORMAT

_STEP, _MODEL = "step.json", "model"
_WORTH_KEEPING: Final = 3.0
"""Seconds from which on a step is rather read than done again."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step that is done.

    Attributes
    ----------
    config
        Configuration of the family; None for its own default.
    model
        Fitted with it.
    saved
        Seconds it took in the training that was killed; 0 where it was done now.
    """

    config: Any
    model: Recommender
    saved: float = 0.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Steps of one training.

    Attributes
    ----------
    folder
        Where they are kept; None keeps nothing.
    training
        Tells trainings apart that differ in more than their data: configuration and format of models.
    """

    folder: Path | None = None
    training: str = ""

    @classmethod
    def under(cls, cache: Path, config: object) -> Self:
        """That of a shop's trainings."""
        return cls(cache / "training", f"{FORMAT} {config}")

    def step(self, name: str, depends: str, work: Callable[[], Step]) -> Step:
        """Read a step that was done before, or do it.

        Parameters
        ----------
        name
            Family.
        depends
            All else it depends on; see `digest`.
        work
            Does it.
        """
        if self.folder is None:
            return work()
        key = hashlib.blake2b(f"{self.training}\n{name}\n{depends}".encode(), digest_size=16).hexdigest()
        place = self.folder / key
        # A step that cannot be read, or for which there is no room, is only done again.
        with suppress(OSError, ValueError, KeyError, TypeError, BadZipFile):
            return _read(place, name)
        start = time.perf_counter()
        done = work()
        seconds = time.perf_counter() - start
        if seconds >= _WORTH_KEEPING:
            with suppress(OSError):
                _write(place, done, seconds)
        return done

    def clear(self) -> None:
        """Leave nothing behind a training that is done, or of people who are to be forgotten."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def digest(dataset: Dataset, cases: Cases | None = None) -> str:
    """Tells data apart, and what is asked about them.

    Ties are left out: nothing that is fitted depends on them, only how far a walk from friends goes.
    """
    found = hashlib.blake2b(digest_size=16)
    for array in (dataset.person, dataset.item, dataset.kind, dataset.time, dataset.value, dataset.weights):
        found.update(np.ascontiguousarray(array).data)
    found.update(np.ascontiguousarray(dataset.person_attributes).data)
    found.update(dataset.items.table.hash_rows().to_numpy().tobytes())
    if cases is not None:
        found.update(cases.truth.items.tobytes())
        found.update(cases.requests.histories.offsets.tobytes())
    return found.hexdigest()


def _write(place: Path, step: Step, seconds: float) -> None:
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        step.model.save(draft / _MODEL)
        config = None if step.config is None else asdict(step.config)
        (draft / _STEP).write_text(json.dumps({"config": config, "seconds": seconds}), encoding="utf-8")
        draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _read(place: Path, name: str) -> Step:
    told = json.loads((place / _STEP).read_text(encoding="utf-8"))
    config = None if told["config"] is None else FAMILIES[name].config(**told["config"])
    return Step(config, RECOMMENDERS[name].load(place / _MODEL), float(told["seconds"]))
