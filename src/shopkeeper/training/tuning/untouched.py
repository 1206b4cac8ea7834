"""How far items that nobody has touched are let into lists: as far as reading the catalogue has paid for it.

Weights that serve the figure of a whole list let hardly any of them in: each takes the place of an item that
is surer to be taken, and what it would bring once behaviour speaks for it is in no figure. What content gains
on items that people know may be spent on those: half of it, so that it is safe on data that decide nothing
here.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from shopkeeper.core.types import Bools, Ragged
from shopkeeper.data.split import Cases
from shopkeeper.metrics.ranking import hits, recall
from shopkeeper.recommenders.blend import BlendConfig
from shopkeeper.recommenders.select import top_k
from shopkeeper.training.tuning.fusion import Answers, learn_weights

_FACTORS: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
"""By how much weights of untouched items are raised."""
_BATCHES: Final = 6
"""Batches of answers that are looked at: some three thousand cases."""
_SPENT: Final = 0.5
"""Share of what content gains that may be spent."""


def let_in(
    answers: Answers,
    about_news: Answers | None,
    config: BlendConfig,
    touched: Bools,
    content: str,
    k: int = 10,
) -> BlendConfig:
    """The same weights, those of untouched items raised as far as the rule of the module allows.

    Parameters
    ----------
    answers, about_news
        What weights were learned from; see `fusion.learn_weights`.
    config
        The weights.
    touched
        Shape ``(n_items,)``: items somebody had touched when the sources were fitted.
    content
        Name of the source that reads the catalogue; without it there is nothing to spend.
    k
        Length of the list that counts.
    """
    if not any(config.untouched.values()) or content not in answers.names or touched.all():
        return config
    answers = first(answers)
    news = without(first(about_news), content) if about_news else None
    behaviour = without(answers, content)
    floor = recall_of(behaviour, learn_weights(behaviour, news, k), touched, k)
    gain = recall_of(answers, replace(config, untouched={}), touched, k) - floor
    found = config
    for factor in _FACTORS:
        raised = {name: round(factor * weight, 4) for name, weight in config.untouched.items()}
        tried = replace(config, untouched=raised)
        if recall_of(answers, tried, touched, k) < floor + _SPENT * gain:
            break
        found = tried
    return found


def first(answers: Answers) -> Answers:
    """The first of the answers: enough to tell a gain by, and to learn weights of behaviour alone from."""
    batches = answers.batches[:_BATCHES]
    n = sum(len(batch.candidates) for batch in batches)
    return Answers(answers.cases.take(np.arange(n)), batches)


def without(answers: Answers, name: str) -> Answers:
    """The same answers as if one source had not been asked."""
    kept = [place for place, source in enumerate(answers.names) if source != name]
    names = tuple(answers.names[place] for place in kept)
    batches = (replace(batch, names=names, values=batch.values[kept]) for batch in answers.batches)
    return replace(answers, batches=tuple(batches))


def recall_of(answers: Answers, config: BlendConfig, counted: Bools, k: int) -> float:
    """Mean Recall@k of the linear blend, on truth that counts; cases without any are left out."""
    found, start = [np.empty(0)], 0
    for batch in answers.batches:
        rows = np.arange(start, start + len(batch.candidates))
        cases = _counted(answers.cases.take(rows), counted)
        scores = batch.parts(config).sum(axis=0)
        lists = top_k(batch.candidates, scores, cases.requests, k, "").lists
        asked = np.flatnonzero(cases.truth.lengths > 0)
        found.append(recall(hits(lists.take(asked), cases.truth.take(asked), k)))
        start += len(rows)
    every = np.concatenate(found)
    return float(every.mean()) if len(every) else 0.0


def _counted(cases: Cases, counted: Bools) -> Cases:
    inside = counted[cases.truth.items]
    offsets = np.append(0, np.cumsum(inside))[cases.truth.offsets].astype(np.int64)
    return replace(cases, truth=Ragged(offsets, cases.truth.items[inside]))
