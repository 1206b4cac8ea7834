"""Rules of the shop laid along an assortment: masks and factors, made once and looked up by every request.

A list that rules shape is the one a plain reading gives: of the items that no ``filter`` and no ``exclude``
leaves out, by score times the factors of every ``boost`` and ``bury``, passing over what exceeds a ``cap``,
with pinned items in their slots. What is left out is left out of retrieval, never of the answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from shopkeeper.core.rules import Action, Rule
from shopkeeper.core.types import Bools, Floats, Ints
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.favour import Factors
from shopkeeper.surfaces.selection import groups, selected

PINNED: Final = "rule"
"""Source of an item that stands in a list because a rule pins it."""
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Bar:
    """What one rule leaves out; ``items`` has shape ``(n,)``."""

    rule: str
    items: Bools


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``most`` items of one group in a list.

    Attributes
    ----------
    group
        Shape ``(n,)``: number of each item's group, -1 for none.
    groups
        How many there are.
    """

    rule: str
    most: int
    group: Ints
    groups: int


@dataclass(frozen=True, slots=True)
class Pin:
    """An item that stands in a slot, counted from 0."""

    rule: str
    slot: int
    item: int


@dataclass(frozen=True)
class Ruled:
    """Rules laid along an assortment.

    Attributes
    ----------
    rules
        Which ones.
    bars
        What filters and exclusions leave out.
    barred
        Shape ``(n,)``: all of it; None where nothing is left out.
    factors
        What scores are multiplied by; None where there is neither boost nor bury.
    caps, pins
        The others; pins by rising slot.
    conflicts
        Rules that contradict each other as the catalogue stands, in words that name both.
    warnings
        What else does not do what it says.
    """

    rules: tuple[Rule, ...] = ()
    bars: tuple[Bar, ...] = ()
    barred: Bools | None = None
    factors: Factors | None = None
    caps: tuple[Cap, ...] = ()
    pins: tuple[Pin, ...] = ()
    conflicts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def emptying(self, items: Sequence[int]) -> tuple[str, ...]:
        """Names of rules that leave out some of these items, or may count them as too many."""
        return tuple(bar.rule for bar in self.bars if bar.items[list(items)].any()) + tuple(
            cap.rule for cap in self.caps if (cap.group[list(items)] >= 0).any()
        )

    def pinned(self, among: Bools, k: int) -> dict[int, int]:
        """Item by slot of the pins that can be kept: within ``k`` slots, of items that may be answered.

        Parameters
        ----------
        among
            Shape ``(n,)``: what may be answered.
        """
        return {pin.slot: pin.item for pin in self.pins if pin.slot < k and among[pin.item]}


NO_RULES: Final = Ruled()
"""Nothing is ruled."""


def lay(rules: Sequence[Rule], stock: Assortment) -> Ruled:
    """Rules along an assortment; cheap to ask afterwards, but to be made only when either changes."""
    chosen = {rule.name: selected(rule, stock) for rule in rules if rule.action is not Action.pin}
    bars = tuple(
        Bar(rule.name, ~chosen[rule.name] if rule.action is Action.filter else chosen[rule.name])
        for rule in rules
        if rule.action in (Action.filter, Action.exclude)
    )
    caps = tuple(_cap(rule, chosen[rule.name], stock) for rule in rules if rule.action is Action.cap)
    pins = [rule for rule in rules if rule.action is Action.pin]
    known = [rule for rule in pins if rule.item_ids[0] in stock.codes]
    placed = [Pin(rule.name, (rule.slot or 1) - 1, stock.codes[rule.item_ids[0]]) for rule in known]
    conflicts = tuple(
        f"rules {pin.rule!r} and {bar.rule!r}: {pin.rule!r} pins item {stock.ids[pin.item]!r}, "
        f"which {bar.rule!r} leaves out"
        for pin in placed
        for bar in bars
        if bar.items[pin.item]
    )
    return Ruled(
        tuple(rules),
        bars,
        np.logical_or.reduce([bar.items for bar in bars]) if bars else None,
        _factors(rules, chosen, len(stock)),
        caps,
        tuple(sorted(placed, key=lambda pin: pin.slot)),
        conflicts,
        (*_idle(rules, chosen, stock), *_unsold(placed, stock), *_nothing_left(bars, stock)),
    )


