"""Categories within categories: the parent is settled first, and the child is one of its children."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from shopkeeper.catalog.classifier import Verdicts
from shopkeeper.core.types import Bools, Floats

Judge = Callable[[Sequence[str | None]], Verdicts]
"""Judges every product from the labels given to some."""
Column = Sequence[str | None]

_USUAL: Final = 0.5
"""A child is told where at least this share of its siblings' parents have one."""


def fill_levels(levels: Sequence[Column], judge: Judge) -> list[Verdicts | None]:
    """Judge the levels of a hierarchy, broadest first.

    What was given counts as certain. A parent that is not given must have the given child among its children;
    a child that is not given is one of the children its parent has elsewhere, and its probability is that of
    the parent times its own share among them.

    Parameters
    ----------
    levels
        A column for each level: the given labels of ``n`` products, None where there is none.
    judge
        Judges one level.

    Returns
    -------
    list of Verdicts or None
        For each level; None where nobody has a label. A row of zeros has no label: it stands below a parent
        whose products mostly have none, or that is not known.
    """
    verdicts: list[Verdicts | None] = []
    for place, given in enumerate(levels):
        if not any(given):
            verdicts.append(None)
            continue
        verdict = judge(given)
        told = verdict.probabilities.copy()
        if place + 1 < len(levels):
            told = _parents(told, verdict.labels, given, levels[place + 1])
        if place and (above := verdicts[place - 1]) is not None:
            told = _children(told, verdict.labels, given, levels[place - 1], above)
        verdicts.append(Verdicts(verdict.labels, _settled(told, verdict.labels, given), verdict.notes))
    return verdicts


def _settled(told: Floats, labels: Sequence[str], given: Column) -> Floats:
    """What was given is certain."""
    code = {label: place for place, label in enumerate(labels)}
    for row, label in enumerate(given):
        if label in code:
            told[row] = 0.0
            told[row, code[label]] = 1.0
    return told


def _pairs(above: Column, below: Column) -> dict[str, set[str]]:
    """Children of each parent."""
    out: dict[str, set[str]] = {}
    for parent, child in zip(above, below, strict=True):
        if parent and child:
            out.setdefault(parent, set()).add(child)
    return out


def _parents(told: Floats, labels: Sequence[str], given: Column, below: Column) -> Floats:
    """Only those that have the given child, where one is given and known."""
    parents = _pairs(below, given)
    for row, child in enumerate(below):
        if child in parents and not given[row]:
            told[row] = _shares(told[row], np.array([label in parents[child] for label in labels]))
    return told


def _children(told: Floats, labels: Sequence[str], given: Column, over: Column, above: Verdicts) -> Floats:
    """Only children of the settled parent, whose probability they share."""
    children = _pairs(over, given)
    usual = _usual(over, given)
    chance = above.confidence
    for row, parent in enumerate(above.best):
        allowed = children.get(parent, set()) if parent in usual and chance[row] > 0 else set()
        mask = np.array([label in allowed for label in labels])
        told[row] = _shares(told[row], mask) * chance[row]
    return told


def _usual(over: Column, given: Column) -> set[str]:
    """Parents of which enough products have a child."""
    has: dict[str, list[bool]] = {}
    for parent, child in zip(over, given, strict=True):
        if parent:
            has.setdefault(parent, []).append(bool(child))
    return {parent for parent, some in has.items() if np.mean(some) >= _USUAL}


def _shares(row: Floats, mask: Bools) -> Floats:
    """The row where the mask is true, summing to 1; zeros where it is nowhere true."""
    kept = np.where(mask, row, np.float32(0.0))
    total = kept.sum()
    return np.asarray(kept / total if total > 0 else mask / max(mask.sum(), 1), np.float32)
