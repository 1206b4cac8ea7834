"""What each rule did to a list, for whoever asks."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol


class Step(Protocol):
    """What shapes lists: a rule, or a habit of all lists."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def action(self) -> str:
        """What it does."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What all lists do of themselves."""

    name: str
    action: str


BOUGHT: Final = Habit("bought lately", "exclude")
"""What people do not buy again is not shown for a while after it was bought."""
SHOWN: Final = Habit("shown and not taken up", "bury")
"""What was shown again and again sinks."""
VARIED: Final = Habit("varied", "reorder")
"""The person's own list is not of one kind."""


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What one rule did to one list.

    Attributes
    ----------
    rule, action
        Name of the rule, and what it does.
    row
        Name of the list.
    left
        Items that stand there no more.
    came
        Items that stand there for it.
    moved
        Items that stand in another place.
    """

    rule: str
    action: str
    row: str
    left: tuple[str, ...] = ()
    came: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()


Lists = Mapping[str, Sequence[str]]
"""Item ids of each list, by its name."""


def effects(steps: Sequence[Step], lists: Callable[[Sequence[Step]], Lists]) -> tuple[RuleEffect, ...]:
    """What each step did, taken up one after another: the effects add up to the whole difference.

    Parameters
    ----------
    steps
        In their order.
    lists
        The lists under some of the steps.
    """
    found: list[RuleEffect] = []
    before = lists(())
    for n, step in enumerate(steps, start=1):
        after = lists(steps[:n])
        for row in dict.fromkeys((*before, *after)):
            told = _difference(step, row, before.get(row, ()), after.get(row, ()))
            found += [told] if told.left or told.came or told.moved else []
        before = after
    return tuple(found)


class Shelf(Protocol):
    """A row of cards, as pages hold it."""

    @property
    def name(self) -> str:
        """Of the row."""

    @property
    def cards(self) -> "Sequence[_HasId]":
        """In order."""


class _HasId(Protocol):
    @property
    def item_id(self) -> str: ...


def ids_by_row(rows: Iterable[Shelf]) -> dict[str, tuple[str, ...]]:
    """Item ids of rows by name; the second of a name is called ``because 2``, and so on."""
    seen: Counter[str] = Counter()
    out = {}
    for row in rows:
        seen[row.name] += 1
        name = row.name if seen[row.name] == 1 else f"{row.name} {seen[row.name]}"
        out[name] = tuple(card.item_id for card in row.cards)
    return out


def _difference(step: Step, row: str, before: Sequence[str], after: Sequence[str]) -> RuleEffect:
    stayed = [item for item in before if item in set(after)]
    order = {item: place for place, item in enumerate(item for item in after if item in set(before))}
    return RuleEffect(
        step.name,
        str(step.action),
        row,
        tuple(item for item in before if item not in set(after)),
        tuple(item for item in after if item not in set(before)),
        tuple(item for place, item in enumerate(stayed) if order[item] != place),
    )
