"""What a catalogue leaves open, told from the items that say it: categories, brand, attributes, tags."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from shopkeeper.catalog import columns
from shopkeeper.catalog.classifier import Verdicts, classify
from shopkeeper.catalog.duplicates import Duplicate, near_duplicates
from shopkeeper.catalog.hierarchy import fill_levels
from shopkeeper.catalog.tagging import Encoders, Progress
from shopkeeper.catalog.tags import learn_tags
from shopkeeper.catalog.views import JOINT, View, picture_views, text_views, with_joint
from shopkeeper.core import columns as c
from shopkeeper.data.derived import CONFIDENCE, DATE, DERIVED, SOURCE, VALUE, Derived, attributes_of
from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.remembered import Remembered

LEVELS: Final = (c.CATEGORY, c.CATEGORY2, c.CATEGORY3)
TAGS: Final = "tags"
FILLED: Final = 0.5
"""Confidence from which a value is written down: it is more likely right than wrong."""
SURE: Final = 0.8
"""Confidence below which a value is on the review list, written down or not."""
_FEWEST: Final = 10
"""Items that must have a value for the others to be told."""
_REPEATED: Final = 2.0
"""Items that must share a value, on average: what is different everywhere is no kind."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value for somebody to look at.

    Attributes
    ----------
    item, title
        Which item.
    field
        Which field it is about.
    suggestion, confidence
        The likeliest value, and its probability.
    filled
        Whether it was written down.
    """

    item: str
    title: str
    field: str
    suggestion: str
    confidence: float
    filled: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of one field.

    Attributes
    ----------
    field
        Its name.
    given, missing, filled, doubtful
        Items that had a value, that had none, that got one, and that stand on the review list.
    note
        Why nothing was told, where nothing was.
    """

    field: str
    given: int
    missing: int
    filled: int = 0
    doubtful: int = 0
    note: str = ""