def capped(ranked: Iterable[int], caps: Sequence[Cap], held: Sequence[int] = ()) -> list[int]:
    """A ranking without what exceeds a cap, the first of each group kept; ``held`` items count before."""
    if not caps:
        return list(ranked)
    counts: list[dict[int, int]] = [{} for _ in caps]
    kept: list[int] = []
    for place, code in enumerate((*held, *ranked)):
        groups = [int(cap.group[code]) for cap in caps]
        full = any(
            group >= 0 and count.get(group, 0) >= cap.most
            for cap, count, group in zip(caps, counts, groups, strict=True)
        )
        if place >= len(held):
            if full:
                continue
            kept.append(code)
        for count, group in zip(counts, groups, strict=True):
            count[group] = count.get(group, 0) + 1
    return kept


def full_groups(items: Sequence[int], caps: Sequence[Cap], n: int) -> Bools:
    """Items that a list with these items has no place for any more by its caps, shape ``(n,)``."""
    mask = np.zeros(n, bool)
    for cap in caps:
        counts = np.zeros(cap.groups + 1, np.int64)  # the last is of no group, and never full
        np.add.at(counts, cap.group[list(items)], 1)
        full = counts >= cap.most
        full[-1] = False
        if full.any():
            mask |= full[cap.group]
    return mask


def inserted(entries: Sequence[Entry], pinned: Mapping[int, Entry]) -> tuple[Entry, ...]:
    """Entries with pinned ones in their slots, or at the end where the list ends before."""
    out = list(entries)
    for slot in sorted(pinned):
        out.insert(slot, pinned[slot])
    return tuple(out)


def _cap(rule: Rule, chosen: Bools, stock: Assortment) -> Cap:
    group = groups(rule.per or "", stock)
    return Cap(rule.name, rule.most or 0, np.where(chosen, group, -1), int(group.max(initial=-1)) + 1)


def _factors(rules: Sequence[Rule], chosen: Mapping[str, Bools], n: int) -> Factors | None:
    scaling = [rule for rule in rules if rule.action in (Action.boost, Action.bury)]
    if not scaling:
        return None
    out: Floats = np.ones(n, np.float32)
    for rule in scaling:
        out[chosen[rule.name]] *= np.float32(rule.factor)
    return Factors.of(out)


def _idle(rules: Sequence[Rule], chosen: Mapping[str, Bools], stock: Assortment) -> list[str]:
    """Rules that select nothing: mostly a name with a slip of the pen."""
    empty = [rule for rule in rules if rule.name in chosen and not chosen[rule.name].any()]
    unknown = [rule for rule in rules if rule.action is Action.pin and rule.item_ids[0] not in stock.codes]
    return [f"rule {rule.name!r} selects no item of the catalogue" for rule in (*empty, *unknown)]


def _unsold(placed: Sequence[Pin], stock: Assortment) -> list[str]:
    return [
        f"rule {pin.rule!r} pins item {stock.ids[pin.item]!r}, which cannot be shown: it is out of stock, "
        "has no title, or is shown to nobody unasked"
        for pin in placed
        if not stock.offered[pin.item]
    ]


def _nothing_left(bars: Sequence[Bar], stock: Assortment) -> list[str]:
    """The rule after which nothing is left to show, with those before it that leave something out."""
    left = stock.offered.copy()
    for n, bar in enumerate(bars):
        if left.any() and not (left & ~bar.items).any():
            names = ", ".join(repr(one.rule) for one in bars[: n + 1])
            return [f"rules {names} leave nothing to show" if n else f"rule {names} leaves nothing to show"]
        left &= ~bar.items
    return []
