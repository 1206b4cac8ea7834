"""The models on disk: what is known of each, which one serves, and going back to another."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from shopkeeper.core.errors import CorruptModel, InvalidRequest, NotTrained
from shopkeeper.metrics.interval import Interval
from shopkeeper.recommenders.model import Model
from shopkeeper.training.promote import (
    OWN,
    current_version,
    load_model,
    promote,
    read_manifest,
    versions,
)

_LOADED: Final = 2
"""Models kept in memory for comparison, beside the one that serves."""


@dataclass(frozen=True, slots=True)
class Version:
    """One model on disk.

    Attributes
    ----------
    name
        Its version.
    serving
        Whether it answers now.
    trained
        When it was written, epoch milliseconds.
    events, people, items
        What it learned from; 0 where the manifest does not say.
    end
        Date of the last event it learned from, empty where the manifest does not say.
    seq
        Place in the log up to which it learned, 0 where the manifest does not say.
    figures
        By contestant (itself is ``shopkeeper``) and metric; bounds are NaN where they were not kept.
    problem
        Why it cannot be read; empty if it can.
    """

    name: str
    serving: bool
    trained: int
    events: int = 0
    people: int = 0
    items: int = 0
    end: str = ""
    seq: int = 0
    figures: Mapping[str, Mapping[str, Interval]] | None = None
    problem: str = ""

    def figure(self, metric: str, contestant: str = OWN) -> Interval | None:
        """One figure, None where it was not measured."""
        return (self.figures or {}).get(contestant, {}).get(metric)


class Versions:
    """The models of a shop.

    Parameters
    ----------
    models
        The shop's folder of models.
    """

    def __init__(self, models: Path) -> None:
        self._models = models
        self.load = lru_cache(_LOADED)(self._load)

    def all(self) -> tuple[Version, ...]:
        """Every version on disk, the newest first."""
        serving = self.serving()
        return tuple(_version(self._models / name, serving) for name in reversed(versions(self._models)))

    def serving(self) -> str:
        """The version that serves, empty before the first training."""
        try:
            return current_version(self._models)
        except NotTrained:
            return ""

    def before(self) -> str:
        """The version a roll-back goes to: the newest one older than what serves; empty if there is none."""
        serving = self.serving()
        older = [name for name in versions(self._models) if name < serving]
        return older[-1] if older else ""

    def promote(self, name: str) -> None:
        """Let a version serve, after reading it whole.

        Raises
        ------
        InvalidRequest
            There is no such version.
        CorruptModel
            It cannot be read; what serves stays.
        """
        self._load(name)
        promote(self._models, name)

    def _load(self, name: str) -> Model:
        if name not in versions(self._models):
            raise InvalidRequest(f"version = {name[:80]!r} is not on disk.", hint="Choose one of the list.")
        return load_model(self._models / name)


def _version(folder: Path, serving: str) -> Version:
    name, trained = folder.name, _written(folder)
    try:
        manifest = read_manifest(folder)
    except CorruptModel as error:
        return Version(name, name == serving, trained, problem=str(error))
    window = manifest.get("window", {})
    return Version(
        name,
        name == serving,
        trained,
        events=int(window.get("events", 0)),
        people=int(window.get("people", 0)),
        items=int(window.get("items", 0)),
        end=str(window.get("end", ""))[:10],
        seq=int(manifest.get("seq", 0)),
        figures=_figures(manifest),
    )


def _figures(manifest: dict[str, Any]) -> dict[str, dict[str, Interval]]:
    intervals = manifest.get("intervals", {})
    return {
        contestant: {
            metric: Interval(float(mean), *_bounds(intervals, contestant, metric), 0)
            for metric, mean in found.items()
        }
        for contestant, found in manifest.get("figures", {}).items()
        if isinstance(found, dict)
    }


def _bounds(intervals: Mapping[str, Any], contestant: str, metric: str) -> tuple[float, float]:
    low, high = intervals.get(contestant, {}).get(metric, (math.nan, math.nan))
    return float(low), float(high)


def _written(folder: Path) -> int:
    """When a version was written: its name begins with it."""
    try:
        moment = datetime.strptime(folder.name.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return int(folder.stat().st_mtime * 1000)
    return int(moment.timestamp() * 1000)
