"""Texts of campaigns and reasons in words, each with a default that needs no model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Generic

from shopkeeper.encoders.language import Answer, Language, Progress, Task
from shopkeeper.encoders.schemas import CampaignText, ReasonText

_NAMED: Final = 3
"""Items a campaign's text names."""


@dataclass(frozen=True, slots=True)
class Worded(Generic[Answer]):
    """A value, and who said it.

    Attributes
    ----------
    value
        What is said.
    source
        Id of the model, or name of the default.
    """

    value: Answer
    source: str


@dataclass(frozen=True, slots=True)
class Wordings(Generic[Answer]):
    """Values in the order of what was asked.

    Attributes
    ----------
    values
        One a task.
    given_up
        Reason to number of distinct tasks that a model was asked in vain.
    """

    values: tuple[Worded[Answer], ...]
    given_up: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Brief:
    """What a campaign is about.

    Attributes
    ----------
    occasion
        Title of the campaign as the shop has it.
    items
        Titles, the most important first.
    offer
        What customers get, such as ``20% off tea``; may be empty.
    until
        Last day in words; may be empty.
    """

    occasion: str
    items: tuple[str, ...] = ()
    offer: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """Why an item is recommended, as the shop words it itself.

    Attributes
    ----------
    item
        Title.
    reason
        The wording of `surfaces.reasons`.
    """

    item: str
    reason: str


def worded(
    model: Language | None,
    tasks: Iterable[Task[Answer]],
    defaults: Sequence[Answer],
    source: str,
    progress: Progress,
) -> Wordings[Answer]:
    """What the model says, and the default where there is no model or no valid answer.

    Parameters
    ----------
    model
        None for the defaults alone.
    tasks
        What to ask; not read where there is no model.
    defaults
        One a task.
    source
        Name of the default.
    progress
        Told how many tasks of how many are done.
    """
    if model is None:
        progress(len(defaults), len(defaults))
        return Wordings(tuple(Worded(default, source) for default in defaults), {})
    answers = model.answer(list(tasks), progress)
    values = (
        Worded(default, source) if answer is None else Worded(answer, model.id)
        for answer, default in zip(answers.values, defaults, strict=True)
    )
    return Wordings(tuple(values), answers.given_up)


def campaign_texts(
    model: Language | None, briefs: Sequence[Brief], language: str, progress: Progress
) -> Wordings[CampaignText]:
    """Title, text and tone of each campaign; without a model from a template."""
    tasks = [Task("campaign", language, asdict(brief), CampaignText) for brief in briefs]
    return worded(model, tasks, [_from_template(brief, language) for brief in briefs], "template", progress)


def reasons(
    model: Language | None, known: Sequence[Known], language: str, progress: Progress
) -> Wordings[ReasonText]:
    """A sentence for each recommended item; without a model the shop's own wording."""
    tasks = [Task("reason", language, asdict(one), ReasonText) for one in known]
    defaults = [ReasonText.model_construct(reason=one.reason) for one in known]
    return worded(model, tasks, defaults, "evidence", progress)


_TEMPLATES: Final = {
    "en": ("{offer}: {items}.", "{items}.", ", ", " Until {until}."),
    "zh": ("{offer}：{items}。", "{items}。", "、", "截至{until}。"),
}
"""With an offer, without one, what stands between items, and the end of a campaign."""


def _from_template(brief: Brief, language: str) -> CampaignText:
    with_offer, without, between, end = _TEMPLATES[language]
    items = between.join(brief.items[:_NAMED])
    said = with_offer if brief.offer and items else without
    text = said.format(offer=brief.offer, items=items or brief.offer or brief.occasion)
    if brief.until:
        text += end.format(until=brief.until)
    return CampaignText.model_construct(title=_cut(brief.occasion, 60), text=_cut(text, 240), tone="plain")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