@dataclass(slots=True)
class Completion:
    """What can be told of a catalogue.

    Attributes
    ----------
    derived
        By item: what is derived of it, with source, confidence and date; empty for most.
    fields
        What became of each field.
    doubts
        The review list, the least sure first.
    duplicates
        Near-duplicates, as rows of the catalogue; sizes and colours of one product are none.
    notes
        What is missing, in words.
    """

    derived: dict[str, Derived]
    fields: list[Filled] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def complete(
    items: pl.DataFrame,
    encoders: Encoders,
    date: str,
    image_dir: Path | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Completion:
    """Tell what is missing; what was given is never touched.

    Parameters
    ----------
    items
        In `columns.ITEM_COLUMNS`, as they were given.
    encoders
        Read texts and look at pictures.
    date
        Written beside each value.
    image_dir
        Folder of the pictures, by the last part of ``image_url``; no pictures where it is None.
    progress
        Told of stages.
    """
    return _Work(items, encoders, date, image_dir, progress).done()


class _Work:
    def __init__(
        self, items: pl.DataFrame, encoders: Encoders, date: str, image_dir: Path | None, progress: Progress
    ) -> None:
        self._items = items
        self._ids = items[c.ITEM_ID].to_list()
        self._titles = columns.texts(items, [c.TITLE])
        self._date = date
        self._progress = progress
        self._encoder = Remembered(encoders.text)
        self._out = Completion({item: {} for item in self._ids})
        self._views = self._look(encoders.pictures, image_dir)
        self._attributes = [attributes_of(text) for text in items[c.ATTRIBUTES].to_list()]

    def done(self) -> Completion:
        if not self._views:
            self._out.notes.append("No item has a title, a description or a picture to go by.")
            return self._out
        self._categories()
        self._single(c.BRAND, columns.labels(self._items, c.BRAND))
        for name in self._kinds():
            self._single(name, [_plain(known.get(name)) for known in self._attributes])
        self._tags()
        self._duplicates()
        self._out.doubts.sort(key=lambda doubt: (doubt.confidence, doubt.item, doubt.field))
        return self._out

    def _look(self, pictures: Sequence[Encoder[Path]], folder: Path | None) -> list[View]:
        texts = columns.texts(self._items, [c.TITLE, c.DESCRIPTION])
        views = text_views(texts, self._encoder) if any(texts) else []
        if folder is not None:
            names = columns.labels(self._items, c.IMAGE_URL)
            paths = [folder / name.rsplit("/", 1)[-1] if name else None for name in names]
            seen, lost = picture_views(paths, pictures, self._told("look at pictures"))
            views += seen
            self._out.notes += [f"{lost:,} pictures are not there or cannot be read."] if lost else []
        return with_joint(views)

    def _told(self, stage: str) -> Callable[[int, int], None]:
        return lambda done, total: self._progress(stage, done, total)

    def _categories(self) -> None:
        levels = [columns.labels(self._items, name) for name in LEVELS]
        reasons = [_reason(given) for given in levels]
        usable = [
            given if not reason else [None] * len(given)
            for given, reason in zip(levels, reasons, strict=True)
        ]
        verdicts = fill_levels(
            usable, lambda given: classify(self._views, given, progress=self._told("categories"))
        )
        for name, given, reason, verdict in zip(LEVELS, levels, reasons, verdicts, strict=True):
            self._note(name, given, reason, verdict)

    def _single(self, name: str, given: Sequence[str | None]) -> None:
        reason = _reason(given)
        verdict = None if reason else classify(self._views, given, progress=self._told(name))
        self._note(name, given, reason, verdict)

    def _note(self, name: str, given: Sequence[str | None], reason: str, verdict: Verdicts | None) -> None:
        """Write down what is told of one field."""
        missing = [row for row, value in enumerate(given) if value is None]
        if verdict is None:
            self._out.fields.append(Filled(name, len(given) - len(missing), len(missing), note=reason))
            return
        best, confidence = verdict.best, verdict.confidence
        asked = [row for row in missing if confidence[row] > 0]
        for row in asked:
            self._write(row, name, best[row], float(confidence[row]))
        sure = confidence[asked]
        filled, doubtful = int((sure >= FILLED).sum()), int((sure < SURE).sum())
        self._out.fields.append(
            Filled(name, len(given) - len(missing), len(missing), filled, doubtful, " ".join(verdict.notes))
        )

    def _write(self, row: int, name: str, value: str, confidence: float) -> None:
        if confidence >= FILLED:
            self._out.derived[self._ids[row]][name] = self._stamp(value, confidence)
        if confidence < SURE:
            self._out.doubts.append(
                Doubt(self._ids[row], self._titles[row], name, value, confidence, confidence >= FILLED)
            )

    def _stamp(self, value: Any, confidence: float) -> dict[str, Any]:
        source = "learned from " + ", ".join(view.name for view in self._views if view.name != JOINT)
        return {VALUE: value, SOURCE: source, CONFIDENCE: round(confidence, 4), DATE: self._date}

    def _kinds(self) -> list[str]:
        """Attributes that are plain text wherever they are given, in their order of appearance."""
        values: dict[str, list[Any]] = {}
        for known in self._attributes:
            for name, value in known.items():
                values.setdefault(name, []).append(value)
        plain = [name for name, some in values.items() if all(isinstance(value, str) for value in some)]
        return [name for name in plain if name not in (TAGS, DERIVED) and not _reason(values[name] + [None])]

    def _tags(self) -> None:
        texts = [columns.as_text(known.get(TAGS)) for known in self._attributes]
        given = columns.tags(texts) or [[text] if text else [] for text in texts]
        missing = [row for row, tags in enumerate(given) if not tags]
        had = len(given) - len(missing)
        if had < _FEWEST or not missing:
            self._out.fields.append(Filled(TAGS, had, len(missing), note=_few(had) if missing else ""))
            return
        verdicts = learn_tags(self._views, given)
        filled = doubtful = 0
        for row in missing:
            chosen = verdicts.chosen(row)
            if chosen:
                stamp = self._stamp([tag for tag, _ in chosen], chosen[-1][1])
                stamp["each"] = {tag: round(sure, 4) for tag, sure in chosen}
                self._out.derived[self._ids[row]][TAGS] = stamp
                filled += 1
            unsure = [(tag, sure) for tag, sure in chosen if sure < SURE]
            doubtful += bool(unsure) or not chosen
            self._out.doubts += [
                Doubt(self._ids[row], self._titles[row], TAGS, tag, sure, filled=True) for tag, sure in unsure
            ]
        self._out.fields.append(Filled(TAGS, had, len(missing), filled, doubtful))

    def _duplicates(self) -> None:
        pairs = near_duplicates(
            self._encoder.encode(self._titles),
            self._titles,
            columns.labels(self._items, c.BRAND),
            self._items[c.PRICE].to_list(),
            progress=self._told("near-duplicates"),
        )
        group = columns.labels(self._items, c.ITEM_GROUP_ID)
        self._out.duplicates = [
            pair for pair in pairs if group[pair.first] is None or group[pair.first] != group[pair.second]
        ]


def _reason(given: Sequence[str | None]) -> str:
    """Why a field cannot be told; empty where it can and should be."""
    known = [value for value in given if value is not None]
    if len(known) == len(given):
        return "nothing missing"
    if len(known) < _FEWEST:
        return _few(len(known))
    distinct = len(set(known))
    if distinct < 2:
        return "one value only"
    return "hardly two items share a value" if len(known) < _REPEATED * distinct else ""


def _few(known: int) -> str:
    return f"only {known} items have one; {_FEWEST} are needed"


def _plain(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
