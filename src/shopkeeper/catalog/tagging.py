"""``shopkeeper tag`` on files: a column of one file learned, the same column of another told.

The products of both files are looked at together; labels come from the first alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shopkeeper.catalog import columns
from shopkeeper.catalog.classifier import classify
from shopkeeper.catalog.outcome import Tagging, several_tags, single
from shopkeeper.catalog.tags import learn_tags
from shopkeeper.catalog.views import View, picture_views, text_views, with_joint
from shopkeeper.catalog.zero_shot import zero_shot
from shopkeeper.core.config import Limits
from shopkeeper.core.errors import InvalidRequest, MissingColumn, MissingFile, TooLittleData
from shopkeeper.data.sources.rows import Rows, find, lookup, read_rows
from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.remembered import Remembered

Progress = Callable[[str, int, int], None]
"""Told the stage, and how much of it is done."""


@dataclass(frozen=True, slots=True)
class Encoders:
    """What reads texts and looks at pictures."""

    text: Encoder[str]
    pictures: tuple[Encoder[Path], ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be told, from what.

    Attributes
    ----------
    train, test
        Files of products: those to learn from (for ``zero_shot``: whose labels exist), and those to judge.
    target
        The column to tell.
    text
        Columns with words; guessed where there are none.
    image, image_dir
        Column with names of picture files, and their folder (that of ``train`` where it is None).
    zero_shot
        Whether labels are told from their names alone.
    """

    train: Path
    test: Path
    target: str
    text: tuple[str, ...] = ()
    image: str | None = None
    image_dir: Path | None = None
    zero_shot: bool = False


def tag_files(
    asked: Question, encoders: Encoders, progress: Progress = lambda stage, done, total: None
) -> Tagging:
    """Learn, judge, and measure where the truth is known.

    Raises
    ------
    MissingFile, UnreadableSource, EmptySource
        A file cannot be read.
    MissingColumn
        A column is in neither file, or no column with words can be guessed.
    TooLittleData
        No row of ``train`` has a label.
    InvalidRequest
        The test file has nothing to go by.
    """
    train, test = read_rows(asked.train, Limits()), read_rows(asked.test, Limits())
    given = columns.labels(train.frame, find(train.frame, asked.target, asked.train))
    if not any(given):
        raise TooLittleData(
            f"No row of {asked.train} has a value in {asked.target!r}.", hint="Label some products first."
        )
    truth_column = lookup(test.frame, asked.target)
    truth = columns.labels(test.frame, truth_column) if truth_column else [None] * len(test.frame)
    notes = [*train.notes, *test.notes]
    texts = _texts(asked, train, test, notes)
    several = columns.tags(given) and columns.tags([*given, *truth])
    if asked.zero_shot:
        return _zero_shot(asked, given, truth, test, texts, encoders, notes, progress)
    views = _views(asked, train, test, texts, encoders, notes, progress)
    if several:
        known = [*several[: len(given)], *([] for _ in truth)]
        verdicts = learn_tags(views, known).after(len(given))
        return several_tags(verdicts, several[len(given) :], test.numbers, notes)
    _tell_labels(given, truth, notes)
    one = classify(
        views, [*given, *(None for _ in truth)], progress=lambda done, total: progress("learn", done, total)
    )
    notes += one.notes
    return single(one.after(len(given)), truth, test.numbers, notes)


def _texts(asked: Question, train: Rows, test: Rows, notes: list[str]) -> list[str]:
    """Words of all products, those of ``train`` first; a file of label names alone has none."""
    names = list(asked.text)
    if not names:
        taken = [lookup(test.frame, name) or "" for name in (asked.target, asked.image or "")]
        names = columns.guess_texts(test.frame, taken)
        notes += (
            [f"Guessed the columns with words: {', '.join(names)}; set others with --text."] if names else []
        )
    if not names and not asked.image:
        raise MissingColumn(
            f"{asked.test} has no column that reads like a title.", hint="Name one with --text, or --image."
        )
    wanted = [find(test.frame, name, asked.test) for name in names]
    if asked.zero_shot:
        return columns.texts(test.frame, wanted)
    known = [find(train.frame, name, asked.train) for name in names]
    return [*columns.texts(train.frame, known), *columns.texts(test.frame, wanted)]


def _views(
    asked: Question,
    train: Rows,
    test: Rows,
    texts: Sequence[str],
    encoders: Encoders,
    notes: list[str],
    progress: Progress,
) -> list[View]:
    """Everything that can be looked at, of both files."""
    views = []
    if any(texts):
        progress("read texts", 0, len(texts))
        views += text_views(texts, Remembered(encoders.text))
        progress("read texts", len(texts), len(texts))
    if asked.image:
        paths = _pictures(asked, train, test)
        seen, lost = picture_views(
            paths, encoders.pictures, lambda done, total: progress("look at pictures", done, total)
        )
        views += seen
        if lost:
            notes.append(f"{lost:,} of {len(paths):,} pictures are not there or cannot be read.")
    blind = len(texts) - int(
        np.logical_or.reduce([np.zeros(len(texts), bool), *(v.present for v in views)]).sum()
    )
    if blind == len(texts):
        raise InvalidRequest(
            "No product has words or a picture to go by.", hint="Check --text and --image-dir."
        )
    if blind:
        notes.append(
            f"{blind:,} products have neither words nor a picture: told by the shares of the labels."
        )
    return with_joint(views)


def _pictures(asked: Question, train: Rows, test: Rows) -> list[Path | None]:
    folder = asked.image_dir or asked.train.parent
    if not folder.is_dir():
        raise MissingFile(f"--image-dir {folder} is no folder.", hint="Check the path.")
    names = [
        name
        for rows, source in ((train, asked.train), (test, asked.test))
        for name in columns.labels(rows.frame, find(rows.frame, asked.image or "", source))
    ]
    return [None if name is None else folder / name for name in names]


def _zero_shot(
    asked: Question,
    given: Sequence[str | None],
    truth: Sequence[str | None],
    test: Rows,
    texts: Sequence[str],
    encoders: Encoders,
    notes: list[str],
    progress: Progress,
) -> Tagging:
    if not any(texts):
        raise InvalidRequest(
            "No product has words to compare with the labels.", hint="Name columns with --text."
        )
    if asked.image:
        notes.append("Pictures are not looked at: names of labels can only be compared with words.")
    names = sorted({label for label in given if label})
    verdicts = zero_shot(
        texts, names, encoders.text, progress=lambda done, total: progress("compare with labels", done, total)
    )
    _tell_labels(given, truth, notes)
    return single(verdicts, truth, test.numbers, notes)


def _tell_labels(given: Sequence[str | None], truth: Sequence[str | None], notes: list[str]) -> None:
    known = {label for label in given if label}
    unseen = sum(label is not None and label not in known for label in truth)
    if len(known) == 1:
        notes.append(f"There is one label only, {next(iter(known))!r}: nothing to tell apart.")
    if unseen:
        notes.append(f"{unseen:,} rows of the test have labels that no row to learn from has.")
