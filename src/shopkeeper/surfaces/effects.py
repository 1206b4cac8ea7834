"""What each rule did to a list, for whoever asks."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shopkeeper.core.rules import Rule


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


def effects(rules: Sequence[Rule], lists: Callable[[Sequence[Rule]], Lists]) -> tuple[RuleEffect, ...]:
    """What each rule did, the rules taken up one after another: the effects add up to the whole difference.

    Parameters
    ----------
    rules
        In their order.
    lists
        The lists under some of the rules.
    """
    found: list[RuleEffect] = []
    before = lists(())
    for n, rule in enumerate(rules, start=1):
        after = lists(rules[:n])
        for row in dict.fromkeys((*before, *after)):
            told = _difference(rule, row, before.get(row, ()), after.get(row, ()))
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


def _difference(rule: Rule, row: str, before: Sequence[str], after: Sequence[str]) -> RuleEffect:
    stayed = [item for item in before if item in set(after)]
    order = {item: place for place, item in enumerate(item for item in after if item in set(before))}
    return RuleEffect(
        rule.name,
        rule.action.value,
        row,
        tuple(item for item in before if item not in set(after)),
        tuple(item for item in after if item not in set(before)),
        tuple(item for place, item in enumerate(stayed) if order[item] != place),
    )
